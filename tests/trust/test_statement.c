/* trust/statement.h: each word right, wrong, missing and twice; and each attack on freshness. */

#include "trust/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST "sha256=00000000000000000000000000000000000000000000000000000000000000ff"
#define GOOD \
	"curfew-pack 1 name=kaspersky serial=7 made=2026-11-29T12:00:00Z " \
	"until=2027-02-28T00:00:00Z " DIGEST

#define NOW INT64_C(1796083200) /* 2026-12-01T00:00:00Z */

static struct cf_statement good(void)
{
	struct cf_statement statement;
	struct cf_error error;

	assert_int_equal(cf_statement_parse(GOOD, &statement, &error), CF_OK);
	return statement;
}

static void a_statement_is_read_and_written(void **state)
{
	struct cf_statement statement = good();
	char text[CF_STATEMENT_TEXT_BYTES];
	struct cf_error error;

	(void)state;
	assert_int_equal(statement.kind, CF_STATEMENT_PACK);
	assert_string_equal(statement.name, "kaspersky");
	assert_int_equal(statement.serial, 7);
	assert_int_equal(statement.made_wall_s, 1795953600);
	assert_true(statement.from_wall_s == INT64_MIN);
	assert_int_equal(statement.sha256[CF_SHA256_BYTES - 1], 0xff);
	cf_statement_format(&statement, text);
	assert_string_equal(text, GOOD);
	assert_int_equal(
	    cf_statement_parse(GOOD " shrink=yes later=word", &statement, &error), CF_OK);
	assert_true(statement.shrink);
	assert_int_equal(
	    cf_statement_parse("curfew-image 1 name=stable serial=18446744073709551615 "
	                       "made=2026-11-29T12:00:00Z from=2026-12-24T00:00:00Z "
	                       "until=2027-02-28T00:00:00Z " DIGEST,
	        &statement, &error),
	    CF_OK);
	assert_int_equal(statement.kind, CF_STATEMENT_IMAGE);
	assert_true(statement.serial == UINT64_MAX);
}

static void a_bad_word_is_named(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
	    {"curfew-pack 1 serial=7 made=2026-11-29T12:00:00Z until=2027-02-28T00:00:00Z " DIGEST,
	        "name="},
	    {GOOD " serial=8", "serial= is there twice"},
	    {GOOD " word", "without '='"},
	    {GOOD " shrink=maybe", "shrink="},
	    {GOOD " from=tomorrow", "from="},
	    {"curfew-pack 1 name=../x serial=7", "name="},
	    {"curfew-pack 1 name=.x serial=7", "name="},
	    {"curfew-pack 1 name=x serial=0", "serial="},
	    {"curfew-pack 1 name=x serial=07", "serial="},
	    {"curfew-pack 1 name=x serial=-7", "serial="},
	    {"curfew-pack 1 name=x serial=18446744073709551616", "serial="},
	    {"curfew-pack 1 name=x serial=7 sha256=00", "sha256="},
	    {"curfew-pack 1 name=x serial=7 " DIGEST "0", "sha256="},
	    {"curfew-pack 1 name=x serial=7 made=2026-11-29T12:00:00Z "
	     "until=2026-11-29T12:00:00Z " DIGEST,
	        "until="},
	};
	struct cf_statement statement;
	struct cf_error error;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(
		    cf_statement_parse(bad[i].text, &statement, &error), CF_EMALFORMED);
		assert_non_null(strstr(error.text, bad[i].word));
	}
	assert_int_equal(
	    cf_statement_parse("curfew-pack 2 name=x", &statement, &error), CF_EVERSION);
	assert_int_equal(cf_statement_parse("any text", &statement, &error), CF_EVERSION);
	assert_int_equal(cf_statement_parse("", &statement, &error), CF_EVERSION);
}

static enum cf_fresh judge(const struct cf_statement *statement, uint64_t seen, int64_t now)
{
	struct cf_fresh_seen before = {.serial = seen};

	memcpy(before.sha256, statement->sha256, sizeof before.sha256);
	return cf_fresh_judge(statement, CF_STATEMENT_PACK, "kaspersky", &before, now);
}

static void attacks_on_freshness_are_told_apart(void **state)
{
	struct cf_statement statement = good();
	struct cf_fresh_seen seen = {.serial = 7};

	(void)state;
	assert_int_equal(judge(&statement, 0, NOW), CF_FRESH_NEW);
	assert_int_equal(judge(&statement, 6, NOW), CF_FRESH_NEW);
	assert_int_equal(judge(&statement, 7, NOW), CF_FRESH_SAME);
	assert_int_equal(judge(&statement, 8, NOW), CF_FRESH_OLD); /* rollback */
	assert_int_equal(judge(&statement, 6, statement.until_wall_s - 1), CF_FRESH_NEW);
	assert_int_equal(
	    judge(&statement, 6, statement.until_wall_s), CF_FRESH_EXPIRED); /* freeze */
	assert_int_equal(cf_fresh_judge(&statement, CF_STATEMENT_PACK, "other", &seen, NOW),
	    CF_FRESH_OTHER); /* mix and match */
	assert_int_equal(cf_fresh_judge(&statement, CF_STATEMENT_IMAGE, "kaspersky", &seen, NOW),
	    CF_FRESH_OTHER);
	assert_int_equal(cf_fresh_judge(&statement, CF_STATEMENT_PACK, "kaspersky", &seen, NOW),
	    CF_FRESH_FORKED); /* the digest seen is another */
	assert_int_equal(
	    judge(&statement, 6, statement.made_wall_s - CF_FRESH_CLOCK_S), CF_FRESH_NEW);
	assert_int_equal(
	    judge(&statement, 6, statement.made_wall_s - CF_FRESH_CLOCK_S - 1), CF_FRESH_FUTURE);
	assert_int_equal(judge(&statement, 6, -1), CF_FRESH_FUTURE);
	statement.from_wall_s = NOW + 1;
	assert_int_equal(judge(&statement, 6, NOW), CF_FRESH_EARLY);
	assert_int_equal(judge(&statement, 6, NOW + 1), CF_FRESH_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_statement_is_read_and_written),
	    cmocka_unit_test(a_bad_word_is_named),
	    cmocka_unit_test(attacks_on_freshness_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
