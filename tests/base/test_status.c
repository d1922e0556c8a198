/* base/status: every code has words, and error texts are cut, never overrun. */

#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_status_has_words_of_its_own(void **state)
{
	(void)state;
	for (int a = CF_EINTERNAL; a <= CF_OK; a++) {
		assert_string_not_equal(cf_status_text((enum cf_status)a), "unknown status");
		for (int b = CF_EINTERNAL; b < a; b++)
			assert_string_not_equal(
			    cf_status_text((enum cf_status)a), cf_status_text((enum cf_status)b));
	}
	assert_string_equal(cf_status_text((enum cf_status)(CF_EINTERNAL - 1)), "unknown status");
	assert_string_equal(cf_status_text((enum cf_status)1), "unknown status");
}

static void an_error_keeps_its_place(void **state)
{
	struct cf_error error;

	(void)state;
	assert_int_equal(
	    cf_error_set_at(&error, CF_EINVALID, "names.tsv", 12, "bad %s", "scope"), CF_EINVALID);
	assert_int_equal(error.status, CF_EINVALID);
	assert_string_equal(error.file, "names.tsv");
	assert_int_equal(error.line, 12);
	assert_string_equal(error.text, "bad scope");
	/* Without a place the old one does not linger. */
	assert_int_equal(cf_error_set(&error, CF_EIO, "x"), CF_EIO);
	assert_string_equal(error.file, "");
	assert_int_equal(error.line, 0);
}

static void long_text_is_cut(void **state)
{
	struct cf_error error;
	char text[2 * CF_ERROR_TEXT_BYTES];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_int_equal(cf_error_set_at(&error, CF_EIO, text, 1, "%s", text), CF_EIO);
	assert_int_equal(strlen(error.text), CF_ERROR_TEXT_BYTES - 1);
	assert_int_equal(strlen(error.file), sizeof error.file - 1);
}

static void nobody_need_want_the_text(void **state)
{
	(void)state;
	assert_int_equal(cf_error_set(NULL, CF_EIO, "x"), CF_EIO);
	assert_int_equal(cf_error_set_at(NULL, CF_EIO, "file", 1, "x"), CF_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_status_has_words_of_its_own),
	    cmocka_unit_test(an_error_keeps_its_place),
	    cmocka_unit_test(long_text_is_cut),
	    cmocka_unit_test(nobody_need_want_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
