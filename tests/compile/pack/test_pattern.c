/* compile/pack/pattern.h */

#include "compile/pack/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct members {
	char text[64][80];
	unsigned count, stop_at;
};

static bool take(void *context, const struct cf_name *name)
{
	struct members *m = context;
	char text[CF_NAME_TEXT_BYTES];

	snprintf(m->text[m->count++ % 64], 80, "%s", cf_name_format(name, text));
	return m->count != m->stop_at;
}

static enum cf_status expand(const char *text, struct members *m)
{
	*m = (struct members){.count = 0};
	return cf_pattern_expand(text, strlen(text), take, m);
}

static void padded_range_keeps_its_width(void **state)
{
	struct members m;

	(void)state;
	assert_int_equal(expand("s[08-11].Upd.example", &m), CF_OK);
	assert_int_equal(m.count, 4);
	assert_string_equal(m.text[0], "s08.upd.example");
	assert_string_equal(m.text[1], "s09.upd.example");
	assert_string_equal(m.text[3], "s11.upd.example");
}

static void range_of_different_lengths_is_not_padded(void **state)
{
	struct members m;

	(void)state;
	assert_int_equal(expand("n[9-10].example", &m), CF_OK);
	assert_int_equal(m.count, 2);
	assert_string_equal(m.text[0], "n9.example");
	assert_string_equal(m.text[1], "n10.example");
}

static void two_ranges_give_their_product(void **state)
{
	struct members m;

	(void)state;
	assert_int_equal(expand("ksn1-[11-12]-part[1-2].example", &m), CF_OK);
	assert_int_equal(m.count, 4);
	assert_string_equal(m.text[0], "ksn1-11-part1.example");
	assert_string_equal(m.text[1], "ksn1-11-part2.example");
	assert_string_equal(m.text[3], "ksn1-12-part2.example");
}

static void plain_name_is_its_only_member(void **state)
{
	struct members m;

	(void)state;
	assert_int_equal(expand("plain.example.", &m), CF_OK);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.text[0], "plain.example");
}

static void bad_brackets_are_refused(void **state)
{
	static const char *const bad[] = {"a[.x", "a].x", "a[1].x", "a[1-].x", "a[-2].x",
	    "a[2-1].x", "a[1-2.x", "a[a-b].x", "a[1-2]]..x", "[0-1][0-1][0-1][0-1][0-1].x",
	    "a[100000-100001].x", "..[0-1]", ""};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(cf_pattern_check(bad[i], strlen(bad[i]), NULL), CF_EMALFORMED);
}

static void pattern_with_too_many_members_is_refused(void **state)
{
	const char *most = "a[0000-9999].x", *more = "a[0-99].b[0-100].x";
	uint32_t count = 0;

	(void)state;
	assert_int_equal(cf_pattern_check(most, strlen(most), &count), CF_OK);
	assert_int_equal(count, CF_PATTERN_NAMES);
	assert_int_equal(cf_pattern_check(more, strlen(more), &count), CF_ETOOBIG);
	assert_int_equal(count, CF_PATTERN_NAMES);
}

static void pattern_whose_last_member_is_too_long_calls_nothing(void **state)
{
	char text[80];
	struct members m;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + 62, "[9-10].x", 9); /* the label has 63 bytes for 9, 64 for 10 */
	assert_int_equal(expand(text, &m), CF_EMALFORMED);
	assert_int_equal(m.count, 0);
}

static void callback_can_end_the_walk(void **state)
{
	struct members m = {.stop_at = 2};
	const char *text = "a[0-9].x";

	(void)state;
	assert_int_equal(cf_pattern_expand(text, strlen(text), take, &m), CF_EAGAIN);
	assert_int_equal(m.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(padded_range_keeps_its_width),
	    cmocka_unit_test(range_of_different_lengths_is_not_padded),
	    cmocka_unit_test(two_ranges_give_their_product),
	    cmocka_unit_test(plain_name_is_its_only_member),
	    cmocka_unit_test(bad_brackets_are_refused),
	    cmocka_unit_test(pattern_with_too_many_members_is_refused),
	    cmocka_unit_test(pattern_whose_last_member_is_too_long_calls_nothing),
	    cmocka_unit_test(callback_can_end_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
