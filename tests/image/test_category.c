/* image/category: every word comes back, and nothing else is one. */

#include "image/category.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_COME_BACK(noun, count) \
	do { \
		enum cf_##noun value; \
		for (unsigned i = 0; i < (count); i++) { \
			const char *text = cf_##noun##_text((enum cf_##noun)i); \
			assert_string_not_equal(text, "?"); \
			assert_true(cf_##noun##_parse(text, strlen(text), &value)); \
			assert_int_equal(value, i); \
			assert_false(cf_##noun##_parse(text, strlen(text) - 1, &value)); \
		} \
		assert_string_equal(cf_##noun##_text((enum cf_##noun)(count)), "?"); \
		assert_false(cf_##noun##_parse("", 0, &value)); \
		assert_false(cf_##noun##_parse("?", 1, &value)); \
	} while (0)

static void every_word_comes_back(void **state)
{
	(void)state;
	WORDS_COME_BACK(category, CF_CATEGORIES);
	WORDS_COME_BACK(verdict, 3);
	WORDS_COME_BACK(answer, 5);
	WORDS_COME_BACK(scope, 3);
	WORDS_COME_BACK(confidence, 3);
	WORDS_COME_BACK(network_kind, 5);
}

static void unknown_words_leave_the_output_alone(void **state)
{
	enum cf_category category = CF_CATEGORY_PKI;

	(void)state;
	assert_false(cf_category_parse("Updates", 7, &category));
	assert_false(cf_category_parse("updatesx", 8, &category));
	assert_int_equal(category, CF_CATEGORY_PKI);
	assert_true(cf_category_parse("updatesx", 7, &category));
	assert_int_equal(category, CF_CATEGORY_UPDATES);
}

static void every_category_says_what_a_wrong_block_costs(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CF_CATEGORIES; i++) {
		assert_true(strlen(cf_category_cost((enum cf_category)i)) > 10);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(cf_category_cost((enum cf_category)i),
			    cf_category_cost((enum cf_category)j));
	}
	assert_string_equal(cf_category_cost(CF_CATEGORIES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_category_says_what_a_wrong_block_costs),
	    cmocka_unit_test(every_word_comes_back),
	    cmocka_unit_test(unknown_words_leave_the_output_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
