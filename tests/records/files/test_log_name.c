/* Names that logrotate gives. */

#include "records/files/log_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void every_scheme_of_logrotate_is_known(void **state)
{
	static const struct {
		const char *base, *name;
		enum cf_log_name_kind kind;
		bool compressed;
		const char *digits;
	} cases[] = {
	    {"hits.jsonl", "hits.jsonl", CF_LOG_NAME_CURRENT, false, ""},
	    {"hits.jsonl", "hits.jsonl.gz", CF_LOG_NAME_CURRENT, true, ""},
	    {"hits.jsonl", "hits.jsonl.1", CF_LOG_NAME_NUMBERED, false, "1"},
	    {"hits.jsonl", "hits.jsonl.0", CF_LOG_NAME_NUMBERED, false, "0"},
	    {"hits.jsonl", "hits.jsonl.400.zst", CF_LOG_NAME_NUMBERED, true, "400"},
	    {"hits.jsonl", "hits.jsonl.17.xz", CF_LOG_NAME_NUMBERED, true, "17"},
	    {"hits.jsonl", "hits.17.jsonl", CF_LOG_NAME_NUMBERED, false, "17"},
	    {"hits.jsonl", "hits.17.jsonl.bz2", CF_LOG_NAME_NUMBERED, true, "17"},
	    {"hits.jsonl", "hits.jsonl.17.log", CF_LOG_NAME_NUMBERED, false, "17"},
	    {"hits.jsonl", "hits.17.jsonl.weird", CF_LOG_NAME_NUMBERED, false, "17"},
	    {"hits", "hits.5.gz", CF_LOG_NAME_NUMBERED, true, "5"},
	    {"a.b.jsonl", "a.b.3.jsonl", CF_LOG_NAME_NUMBERED, false, "3"},
	    {"a.b.jsonl", "a.3.b.jsonl", CF_LOG_NAME_NUMBERED, false, "3"},
	    {"hits.jsonl", "hits.jsonl-20240930", CF_LOG_NAME_DATED, false, "20240930"},
	    {"hits.jsonl", "hits.jsonl-20240930.lz4", CF_LOG_NAME_DATED, true, "20240930"},
	    {"hits.jsonl", "hits-20240930.jsonl.Z", CF_LOG_NAME_DATED, true, "20240930"},
	    {"hits.jsonl", "hits.jsonl-2024093004", CF_LOG_NAME_DATED, false, "2024093004"},
	    {"hits.jsonl", "hits.jsonl-202409300405", CF_LOG_NAME_DATED, false, "202409300405"},
	    {"hits.jsonl", "hits.jsonl.20240930040506", CF_LOG_NAME_DATED, false, "20240930040506"},
	    {"hits.jsonl", "hits.jsonl.20240930", CF_LOG_NAME_DATED, false, "20240930"},
	    {"hits.jsonl", "hits.jsonl20240930", CF_LOG_NAME_DATED, false, "20240930"},
	    {"hits.jsonl", "hits.jsonl_2024-09-30T04:05:06+0200.gz", CF_LOG_NAME_DATED, true,
	        "202409300405060200"},
	    {"hits.jsonl", "hits.jsonl-2024-W39", CF_LOG_NAME_DATED, false, "202439"},
	    {"hits.jsonl", "hits.jsonl-2024274", CF_LOG_NAME_DATED, false, "2024274"},
	    {"hits.jsonl", "hits.jsonl-30-09-2024", CF_LOG_NAME_DATED, false, "30092024"},
	    /* %s, in UTC */
	    {"hits.jsonl", "hits.jsonl-1727582400", CF_LOG_NAME_DATED, false, "20240929040000"},
	    {"hits.jsonl", "hits.jsonl-20240930.log", CF_LOG_NAME_DATED, false, "20240930"},
	    {"hits.jsonl", "hits-of-20240930.jsonl", CF_LOG_NAME_DATED, false, "20240930"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cf_log_name parsed;

		if (!cf_log_name_parse(cases[i].name, cases[i].base, &parsed))
			fail_msg("%s is not of %s", cases[i].name, cases[i].base);
		if (parsed.kind != cases[i].kind || parsed.compressed != cases[i].compressed ||
		    strcmp(parsed.digits, cases[i].digits) != 0)
			fail_msg("%s: kind %d, %s, '%s'", cases[i].name, (int)parsed.kind,
			    parsed.compressed ? "compressed" : "plain", parsed.digits);
	}
}

static void other_files_are_not_of_the_log(void **state)
{
	static const char *const names[][2] = {
	    {"hits.jsonl", "hits.jsonl.monitor.folds"},
	    {"hits.jsonl", "hits.jsonl.monitor.2.folds"},
	    {"hits.jsonl", "hits.jsonl.new"},
	    {"hits.jsonl", "hits.jsonl.1.new"},
	    {"hits.jsonl", "hits.jsonl~"},
	    {"hits.jsonl", "hits.jsonl.old"},
	    {"hits.jsonl", "hits.json"},
	    {"hits.jsonl", "hits2.jsonl"},
	    {"hits.jsonl", "other.jsonl"},
	    {"hits.jsonl", "other.jsonl-20240930"},
	    {"hits.jsonl", "status.json"},
	    {"hits.jsonl", "ledger.db"},
	    {"hits.jsonl", "hits.jsonl-"},
	    {"hits.jsonl", "hits.jsonl."},
	    {"hits.jsonl", "hits-guest.jsonl"},
	    {"hits.jsonl", "hits-guest2.jsonl"},
	    {"hits.jsonl", "hits.jsonl.a1b2c3"},
	    {"", ""},
	    {"", ".1"},
	};
	struct cf_log_name parsed;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (cf_log_name_parse(names[i][1], names[i][0], &parsed))
			fail_msg("'%s' is taken for '%s'", names[i][1], names[i][0]);
}

static void the_year_is_found_wherever_it_stands(void **state)
{
	static const struct {
		const char *name;
		bool year, last;
	} cases[] = {
	    {"h-20240930", true, false},
	    {"h-30092024", true, true},
	    {"h-09302024", true, true},
	    {"h-20092024", true, true}, /* 2009-20-24 is no date */
	    {"h-20111020", true, false},
	    {"h-30.09.2024", true, true},
	    {"h-20.11.2010", true, true},
	    {"h-2024-39", true, false},
	    {"h-0930", false, false},
	    {"h-240930", false, false},
	    {"h.39", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cf_log_name parsed;

		assert_true(cf_log_name_parse(cases[i].name, "h", &parsed));
		if (parsed.has_year != cases[i].year || parsed.year_last != cases[i].last)
			fail_msg("%s: year %d, last %d", cases[i].name, parsed.has_year,
			    parsed.year_last);
	}
}

static void a_log_that_is_called_like_a_compressed_one_is_itself(void **state)
{
	struct cf_log_name parsed;

	(void)state;
	assert_true(cf_log_name_parse("hits.gz", "hits.gz", &parsed));
	assert_int_equal(parsed.kind, CF_LOG_NAME_CURRENT);
	assert_false(parsed.compressed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_scheme_of_logrotate_is_known),
	    cmocka_unit_test(other_files_are_not_of_the_log),
	    cmocka_unit_test(the_year_is_found_wherever_it_stands),
	    cmocka_unit_test(a_log_that_is_called_like_a_compressed_one_is_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
