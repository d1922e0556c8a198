/* compile/pack/pack_place.h: the first folder that has the pack. */

#include "compile/pack/pack_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PACKS CF_TEST_ROOT "/tests/compile/packs"
#define LISTS CF_TEST_ROOT "/lists"

static void the_first_that_has_it_counts(void **state)
{
	char path[CF_PATH_BYTES];

	(void)state;
	assert_true(cf_pack_place(PACKS, "tiny", path));
	assert_string_equal(path, PACKS "/tiny");
	assert_true(cf_pack_place("/nowhere:" LISTS ":" PACKS, "tiny", path));
	assert_string_equal(path, PACKS "/tiny");
	assert_true(cf_pack_place(LISTS ":" PACKS, "kaspersky", path));
	assert_string_equal(path, LISTS "/kaspersky");
}

static void where_none_is_the_last_is_named(void **state)
{
	static char longest[2 * CF_PATH_BYTES];
	char path[CF_PATH_BYTES];

	(void)state;
	assert_false(cf_pack_place(LISTS ":" PACKS, "nobody", path));
	assert_string_equal(path, PACKS "/nobody");
	assert_false(cf_pack_place("", "nobody", path));
	memset(longest, 'a', sizeof longest - 1);
	assert_false(cf_pack_place(longest, "nobody", path));
	assert_string_equal(path, "");
	assert_false(cf_pack_place(PACKS, longest, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_that_has_it_counts),
	    cmocka_unit_test(where_none_is_the_last_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
