/* Each seal has one text, and only that text is one. */

#include "records/anchor/seal_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIGEST   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SIG_HALF "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SIG      SIG_HALF "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define AT       "2026-11-30T10:00:00.000001Z"
#define SIGNED   "curfew-seal-1 sensor=edge-01 source=resolver seq=7 at=" AT " sha256=" DIGEST
#define KEY      "0123456789ABCDEF"

static bool parse(const char *line, struct cf_seal_text *seal)
{
	return cf_seal_text_parse(line, strlen(line), seal, NULL);
}

static void what_is_read_is_written_again(void **state)
{
	static const char *const texts[] = {SIGNED, SIGNED " key=" KEY " sig=" SIG,
	    "curfew-seal-1 sensor=a%20b%2F%C3%BC source=monitor.2 seq=18446744073709551615 at=" AT
	    " sha256=" DIGEST};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct cf_seal_text seal;
		char text[CF_SEAL_TEXT_BYTES];

		assert_true(parse(texts[i], &seal));
		assert_int_equal(cf_seal_text_format(&seal, text), strlen(texts[i]));
		assert_string_equal(text, texts[i]);
	}
}

static void members_are_where_they_belong(void **state)
{
	struct cf_seal_text seal;
	char text[CF_SEAL_TEXT_BYTES];

	(void)state;
	assert_true(parse("<30>curfew-seal[7]: " SIGNED " key=" KEY " sig=" SIG " more", &seal));
	assert_string_equal(seal.sensor, "edge-01");
	assert_string_equal(seal.source, "resolver");
	assert_int_equal(seal.seq, 7);
	assert_int_equal(seal.at_wall_us, INT64_C(1796032800000001));
	assert_string_equal(seal.sha256, DIGEST);
	assert_string_equal(seal.key, KEY);
	assert_string_equal(seal.sig, SIG);
	(void)cf_seal_text_format_signed(&seal, text);
	assert_string_equal(text, SIGNED " key=" KEY);
}

static void the_longest_names_fit(void **state)
{
	struct cf_seal_text seal = {.seq = UINT64_MAX, .at = AT, .sha256 = DIGEST, .key = KEY},
	                    again;
	char text[CF_SEAL_TEXT_BYTES];

	(void)state;
	memset(seal.sensor, 0xff, sizeof seal.sensor - 1);
	memset(seal.source, '\n', sizeof seal.source - 1);
	memcpy(seal.sig, SIG, sizeof seal.sig);
	assert_true(cf_seal_text_format(&seal, text) < sizeof text);
	assert_true(parse(text, &again));
	assert_string_equal(again.sensor, seal.sensor);
	assert_string_equal(again.source, seal.source);
}

static void other_texts_are_none(void **state)
{
	static const char *const texts[] = {"", "curfew-seal-1", "curfew-seal-2 sensor=a",
	    "curfew-seal-1 sensor= source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 source=r sensor=a seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a%2 source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a%2f source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=%61 source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a%00 source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a/b source=r seq=1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a source=r seq=01 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a source=r seq=-1 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a source=r seq=18446744073709551616 at=" AT " sha256=" DIGEST,
	    "curfew-seal-1 sensor=a source=r seq=1 at=yesterday sha256=" DIGEST,
	    "curfew-seal-1 sensor=a source=r seq=1 at=" AT " sha256=00",
	    "curfew-seal-1  sensor=a source=r seq=1 at=" AT " sha256=" DIGEST, SIGNED " key=" KEY,
	    SIGNED " key=0123456789abcdef sig=" SIG, SIGNED " key=" KEY " sig=AA=="};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct cf_seal_text seal;

		if (parse(texts[i], &seal))
			fail_msg("taken: %s", texts[i]);
	}
}

static void a_text_that_is_cut_is_found_and_refused(void **state)
{
	const char *line = SIGNED " key=" KEY " sig=" SIG;
	struct cf_seal_text seal;

	(void)state;
	for (size_t len = 0; len < strlen(line); len++) {
		bool found, whole = len == strlen(SIGNED) || len == strlen(SIGNED) + 1;
		/* An unsigned seal's text is a whole one, also before a word that is cut. */
		bool behind = len > strlen(SIGNED) && len < strlen(SIGNED " key=");

		assert_int_equal(cf_seal_text_parse(line, len, &seal, &found), whole || behind);
		assert_int_equal(found, len >= strlen("curfew-seal-1 "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_read_is_written_again),
	    cmocka_unit_test(members_are_where_they_belong),
	    cmocka_unit_test(the_longest_names_fit),
	    cmocka_unit_test(other_texts_are_none),
	    cmocka_unit_test(a_text_that_is_cut_is_found_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
