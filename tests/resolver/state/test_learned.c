/* The table of names that lead to listed names. */
#include "resolver/state/learned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct cf_learned table;

static void what_was_learned_is_found_until_cleared(void **state)
{
	const uint8_t name[] = "\005chain\004test";
	uint64_t hash = cf_learned_hash(name, sizeof(name));

	(void)state;
	assert_false(cf_learned_find(&table, hash));
	cf_learned_add(&table, hash);
	assert_true(cf_learned_find(&table, hash));
	cf_learned_clear(&table);
	assert_false(cf_learned_find(&table, hash));
}

static void an_empty_table_holds_nothing(void **state)
{
	(void)state;
	cf_learned_clear(&table);
	for (uint64_t hash = 0; hash < 1000; hash++)
		assert_false(cf_learned_find(&table, hash << 40));
}

static void names_that_differ_hash_differently(void **state)
{
	const uint8_t a[] = "\003aaa\004test", b[] = "\003aab\004test", c[] = "\003aaa\004tesu";
	uint64_t hash = cf_learned_hash(a, sizeof(a));

	(void)state;
	assert_true(hash != cf_learned_hash(b, sizeof(b)));
	assert_true(hash != cf_learned_hash(c, sizeof(c)));
	assert_true(hash != cf_learned_hash(a, sizeof(a) - 1));
	assert_true(hash == cf_learned_hash(a, sizeof(a)));
}

static void a_full_table_forgets_instead_of_growing(void **state)
{
	unsigned found = 0;

	(void)state;
	cf_learned_clear(&table);
	for (uint64_t i = 0; i < 4 * CF_LEARNED_SLOTS; i++)
		cf_learned_add(&table, cf_learned_hash((const uint8_t *)&i, sizeof(i)));
	for (uint64_t i = 0; i < 4 * CF_LEARNED_SLOTS; i++)
		found += cf_learned_find(&table, cf_learned_hash((const uint8_t *)&i, sizeof(i)));
	assert_true(found > CF_LEARNED_SLOTS / 2 && found <= CF_LEARNED_SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_learned_is_found_until_cleared),
	    cmocka_unit_test(an_empty_table_holds_nothing),
	    cmocka_unit_test(names_that_differ_hash_differently),
	    cmocka_unit_test(a_full_table_forgets_instead_of_growing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
