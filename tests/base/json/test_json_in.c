/* Single members of a flat object, and nothing of what is broken. */

#include "base/json/json_in.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void members_are_found_behind_nested_ones(void **state)
{
	static const char json[] =
	    " { \"a\" : {\"b\": 1, \"t\": \"}\"}, \"list\":[\"x\",[2]],\n\"b\":7, \"yes\": true,"
	    "\"no\":false , \"t\":\"q\\\"\\u0041\\n\\u20ac\"}";
	char text[16];
	uint64_t number;
	bool value;

	(void)state;
	assert_true(cf_json_find_number(json, "b", &number));
	assert_int_equal(number, 7);
	assert_true(cf_json_find_bool(json, "yes", &value));
	assert_true(value);
	assert_true(cf_json_find_bool(json, "no", &value));
	assert_false(value);
	assert_true(cf_json_find_text(json, "t", text, sizeof text));
	assert_string_equal(text, "q\"A\n?");
}

static void text_is_cut_to_the_room_there_is(void **state)
{
	char text[4];

	(void)state;
	assert_true(cf_json_find_text("{\"k\":\"abcdef\"}", "k", text, sizeof text));
	assert_string_equal(text, "abc");
}

static void other_kinds_and_broken_objects_are_not_found(void **state)
{
	static const char *const broken[] = {"", "{", "[]", "{\"k\"", "{\"k\":", "{\"x\":1",
	    "{\"x\":[,\"k\":1", "{\"k\":\"open", "{\"k\":\"esc\\", "{k:1}", "{\"x\" 1,\"k\":1}",
	    "{\"k\":-1}", "{\"k\":12345678901234567890123}", "{\"k\":tru}"};
	char text[8];
	uint64_t number;
	bool value;

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		assert_false(cf_json_find_text(broken[i], "k", text, sizeof text));
		assert_false(cf_json_find_number(broken[i], "k", &number));
		assert_false(cf_json_find_bool(broken[i], "k", &value));
	}
	assert_false(cf_json_find_number("{\"k\":\"1\"}", "k", &number));
	assert_false(cf_json_find_text("{\"k\":1}", "k", text, sizeof text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_are_found_behind_nested_ones),
	    cmocka_unit_test(text_is_cut_to_the_room_there_is),
	    cmocka_unit_test(other_kinds_and_broken_objects_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
