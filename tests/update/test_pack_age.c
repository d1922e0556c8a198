/* How old packs are: by version, by statement, and when neither is there. */

#include "update/pack_age.h"

#include "base/limits.h"
#include "trust/minisign_secret.h"
#include "trust/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NOW INT64_C(1795219200) /* 2026-11-21 */
#define DAY INT64_C(86400)

static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[CF_PATH_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A fetched pack of this version, stated until then. */
static void fetch(const char *version, int64_t until_wall_s)
{
	char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES], comment[CF_STATEMENT_TEXT_BYTES], about[128];
	struct cf_statement statement = {.kind = CF_STATEMENT_PACK,
	    .name = "tiny",
	    .serial = 1,
	    .made_wall_s = NOW - 3 * DAY,
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = until_wall_s};
	struct cf_minisign_secret secret;
	struct cf_error error;

	assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
	cf_statement_format(&statement, comment);
	assert_int_equal(cf_minisign_sign(&secret, "x", 1, comment, text, &error), CF_OK);
	cf_minisign_secret_done(&secret);
	write_file(".packs/tiny.bundle.minisig", text);
	(void)snprintf(about, sizeof about, "vendor: tiny\nversion: \"%s\"\n", version);
	write_file("tiny/pack.yaml", about);
}

static int set_up(void **state)
{
	char path[CF_PATH_BYTES];

	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/curfew-age-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/.packs", folder);
	if (mkdir(path, 0755) != 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/tiny", folder);
	return mkdir(path, 0755);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static void what_was_never_fetched_is_as_old_as_its_version(void **state)
{
	struct cf_pack_age age;
	char text[160];

	(void)state;
	cf_pack_age_find(folder, "tiny", "2026111201", &age);
	assert_int_equal(age.as_of_wall_s, NOW - 9 * DAY);
	assert_int_equal(age.until_wall_s, 0);
	assert_string_equal(
	    cf_pack_age_format(&age, NOW, text, sizeof text), "9 days old, no expiry is known");
	assert_false(cf_pack_age_is_bad(&age, NOW));
	assert_true(cf_pack_age_is_bad(&age, NOW + CF_PACK_OLD_S));
}

static void a_statement_gives_the_end(void **state)
{
	struct cf_pack_age age;
	char text[160];

	(void)state;
	fetch("2026111201", NOW + 5 * DAY);
	cf_pack_age_find(folder, "tiny", "2026111201", &age);
	assert_int_equal(age.until_wall_s, NOW + 5 * DAY);
	assert_string_equal(cf_pack_age_format(&age, NOW, text, sizeof text),
	    "9 days old, valid until 2026-11-26T00:00:00Z");
	assert_false(cf_pack_age_is_bad(&age, NOW + 5 * DAY - 1));
	assert_true(cf_pack_age_is_bad(&age, NOW + 5 * DAY));
	assert_non_null(strstr(
	    cf_pack_age_format(&age, NOW + 5 * DAY, text, sizeof text), "enforced all the same"));
}

static void another_version_s_statement_says_nothing(void **state)
{
	struct cf_pack_age age;

	(void)state;
	fetch("2026112001", NOW + 5 * DAY);
	cf_pack_age_find(folder, "tiny", "2026111201", &age);
	assert_int_equal(age.until_wall_s, 0);
	assert_string_equal(age.newer, "2026112001");
}

static void a_version_of_another_kind_is_as_old_as_its_statement(void **state)
{
	struct cf_pack_age age;

	(void)state;
	fetch("v7", NOW + 5 * DAY);
	cf_pack_age_find(folder, "tiny", "v7", &age);
	assert_int_equal(age.as_of_wall_s, NOW - 3 * DAY);
	cf_pack_age_find(folder, "../tiny", "v7", &age);
	assert_int_equal(age.as_of_wall_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_never_fetched_is_as_old_as_its_version),
	    cmocka_unit_test(a_statement_gives_the_end),
	    cmocka_unit_test(another_version_s_statement_says_nothing),
	    cmocka_unit_test(a_version_of_another_kind_is_as_old_as_its_statement),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
