/* compile/pack/pack_count.h: by category, and what names a source whole. */

#include "compile/pack/pack_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct cf_pack_name names[] = {
    {.name = "one.example", .name_len = 11, .category = 1, .sources = "doc"},
    {.name = "two.example", .name_len = 11, .category = 1, .sources = "docs,doc"},
    {.name = "three.example", .name_len = 13, .category = 2, .sources = "docs"},
};
static struct cf_pack_network networks[] = {{.category = 2, .sources = "own,docs"}};
static const struct cf_pack pack = {
    .names = names, .name_count = 3, .networks = networks, .network_count = 1};

static void entries_are_counted_by_category(void **state)
{
	struct cf_pack_totals totals;

	(void)state;
	cf_pack_count(&pack, &totals);
	assert_int_equal(totals.entries[1], 2);
	assert_int_equal(totals.names[1], 2);
	assert_int_equal(totals.names[2], 1);
	assert_int_equal(totals.networks[1], 0);
	assert_int_equal(totals.networks[2], 1);
	assert_int_equal(totals.all_names, 3);
}

static void a_source_is_named_whole(void **state)
{
	struct cf_pack_use use = cf_pack_use_of(&pack, "doc");

	(void)state;
	assert_int_equal(use.entries, 2);
	assert_int_equal(use.alone, 1);
	use = cf_pack_use_of(&pack, "docs");
	assert_int_equal(use.entries, 3);
	assert_int_equal(use.alone, 1);
	use = cf_pack_use_of(&pack, "nobody");
	assert_int_equal(use.entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_are_counted_by_category),
	    cmocka_unit_test(a_source_is_named_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
