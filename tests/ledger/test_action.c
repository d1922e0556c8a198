/* What people say, and taking it back. */

#include "../scratch_template.h"
#include "ledger/action.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[64], path[96];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(scratch_template(dir, "action")) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/ledger.db", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return scratch_drop(dir) ? 0 : -1;
}

static enum cf_status say(const char *verb, const char *a, const char *b)
{
	struct cf_ledger_action action = {
	    .at_wall_s = 1767571200, .who = "test", .verb = verb, .args = {a, b}};
	struct cf_error error = {0};

	return cf_action_append(path, &action, &error);
}

static bool is_undone(size_t number)
{
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};

	assert_int_equal(cf_actions_open(path, &actions, &error), CF_OK);
	bool undone = cf_actions_is_undone(actions, number - 1);

	cf_actions_close(actions);
	return undone;
}

static size_t count(void)
{
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};

	assert_int_equal(cf_actions_open(path, &actions, &error), CF_OK);
	size_t n = cf_actions_count(actions);

	cf_actions_close(actions);
	return n;
}

static void what_is_not_there_cannot_be_taken_back(void **state)
{
	static const char *const nothing[] = {
	    "0", "1", "2", "-1", "x", "", "1x", " 1", "99999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
		assert_int_equal(say("undo", nothing[i], NULL), CF_ENOTFOUND);
	assert_int_equal(count(), 0);
	assert_int_equal(say("name", "mac:x", "one"), CF_OK);
	assert_int_equal(say("undo", "2", NULL), CF_ENOTFOUND);
	assert_int_equal(say("name", "mac:x", "two"), CF_OK);
	assert_false(is_undone(2));
	assert_int_equal(say("undo", "2", NULL), CF_OK);
	assert_true(is_undone(2));
	assert_int_equal(say("undo", "2", NULL), CF_ENOTFOUND);
	assert_int_equal(count(), 3);
}

static void an_undo_can_be_taken_back(void **state)
{
	(void)state;
	assert_int_equal(say("name", "mac:x", "one"), CF_OK);
	assert_int_equal(say("undo", "1", NULL), CF_OK);
	assert_true(is_undone(1));
	assert_int_equal(say("undo", "2", NULL), CF_OK);
	assert_false(is_undone(1));
	assert_true(is_undone(2));
	assert_int_equal(say("undo", "3", NULL), CF_OK);
	assert_true(is_undone(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        what_is_not_there_cannot_be_taken_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_undo_can_be_taken_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
