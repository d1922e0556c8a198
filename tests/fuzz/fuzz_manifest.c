/* A manifest of a stranger, over a folder with one file: what it says of others is missing, no
 * more. */

#include "in_folder.h"
#include "trust/manifest.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct told {
	unsigned changed, missing, unlisted;
};

static void fault(void *context, enum cf_manifest_fault kind, const char *path)
{
	struct told *told = context;

	must(cf_crate_name_ok(path));
	told->changed += kind == CF_MANIFEST_CHANGED;
	told->missing += kind == CF_MANIFEST_MISSING;
	told->unlisted += kind == CF_MANIFEST_UNLISTED;
	must(kind != CF_MANIFEST_CHANGED || strcmp(path, "a") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char folder[FOLDER_BYTES];
	struct told told = {0};
	struct cf_error error;
	char path[80];
	size_t files = 0;
	FILE *file;

	(void)make_folder(folder);
	(void)snprintf(path, sizeof path, "%s/a", folder);
	file = fopen(path, "we");
	must(file != NULL && fputs("a\n", file) >= 0 && fclose(file) == 0);
	if (cf_manifest_check(folder, (const char *)data, len, fault, &told, &files, &error) ==
	    CF_OK)
		must(files + told.changed + told.unlisted == 1);
	must(files <= 1);
	remove_folder(folder);
	return 0;
}
