/* image/find_name in the large: enough names that homes are shared, and names that come many times.
 */

#include "compile/image/image_writer.h"
#include "image/format.h"
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAMES 60000U

static struct cf_name name_of(const char *text)
{
	struct cf_name name;

	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	return name;
}

static struct cf_name numbered(unsigned i, const char *top)
{
	char text[64];

	snprintf(text, sizeof text, "host-%x.n%u.%s", i * 2654435761U, i % 97, top);
	return name_of(text);
}

static void add(struct cf_image_builder *builder, const struct cf_name *name, enum cf_scope scope,
    const char *note, uint32_t line)
{
	struct cf_image_attr attr = {.category = CF_CATEGORY_UPDATES, .list = "big", .note = note};

	assert_int_equal(cf_image_builder_add_name(builder, name, scope, &attr, line), CF_OK);
}

/* Finishes the builder; free(*data_out) after closing. */
static struct cf_image *open_built(struct cf_image_builder *builder, void **data_out)
{
	struct cf_image *image = NULL;
	size_t len;

	assert_int_equal(cf_image_builder_to_memory(builder, data_out, &len, NULL), CF_OK);
	cf_image_builder_free(builder);
	assert_int_equal(cf_image_from_memory(*data_out, len, &image, NULL), CF_OK);
	return image;
}

/* A record of these names takes ten units at most. */
static uint32_t most_units_of_a_home(const void *data, const struct cf_image_header *header)
{
	const uint32_t *homes = (const uint32_t *)(const void *)((const uint8_t *)data +
	    header->sections[CF_SECTION_HOMES].at);
	uint32_t most = 0;

	for (uint32_t i = 0; i < header->home_count; i++)
		if (homes[i + 1] - homes[i] > most)
			most = homes[i + 1] - homes[i];
	return most;
}

static void every_listed_name_is_found_and_no_other(void **state)
{
	struct cf_image_builder *builder;
	struct cf_match matches[CF_MATCHES];
	struct cf_image_header header;
	struct cf_image *image;
	struct cf_entry entry;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned i = 0; i < NAMES; i++) {
		struct cf_name name = numbered(i, "example");

		add(builder, &name, CF_SCOPE_SUBTREE, NULL, i + 1);
	}
	image = open_built(builder, &data);
	memcpy(&header, data, sizeof header);
	assert_int_equal(header.entry_count, NAMES);
	/* Or this would not show that a home may have several names, and none. */
	assert_true(most_units_of_a_home(data, &header) > 40);
	for (unsigned i = 0; i < NAMES; i++) {
		struct cf_name name = numbered(i, "example"), clean = numbered(i, "exbmple");

		assert_int_equal(cf_image_find_name(image, &name, matches), 1);
		cf_image_entry(image, matches[0].entry, &entry);
		assert_int_equal(entry.line, i + 1);
		assert_int_equal(cf_image_find_name(image, &clean, matches), 0);
	}
	cf_image_close(image);
	free(data);
}

static void names_added_again_and_again_keep_all_their_entries(void **state)
{
	struct cf_image_builder *builder;
	struct cf_match matches[CF_MATCHES];
	struct cf_image *image;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned round = 0; round < 5; round++)
		for (unsigned i = 0; i < 1000; i++) {
			struct cf_name name = numbered(i, "example");

			if (i % 5 >= round)
				add(builder, &name,
				    round % 2 == 0 ? CF_SCOPE_SUBTREE : CF_SCOPE_EXACT,
				    round > 2 ? "late" : NULL, round + 1);
		}
	image = open_built(builder, &data);
	assert_int_equal(cf_image_info(image)->names, 3000);
	for (unsigned i = 0; i < 1000; i++) {
		struct cf_name name = numbered(i, "example");
		unsigned count = cf_image_find_name(image, &name, matches), lines = 0, scope = 0;

		assert_int_equal(count, i % 5 + 1);
		for (unsigned k = 0; k < count; k++) {
			struct cf_entry entry;

			cf_image_entry(image, matches[k].entry, &entry);
			assert_true((unsigned)entry.scope >= scope);
			scope = entry.scope;
			lines |= 1U << entry.line;
		}
		assert_int_equal(lines, (1U << (i % 5 + 2)) - 2);
	}
	cf_image_close(image);
	free(data);
}

static void more_matches_than_fit_lose_the_least_specific(void **state)
{
	struct cf_image_builder *builder;
	struct cf_match matches[CF_MATCHES];
	struct cf_name name = name_of("a.example"), apex = name_of("example");
	struct cf_image *image;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned i = 0; i < CF_MATCHES; i++) {
		add(builder, &apex, CF_SCOPE_SUBTREE, NULL, i);
		add(builder, &name, CF_SCOPE_EXACT, NULL, i);
	}
	image = open_built(builder, &data);
	assert_int_equal(cf_image_find_name(image, &name, matches), CF_MATCHES);
	for (unsigned i = 0; i < CF_MATCHES; i++)
		assert_int_equal(matches[i].label_count, 2);
	cf_image_close(image);
	free(data);
}

static void one_name_has_a_bounded_number_of_entries(void **state)
{
	struct cf_image_builder *builder;
	struct cf_name name = name_of("a.example");
	struct cf_error error;
	size_t len;
	void *data;

	(void)state;
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	for (unsigned i = 0; i <= CF_NAME_ENTRIES; i++)
		add(builder, &name, CF_SCOPE_EXACT, NULL, i);
	assert_int_equal(cf_image_builder_to_memory(builder, &data, &len, &error), CF_ETOOBIG);
	cf_image_builder_free(builder);
}

static void the_root_and_the_longest_names_can_be_listed(void **state)
{
	struct cf_image_builder *builder;
	struct cf_match matches[CF_MATCHES];
	struct cf_name root = name_of("."), longest, below = name_of("anything.at.all");
	struct cf_image *image;
	char text[256];
	void *data;

	(void)state;
	for (size_t i = 0; i < 253; i++)
		text[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(cf_name_from_text(text, 253, &longest), CF_OK);
	assert_int_equal(cf_image_builder_new(&builder), CF_OK);
	add(builder, &root, CF_SCOPE_BELOW, NULL, 1);
	add(builder, &longest, CF_SCOPE_EXACT, NULL, 2);
	image = open_built(builder, &data);
	assert_int_equal(cf_image_find_name(image, &below, matches), 1);
	assert_int_equal(matches[0].label_count, 0);
	assert_int_equal(cf_image_find_name(image, &root, matches), 0);
	assert_int_equal(cf_image_find_name(image, &longest, matches), 2);
	assert_int_equal(matches[0].label_count, CF_NAME_LABELS);
	cf_image_close(image);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_listed_name_is_found_and_no_other),
	    cmocka_unit_test(names_added_again_and_again_keep_all_their_entries),
	    cmocka_unit_test(more_matches_than_fit_lose_the_least_specific),
	    cmocka_unit_test(one_name_has_a_bounded_number_of_entries),
	    cmocka_unit_test(the_root_and_the_longest_names_can_be_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
