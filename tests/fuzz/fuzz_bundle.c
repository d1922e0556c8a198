/* A pack's bundle of a stranger: likewise, and one folder deep. */

#include "in_folder.h"
#include "trust/bundle.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum cf_status look(void *context, const char *path, struct cf_error *error)
{
	const char *slash = strchr(path, '/');

	(void)context;
	(void)error;
	must(slash == NULL || strchr(slash + 1, '/') == NULL);
	return CF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char folder[FOLDER_BYTES];
	struct cf_error error;

	(void)make_folder(folder);
	(void)!cf_bundle_unpack(data, len, folder, &error);
	must(cf_crate_walk(folder, look, NULL, &error) == CF_OK);
	remove_folder(folder);
	return 0;
}
