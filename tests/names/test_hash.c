/* names/hash: one pass over all suffixes gives what each suffix gives alone. */

#include "names/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static struct cf_name name_of(const char *text)
{
	struct cf_name name;

	assert_int_equal(cf_name_from_text(text, strlen(text), &name), CF_OK);
	return name;
}

static uint64_t hash_of(const char *text, const uint64_t with[2])
{
	struct cf_name name = name_of(text);

	return cf_name_hash_wire(name.wire, name.wire_len, with);
}

/* a x b, its halves XORed; as one multiplies on paper, in base two. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	uint64_t low = 0, high = 0;

	for (unsigned i = 0; i < 64; i++) {
		uint64_t add = a << i, before = low;

		if ((b >> i & 1) == 0)
			continue;
		low += add;
		high += (i == 0 ? 0 : a >> (64 - i)) + (low < before ? 1 : 0);
	}
	return low ^ high;
}

/* The formula of docs/FORMATS.md, written again: the format would silently change with the hash. */
static uint64_t reference(const uint64_t *words, size_t count)
{
	uint64_t h = key[0], by = key[1] ^ 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < count; i++)
		h = fold(h ^ words[i], by);
	return fold(h ^ by, 0x243f6a8885a308d3);
}

static void the_hash_is_the_documented_one(void **state)
{
	/* "\3com", then "\7example" (one whole word), then "\10longlong" (nine bytes, two words).
	 */
	static const uint64_t words[] = {0x6d6f6303, 0x656c706d61786507, 0x6e6f6c676e6f6c08, 0x67};

	(void)state;
	assert_true(hash_of(".", key) == reference(words, 0));
	assert_true(hash_of("com", key) == reference(words, 1));
	assert_true(hash_of("example.com", key) == reference(words, 2));
	assert_true(hash_of("longlong.example.com", key) == reference(words, 4));
}

static void suffixes_hash_as_if_alone(void **state)
{
	struct cf_name name =
	    name_of("a.bc.1234567.12345678.label-of-more-than-two-words.example.co.uk");
	uint64_t hashes[CF_NAME_LABELS + 1];

	(void)state;
	cf_name_hash_suffixes(&name, key, 0, name.label_count, hashes);
	for (unsigned k = 0; k <= name.label_count; k++) {
		size_t len;
		const uint8_t *suffix = cf_name_suffix(&name, k, &len);
		uint8_t alone[CF_NAME_WIRE_BYTES + 8];

		memset(alone, 0xaa, sizeof alone); /* what stands behind the name must not matter */
		memcpy(alone, suffix, len);
		assert_true(hashes[k] == cf_name_hash_wire(alone, len, key));
	}
}

static void only_the_suffixes_asked_for_are_written(void **state)
{
	struct cf_name name = name_of("a.b.c.d");
	uint64_t hashes[5] = {1, 2, 3, 4, 5}, all[5];

	(void)state;
	cf_name_hash_suffixes(&name, key, 0, 4, all);
	cf_name_hash_suffixes(&name, key, 2, 3, hashes);
	assert_true(hashes[0] == 1 && hashes[1] == 2 && hashes[4] == 5);
	assert_true(hashes[2] == all[2] && hashes[3] == all[3]);
}

/* The last labels of the longest names lie so near the end of the array that words do not fit. */
static void names_of_full_length_are_hashed_within_their_array(void **state)
{
	struct cf_name name;
	uint64_t hashes[CF_NAME_LABELS + 1];
	uint8_t wire[CF_NAME_WIRE_BYTES + 8] = {0};
	char text[300];

	(void)state;
	for (unsigned size = 1; size <= 63; size++) {
		size_t len = 0;

		while (len + size + 1 < 254) {
			memset(text + len, 'x', size);
			len += size;
			text[len++] = '.';
		}
		assert_int_equal(cf_name_from_text(text, len, &name), CF_OK);
		cf_name_hash_suffixes(&name, key, 0, name.label_count, hashes);
		memcpy(wire, name.wire, name.wire_len);
		assert_true(
		    hashes[name.label_count] == cf_name_hash_wire(wire, name.wire_len, key));
	}
}

static void where_labels_end_makes_a_difference(void **state)
{
	static const char *const texts[] = {
	    "ab.c", "a.bc", "abc", "a.b.c", "c.ab", "ab\\.c", "ab\\000.c", "ab\\000\\000.c"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(hash_of(texts[i], key) != hash_of(texts[k], key));
}

static void the_key_makes_a_difference(void **state)
{
	static const uint64_t others[][2] = {
	    {0x0706050403020101, 0x0f0e0d0c0b0a0908}, {0x0706050403020100, 0x0f0e0d0c0b0a0909}};

	(void)state;
	assert_true(hash_of("example.com", key) != hash_of("example.com", others[0]));
	assert_true(hash_of("example.com", key) != hash_of("example.com", others[1]));
	assert_true(hash_of(".", key) != hash_of(".", others[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_hash_is_the_documented_one),
	    cmocka_unit_test(suffixes_hash_as_if_alone),
	    cmocka_unit_test(only_the_suffixes_asked_for_are_written),
	    cmocka_unit_test(names_of_full_length_are_hashed_within_their_array),
	    cmocka_unit_test(where_labels_end_makes_a_difference),
	    cmocka_unit_test(the_key_makes_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
