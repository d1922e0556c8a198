/* An evidence of a stranger: what is unpacked lies in the folder, is a regular file, and is
 * bounded. */

#include "in_folder.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum cf_status count_bytes(void *context, const char *path, struct cf_error *error)
{
	(void)error;
	must(cf_crate_name_ok(path));
	*(unsigned *)context += 1;
	return CF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("crate", MFD_CLOEXEC);
	char folder[FOLDER_BYTES];
	struct cf_error error;
	unsigned files = 0;
	enum cf_status status;

	(void)make_folder(folder);
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	status = cf_crate_unpack(fd, folder, 1 << 20, &error);
	(void)close(fd);
	/* Whatever was taken out before it failed is something that may lie there. */
	must(cf_crate_walk(folder, count_bytes, &files, &error) == CF_OK);
	must(status != CF_OK || files > 0);
	remove_folder(folder);
	return 0;
}
