/* Record types as text and back. */

#include "names/rrtype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void mnemonics_are_read_in_any_case(void **state)
{
	uint16_t type = 0;

	(void)state;
	assert_true(cf_rrtype_parse("aaaa", &type));
	assert_int_equal(type, 28);
	assert_true(cf_rrtype_parse("HTTPS", &type));
	assert_int_equal(type, 65);
	assert_true(cf_rrtype_parse("type64", &type));
	assert_int_equal(type, 64);
}

static void unknown_words_are_refused_and_leave_the_output(void **state)
{
	uint16_t type = 7;

	(void)state;
	assert_false(cf_rrtype_parse("", &type));
	assert_false(cf_rrtype_parse("QUAD", &type));
	assert_false(cf_rrtype_parse("TYPE", &type));
	assert_false(cf_rrtype_parse("TYPE65536", &type));
	assert_false(cf_rrtype_parse("TYPE1x", &type));
	assert_false(cf_rrtype_parse("TYPE000001", &type));
	assert_int_equal(type, 7);
}

static void words_of_the_log_are_known(void **state)
{
	static const char *const words[] = {"NULL", "SIG", "KEY", "KX", "OPT", "DHCID", "HIP",
	    "EUI48", "EUI64", "TKEY", "TSIG", "IXFR", "NSEC3PARAM"};
	char text[CF_RRTYPE_TEXT_BYTES];
	uint16_t type = 0;

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		assert_true(cf_rrtype_parse(words[i], &type));
		assert_string_equal(cf_rrtype_format(type, text), words[i]);
	}
	assert_string_equal(cf_rrtype_format(65535, text), "TYPE65535");
}

static void every_type_survives_the_way_to_text_and_back(void **state)
{
	char text[CF_RRTYPE_TEXT_BYTES];
	uint16_t type;

	(void)state;
	for (uint32_t i = 0; i <= UINT16_MAX; i++) {
		assert_true(cf_rrtype_parse(cf_rrtype_format((uint16_t)i, text), &type));
		assert_int_equal(type, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mnemonics_are_read_in_any_case),
	    cmocka_unit_test(unknown_words_are_refused_and_leave_the_output),
	    cmocka_unit_test(words_of_the_log_are_known),
	    cmocka_unit_test(every_type_survives_the_way_to_text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
