/* What strangers write cannot do harm on a terminal, in a spreadsheet or in a page. */

#include "report/render/safe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *safe(const char *text)
{
	static char out[400];

	cf_safe_text(text, strlen(text), out, sizeof out);
	return out;
}

static void plain_text_and_letters_of_all_scripts_stay(void **state)
{
	(void)state;
	assert_string_equal(safe("pc-7.example.net"), "pc-7.example.net");
	assert_string_equal(safe("B\xc3\xbcro \xe6\xbc\xa2 \xf0\x9f\x96\xa5"),
	    "B\xc3\xbcro \xe6\xbc\xa2 \xf0\x9f\x96\xa5");
}

static void terminal_sequences_become_visible(void **state)
{
	(void)state;
	assert_string_equal(safe("\033]0;owned\007"), "\\x1b]0;owned\\x07");
	assert_string_equal(safe("a\r\nb\tc\x7f"), "a\\x0d\\x0ab\\x09c\\x7f");
	assert_string_equal(safe("\xc2\x9b"
	                         "31m"),
	    "\\xc2\\x9b"
	    "31m"); /* CSI in one character */
}

static void broken_and_overlong_utf8_becomes_visible(void **state)
{
	(void)state;
	assert_string_equal(safe("\xc0\xaf"), "\\xc0\\xaf");
	assert_string_equal(safe("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
	assert_string_equal(safe("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(safe("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	assert_string_equal(safe("x\xe6\xbc"), "x\\xe6\\xbc");
}

static void characters_that_turn_or_hide_text_become_visible(void **state)
{
	(void)state;
	assert_string_equal(safe("a\xe2\x80\xae"
	                         "b"),
	    "a\\xe2\\x80\\xaeb");
	assert_string_equal(safe("a\xe2\x80\x8b"
	                         "b"),
	    "a\\xe2\\x80\\x8bb");
	assert_string_equal(safe("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");
	assert_string_equal(safe("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");
}

static void every_byte_in_every_size_ends_terminated_and_printable(void **state)
{
	(void)state;
	char text[64], out[80];

	for (unsigned byte = 1; byte < 256; byte++)
		for (size_t size = 1; size < sizeof out; size++) {
			memset(text, (int)byte, sizeof text);
			memset(out, 'X', sizeof out);
			size_t len = cf_safe_text(text, sizeof text, out, size);

			assert_true(len < size);
			assert_int_equal(out[len], 0);
			for (size_t i = 0; i < len; i++)
				assert_true((uint8_t)out[i] >= 0x20 && (uint8_t)out[i] < 0x7f);
		}
}

static void formulas_are_known(void **state)
{
	(void)state;
	assert_true(cf_safe_is_formula("=1+1"));
	assert_true(cf_safe_is_formula("+1"));
	assert_true(cf_safe_is_formula("-1"));
	assert_true(cf_safe_is_formula("@SUM(A1)"));
	assert_false(cf_safe_is_formula("pc-1"));
	assert_false(cf_safe_is_formula(""));
}

static void quotes_and_backslashes_cannot_end_a_string(void **state)
{
	char out[64];
	FILE *to = fmemopen(out, sizeof out, "w");

	(void)state;
	assert_non_null(to);
	cf_safe_quote(to, "pc\"\\\n7");
	assert_int_equal(fclose(to), 0);
	assert_string_equal(out, "\"pc\\\"\\\\\\\\x0a7\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_text_and_letters_of_all_scripts_stay),
	    cmocka_unit_test(terminal_sequences_become_visible),
	    cmocka_unit_test(broken_and_overlong_utf8_becomes_visible),
	    cmocka_unit_test(characters_that_turn_or_hide_text_become_visible),
	    cmocka_unit_test(every_byte_in_every_size_ends_terminated_and_printable),
	    cmocka_unit_test(formulas_are_known),
	    cmocka_unit_test(quotes_and_backslashes_cannot_end_a_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
