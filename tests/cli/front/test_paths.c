/* Where things are when nobody says. */

#include "cli/front/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_program_in_its_build_folder_uses_the_checkout(void **state)
{
	struct cli_paths paths;

	(void)state;
	cli_paths_for(CF_TEST_BUILD "/plugin/cli/curfew", &paths);
	assert_true(paths.from_checkout);
	assert_string_equal(paths.lists, CF_TEST_BUILD "/lists:" CF_TEST_ROOT "/lists");
	assert_string_equal(paths.image, CF_TEST_BUILD "/curfew.img");
}

static void any_other_program_uses_the_installed_places(void **state)
{
	struct cli_paths paths;

	(void)state;
	cli_paths_for("/usr/bin/curfew", &paths);
	assert_false(paths.from_checkout);
	assert_null(strstr(paths.policy, CF_TEST_ROOT));
	assert_non_null(strstr(paths.policy, "curfew/curfew.yaml"));
	cli_paths_for(CF_TEST_BUILD "-other/plugin/cli/curfew", &paths);
	assert_false(paths.from_checkout);
	cli_paths_for("", &paths);
	assert_false(paths.from_checkout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_in_its_build_folder_uses_the_checkout),
	    cmocka_unit_test(any_other_program_uses_the_installed_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
