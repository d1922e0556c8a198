/* image/diff: what is told of two images, and in which order. */

#include "compile/image/image_writer.h"
#include "image/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAMES 500U

/* Names first to first + NAMES - 1, the line of each its number, in two files by turns. */
static struct cf_image *numbered_image(unsigned first, void **data_out)
{
	struct cf_image_builder *builder;
	struct cf_image *image = NULL;
	size_t len;

	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned i = first; i < first + NAMES; i++) {
		struct cf_image_attr attr = {.category = CF_CATEGORY_UPDATES,
		    .list = "numbers",
		    .file = i % 2 == 0 ? "even.tsv" : "odd.tsv"};
		struct cf_name name;
		char text[32];

		snprintf(text, sizeof text, "n%u.example", i);
		assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
		assert_int_equal(
		    cf_image_builder_add_name(builder, &name, CF_SCOPE_SUBTREE, &attr, i), CF_OK);
	}
	assert_int_equal(cf_image_builder_to_memory(builder, data_out, &len, NULL), CF_OK);
	cf_image_builder_free(builder);
	assert_int_equal(cf_image_from_memory(*data_out, len, &image, NULL), CF_OK);
	return image;
}

struct told {
	unsigned added, removed;
	struct cf_entry last;
	bool last_added;
};

static void tell(void *context, const struct cf_image *image, uint32_t id, bool added)
{
	struct told *told = context;
	struct cf_entry entry;

	cf_image_entry(image, id, &entry);
	if (told->added + told->removed > 0 && told->last_added == added) {
		int order = strcmp(told->last.file, entry.file);

		assert_true(order < 0 || (order == 0 && told->last.line < entry.line));
	}
	told->added += added;
	told->removed += !added;
	told->last = entry;
	told->last_added = added;
}

static void differences_come_as_they_are_written(void **state)
{
	void *old_data, *new_data;
	struct cf_image *old_image = numbered_image(1, &old_data);
	struct cf_image *new_image = numbered_image(101, &new_data);
	struct told told = {.added = 0};
	struct cf_image_diff diff;

	(void)state;
	assert_int_equal(cf_image_diff(old_image, new_image, tell, &told, &diff), CF_OK);
	assert_int_equal(told.added, 100);
	assert_int_equal(told.removed, 100);
	assert_int_equal(diff.categories[CF_CATEGORY_UPDATES].added, 100);
	assert_int_equal(diff.categories[CF_CATEGORY_UPDATES].removed, 100);
	assert_int_equal(diff.categories[CF_CATEGORY_UPDATES].old_count, NAMES);
	assert_int_equal(diff.categories[CF_CATEGORY_UPDATES].new_count, NAMES);
	cf_image_close(old_image);
	cf_image_close(new_image);
	free(old_data);
	free(new_data);
}

static void everything_is_new_beside_no_image(void **state)
{
	void *data;
	struct cf_image *image = numbered_image(7, &data);
	struct told told = {.added = 0};
	struct cf_image_diff diff;

	(void)state;
	assert_int_equal(cf_image_diff(NULL, image, tell, &told, &diff), CF_OK);
	assert_int_equal(told.added, NAMES);
	assert_int_equal(told.removed, 0);
	assert_int_equal(diff.categories[CF_CATEGORY_UPDATES].old_count, 0);
	cf_image_close(image);
	free(data);
}

static void every_entry_is_visited_once(void **state)
{
	void *data;
	struct cf_image *image = numbered_image(1, &data);
	bool seen[NAMES + 1] = {false};
	unsigned count = 0;

	(void)state;
	for (uint32_t i = cf_image_first_entry(image); i != CF_NONE;
	     i = cf_image_next_entry(image, i), count++) {
		struct cf_entry entry;

		cf_image_entry(image, i, &entry);
		assert_in_range(entry.line, 1, NAMES);
		assert_false(seen[entry.line]);
		seen[entry.line] = true;
	}
	assert_int_equal(count, NAMES);
	cf_image_close(image);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(differences_come_as_they_are_written),
	    cmocka_unit_test(everything_is_new_beside_no_image),
	    cmocka_unit_test(every_entry_is_visited_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
