#include "update/pack_age.h"

#include "base/input_file.h"
#include "base/instant.h"
#include "trust/statement.h"
#include "update/pack_folder.h"

#include <stdio.h>
#include <string.h>

/* The version in FOLDER/VENDOR/pack.yaml; "" when there is none that can be read. */
static void read_version(
    const char *folder, const char *vendor, char version[CF_PACK_VERSION_BYTES])
{
	char path[CF_PATH_BYTES], line[512];
	FILE *file = NULL;

	version[0] = '\0';
	if (snprintf(path, sizeof path, "%s/%s/pack.yaml", folder, vendor) >= (int)sizeof path ||
	    cf_input_open_stream(path, &file, NULL) != CF_OK)
		return;
	while (version[0] == '\0' && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "version:", 8) == 0) {
			const char *value = line + 8 + strspn(line + 8, " \"'");

			(void)snprintf(version, CF_PACK_VERSION_BYTES, "%.*s",
			    (int)strcspn(value, " \"'\r\n"), value);
		}
	(void)fclose(file); /* only read */
}

void cf_pack_age_find(
    const char *folder, const char *vendor, const char *version, struct cf_pack_age *age_out)
{
	struct cf_statement statement;
	struct cf_error error;
	char fetched[CF_PACK_VERSION_BYTES];

	*age_out = (struct cf_pack_age){.as_of_wall_s = cf_instant_of_serial(version)};
	if (!cf_statement_name_ok(vendor))
		return;
	read_version(folder, vendor, fetched);
	if (fetched[0] == '\0')
		return;
	if (strcmp(fetched, version) != 0) {
		memcpy(age_out->newer, fetched, sizeof fetched);
		return;
	}
	if (cf_update_statement(folder, vendor, &statement, &error) != CF_OK)
		return;
	age_out->until_wall_s = statement.until_wall_s;
	if (age_out->as_of_wall_s == 0)
		age_out->as_of_wall_s = statement.made_wall_s;
}

const char *cf_pack_age_format(
    const struct cf_pack_age *age, int64_t now_wall_s, char *text, size_t size)
{
	long long days = (long long)((now_wall_s - age->as_of_wall_s) / 86400);
	char until[CF_INSTANT_TEXT_BYTES], old[48] = "age not known";

	if (age->as_of_wall_s != 0)
		(void)snprintf(old, sizeof old, "%lld days old", days < 0 ? 0 : days);
	(void)cf_instant_format(age->until_wall_s, until);
	if (age->until_wall_s == 0)
		(void)snprintf(text, size, "%s, no expiry is known", old);
	else if (age->until_wall_s <= now_wall_s)
		(void)snprintf(text, size, "%s, expired at %s; enforced all the same", old, until);
	else
		(void)snprintf(text, size, "%s, valid until %s", old, until);
	return text;
}

bool cf_pack_age_is_bad(const struct cf_pack_age *age, int64_t now_wall_s)
{
	if (age->until_wall_s != 0)
		return age->until_wall_s <= now_wall_s;
	return age->as_of_wall_s != 0 && now_wall_s - age->as_of_wall_s > CF_PACK_OLD_S;
}
