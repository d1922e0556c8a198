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

/* A file as curfew 0.2 wrote it: no word of whose process it was. */
static const char old_file[] = "1\t2026-01-05T00:00:00Z\ttest\tname\ta\tb\t\t\t"
                               "%s\n";

static void who_made_it_is_bound_to_it(void **state)
{
	struct cf_ledger_action action = {.at_wall_s = 1767571200,
	    .who = "alice",
	    .verb = "name",
	    .args = {"a", "b"},
	    .by = "uid=0/root login=1000/al\tice"};
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};
	char file[128], text[512];
	size_t len;

	(void)state;
	assert_int_equal(cf_action_append(path, &action, &error), CF_OK);
	assert_int_equal(cf_actions_open(path, &actions, &error), CF_OK);
	assert_string_equal(cf_actions_get(actions, 0)->by, "uid=0/root login=1000/al\tice");
	assert_string_equal(cf_actions_get(actions, 0)->who, "alice");
	assert_string_equal(cf_actions_get(actions, 0)->sha256, action.sha256);
	assert_int_equal(strlen(action.sha256), 64);
	cf_actions_close(actions);
	snprintf(file, sizeof file, "%s.actions", path);
	FILE *to = fopen(file, "r+e");

	assert_non_null(to);
	len = fread(text, 1, sizeof text - 1, to);
	text[len] = '\0';
	*strstr(text, "1000") = '2';
	rewind(to);
	assert_int_equal(fwrite(text, 1, len, to), len);
	fclose(to);
	assert_int_equal(cf_actions_open(path, &actions, &error), CF_ECHECKSUM);
}

static void actions_of_before_are_read_and_gone_on_from(void **state)
{
	static const char line[] = "1\t2026-01-05T00:00:00Z\ttest\tname\ta\tb\t\t";
	uint8_t digest[CF_SHA256_BYTES];
	char file[128], sha256[CF_SHA256_TEXT_BYTES];
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};

	(void)state;
	assert_int_equal(cf_sha256(line, sizeof line - 1, digest), CF_OK);
	snprintf(file, sizeof file, "%s.actions", path);
	FILE *to = fopen(file, "we");

	assert_non_null(to);
	fprintf(to, old_file, cf_sha256_format(digest, sha256));
	fclose(to);
	assert_int_equal(cf_actions_open(path, &actions, &error), CF_OK);
	assert_int_equal(cf_actions_count(actions), 1);
	assert_string_equal(cf_actions_get(actions, 0)->by, "");
	assert_string_equal(cf_actions_get(actions, 0)->args[1], "b");
	cf_actions_close(actions);
	assert_int_equal(say("name", "c", "d"), CF_OK);
	assert_int_equal(count(), 2);
}

static void a_witness_tells_what_was_rewritten_or_cut_off(void **state)
{
	struct cf_actions *actions = NULL;
	struct cf_error error = {0};
	char first[CF_ACTION_WITNESS_BYTES], line[CF_ACTION_WITNESS_BYTES + 64];
	uint32_t seq = 0;

	(void)state;
	assert_int_equal(say("name", "a", "b"), CF_OK);
	assert_int_equal(say("name", "c", "d"), CF_OK);
	assert_int_equal(cf_actions_open(path, &actions, &error), CF_OK);
	cf_action_witness(cf_actions_get(actions, 0), first);
	snprintf(line, sizeof line, "Nov 30 host curfew-action[7]: %s by uid=0/root\n", first);
	assert_int_equal(cf_actions_compare(actions, line, &seq), CF_ACTION_HERE);
	assert_int_equal(seq, 1);
	line[strlen(line) - 20] ^= 1; /* a digit of the digest */
	assert_int_not_equal(cf_actions_compare(actions, line, &seq), CF_ACTION_HERE);
	snprintf(line, sizeof line, "curfew-action-1 seq=2 sha256=%s", strstr(first, "256=") + 4);
	assert_int_equal(cf_actions_compare(actions, line, &seq), CF_ACTION_OTHER);
	snprintf(line, sizeof line, "curfew-action-1 seq=3 sha256=%s", strstr(first, "256=") + 4);
	assert_int_equal(cf_actions_compare(actions, line, &seq), CF_ACTION_MISSING);
	assert_int_equal(cf_actions_compare(actions, "curfew-action-1 seq=0 sha256=00", &seq),
	    CF_ACTION_NOTHING);
	assert_int_equal(cf_actions_compare(actions, "nothing", &seq), CF_ACTION_NOTHING);
	cf_actions_close(actions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        what_is_not_there_cannot_be_taken_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_undo_can_be_taken_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_made_it_is_bound_to_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        actions_of_before_are_read_and_gone_on_from, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_witness_tells_what_was_rewritten_or_cut_off, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
