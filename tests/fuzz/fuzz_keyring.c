/* The file of serials: whatever lies there, no serial is made up and none is lost when one is
 * noted. */

#include "promise.h"
#include "trust/keyring.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_keyring keyring = {.count = 1};
	struct cf_fresh_seen seen = {.serial = 7}, untouched = seen;
	struct cf_error error;
	char path[64];
	int fd = memfd_create("serials", MFD_CLOEXEC);
	enum cf_status status;

	if (fd < 0 || len > 65536)
		return 0;
	must(write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	/* The key of the corpus: F1E074A9F9CF9DAB. */
	memcpy(keyring.keys[0].key.id, "\xab\x9d\xcf\xf9\xa9\x74\xe0\xf1", 8);
	keyring.keys[0].from_wall_s = INT64_MIN;
	keyring.keys[0].until_wall_s = INT64_MAX;
	status = cf_keyring_seen(&keyring, path, CF_STATEMENT_PACK, "kaspersky", 0, &seen, &error);
	if (status != CF_OK)
		must(memcmp(&seen, &untouched, sizeof seen) == 0);
	else if (memmem(data, len, "F1E074A9F9CF9DAB", 16) == NULL)
		must(seen.serial == 0);
	(void)close(fd);
	return 0;
}
