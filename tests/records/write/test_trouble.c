/* What cannot be written is said once, and counted. */

#include "records/write/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	unsigned lines;
	char last[512];
};

static void hear(void *arg, const char *text)
{
	struct heard *heard = arg;

	heard->lines++;
	(void)snprintf(heard->last, sizeof heard->last, "%s", text);
}

static void begin(struct cf_trouble *trouble, struct heard *heard, int64_t at_s)
{
	const struct cf_trouble_teller teller = {.say = hear, .arg = heard};

	cf_trouble_begin(
	    trouble, &teller, at_s * 1000000, "the file", "/x/y", "No space left", "going on");
}

static void end(struct cf_trouble *trouble, struct heard *heard)
{
	const struct cf_trouble_teller teller = {.say = hear, .arg = heard};

	cf_trouble_end(trouble, &teller, "the file", "/x/y");
}

static void beginning_and_end_are_said_once(void **state)
{
	struct cf_trouble trouble = {0};
	struct heard heard = {0};

	(void)state;
	end(&trouble, &heard);
	assert_int_equal(heard.lines, 0);
	for (unsigned i = 1; i <= 100; i++)
		begin(&trouble, &heard, i);
	assert_int_equal(heard.lines, 1);
	assert_string_equal(heard.last, "cannot write the file '/x/y': No space left; going on");
	end(&trouble, &heard);
	end(&trouble, &heard);
	assert_int_equal(heard.lines, 2);
	assert_string_equal(heard.last, "the file '/x/y' is written again, after 100 failures");
	assert_int_equal(trouble.times, 100);
}

static void one_that_comes_and_goes_is_said_once_a_minute(void **state)
{
	struct cf_trouble trouble = {0};
	struct heard heard = {0};

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		begin(&trouble, &heard, i);
		end(&trouble, &heard);
	}
	assert_int_equal(
	    heard.lines, 4); /* begun and over, in the first and in the second minute */
	assert_int_equal(trouble.times, 120);
}

static void nobody_need_listen(void **state)
{
	const struct cf_trouble_teller nobody = {.say = NULL};
	struct cf_trouble trouble = {0};

	(void)state;
	cf_trouble_begin(&trouble, &nobody, 0, "the file", "/x", "why", "so");
	cf_trouble_end(&trouble, &nobody, "the file", "/x");
	assert_int_equal(trouble.times, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(beginning_and_end_are_said_once),
	    cmocka_unit_test(one_that_comes_and_goes_is_said_once_a_minute),
	    cmocka_unit_test(nobody_need_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
