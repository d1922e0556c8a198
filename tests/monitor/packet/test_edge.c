/* Prefixes of the kernel's packet log: ours, and all others. */

#include "monitor/packet/edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct cf_edge parse(const char *text)
{
	return cf_edge_parse((const uint8_t *)text, strlen(text));
}

static void three_words_are_read_with_and_without_their_end(void **state)
{
	struct cf_edge edge = cf_edge_parse((const uint8_t *)"curfew stop network ", 21);

	(void)state;
	assert_int_equal(edge.verdict, CF_EDGE_STOP);
	assert_int_equal(edge.subject, CF_EDGE_NETWORK);
	edge = parse("curfew lead dns");
	assert_int_equal(edge.verdict, CF_EDGE_LEAD);
	assert_int_equal(edge.subject, CF_EDGE_DNS);
	assert_int_equal(parse("curfew flag fallback ").subject, CF_EDGE_FALLBACK);
	assert_int_equal(parse("curfew allow network ").verdict, CF_EDGE_ALLOW);
	assert_string_equal(cf_edge_subject_text(CF_EDGE_DOH), "doh");
}

static void prefixes_of_others_are_nobodys(void **state)
{
	static const char *const others[] = {"", " ", "curfew", "curfew ", "curfew stop",
	    "curfew stop ", "curfew  network ", "curfew stop networks ", "curfews stop network ",
	    "DROP curfew stop network ", "curfew none dns ", "stop network "};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_equal(parse(others[i]).verdict, CF_EDGE_NONE);
	assert_int_equal(cf_edge_parse(NULL, 0).verdict, CF_EDGE_NONE);
	assert_int_equal(cf_edge_parse((const uint8_t *)"curfew \0top network ", 21).verdict, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_words_are_read_with_and_without_their_end),
	    cmocka_unit_test(prefixes_of_others_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
