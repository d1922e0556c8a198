/* base/array: items stay where they were put while the array grows, and nothing is lost when it
 * cannot. */

#include "base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void items_survive_every_move(void **state)
{
	uint32_t *numbers = NULL;
	size_t room = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t *grown = cf_array_grow(numbers, i, 1, &room, sizeof *grown);

		assert_non_null(grown);
		assert_true(room > i);
		numbers = grown;
		numbers[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(numbers[i], i);
	free(numbers);
}

static void an_array_with_room_is_left_alone(void **state)
{
	char *text = NULL;
	size_t room = 0;

	(void)state;
	text = cf_array_grow(text, 0, 1, &room, 1);
	assert_non_null(text);
	size_t first = room;

	assert_ptr_equal(cf_array_grow(text, 0, first, &room, 1), text);
	assert_ptr_equal(cf_array_grow(text, first - 1, 1, &room, 1), text);
	assert_int_equal(room, first);
	free(text);
}

static void many_items_at_once_fit(void **state)
{
	char *text = NULL;
	size_t room = 0;

	(void)state;
	text = cf_array_grow(NULL, 0, 1000, &room, 1);
	assert_non_null(text);
	assert_true(room >= 1000);
	memset(text, 'a', 1000); /* the sanitizer would complain */
	char *grown = cf_array_grow(text, 1000, 5000, &room, 1);

	assert_non_null(grown);
	assert_true(room >= 6000);
	assert_int_equal(grown[999], 'a');
	free(grown);
}

/* Two bytes an item, so that the last doubling would run past the end of size_t. */
static void a_size_that_cannot_be_counted_is_refused(void **state)
{
	char items[4] = "ab";
	size_t room = SIZE_MAX / 2;

	(void)state;
	assert_null(cf_array_grow(items, room, 1, &room, 2));
	assert_int_equal(room, SIZE_MAX / 2);
	room = 2;
	assert_null(cf_array_grow(items, 1, SIZE_MAX - 1, &room, 2));
	assert_int_equal(room, 2);
	assert_string_equal(items, "ab");
}

static void an_added_item_is_zeroed_and_counted(void **state)
{
	struct cf_array array = {0};

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		uint64_t *item = cf_array_add(&array, sizeof *item);

		assert_non_null(item);
		assert_true(*item == 0);
		assert_int_equal(array.used, i + 1);
		*item = UINT64_MAX;
	}
	for (size_t i = 0; i < array.used; i++)
		assert_true(((const uint64_t *)array.items)[i] == UINT64_MAX);
	free(array.items);
}

static void an_item_larger_than_the_first_block_fits(void **state)
{
	struct cf_array array = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *item = cf_array_add(&array, 1000);

		assert_non_null(item);
		memset(item, (int)i + 1, 1000);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(((const char *)array.items)[i * 1000 + 999], i + 1);
	free(array.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_survive_every_move),
	    cmocka_unit_test(an_array_with_room_is_left_alone),
	    cmocka_unit_test(many_items_at_once_fit),
	    cmocka_unit_test(a_size_that_cannot_be_counted_is_refused),
	    cmocka_unit_test(an_added_item_is_zeroed_and_counted),
	    cmocka_unit_test(an_item_larger_than_the_first_block_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
