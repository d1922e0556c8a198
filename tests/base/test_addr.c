/* base/addr: text, order, prefixes. */

#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct cf_addr addr_of(const char *text)
{
	struct cf_addr addr;

	assert_int_equal(cf_addr_parse(text, &addr), CF_OK);
	return addr;
}

static struct cf_prefix prefix_of(const char *text)
{
	struct cf_prefix prefix;

	assert_int_equal(cf_prefix_parse(text, &prefix), CF_OK);
	return prefix;
}

static void text_comes_back_as_rfc_5952_has_it(void **state)
{
	static const char *const pairs[][2] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"2001:DB8::0001", "2001:db8::1"},
	    {"::", "::"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	};
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct cf_addr addr = addr_of(pairs[i][0]);

		assert_string_equal(cf_addr_format(&addr, text), pairs[i][1]);
	}
}

static void no_address_is_empty_text(void **state)
{
	struct cf_addr none = {0};
	char text[CF_ADDR_TEXT_BYTES] = "x";

	(void)state;
	assert_string_equal(cf_addr_format(&none, text), "");
	assert_int_equal(cf_addr_length(&none), 0);
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {"", " 1.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.256",
	    "1.2.3.4 ", "01.2.3.4x", "::1%lo", "[::1]", "1.2.3.4:53", "g::", ":::"};
	struct cf_addr addr = {.family = 99};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(cf_addr_parse(texts[i], &addr), CF_EMALFORMED);
		assert_int_equal(addr.family, 99);
	}
}

static void mapped_addresses_become_ipv4(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 1, 2, 3};
	struct cf_addr addr = cf_addr_v6(mapped), same = addr_of("10.1.2.3");

	(void)state;
	assert_int_equal(addr.family, CF_FAMILY_V4);
	assert_true(cf_addr_equal(&addr, &same));
	assert_memory_equal(&addr, &same, sizeof addr);
}

static void order_is_family_then_bytes(void **state)
{
	struct cf_addr low = addr_of("9.255.255.255"), high = addr_of("10.0.0.0"),
	               v6 = addr_of("::");

	(void)state;
	assert_true(cf_addr_compare(&low, &high) < 0);
	assert_true(cf_addr_compare(&high, &low) > 0);
	assert_int_equal(cf_addr_compare(&low, &low), 0);
	assert_true(cf_addr_compare(&high, &v6) < 0);
	assert_false(cf_addr_equal(&low, &high));
}

static void prefixes_are_read_with_and_without_length(void **state)
{
	static const char *const pairs[][2] = {
	    {"192.0.2.0/24", "192.0.2.0/24"},
	    {"192.0.2.1", "192.0.2.1/32"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"2001:db8::/32", "2001:db8::/32"},
	    {"::1", "::1/128"},
	    {"::/0", "::/0"},
	    {"255.255.255.255/32", "255.255.255.255/32"},
	};
	char text[CF_PREFIX_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct cf_prefix prefix = prefix_of(pairs[i][0]);

		assert_string_equal(cf_prefix_format(&prefix, text), pairs[i][1]);
	}
}

static void longest_prefix_text_fits(void **state)
{
	struct cf_prefix prefix = prefix_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	char text[CF_PREFIX_TEXT_BYTES];

	(void)state;
	assert_string_equal(
	    cf_prefix_format(&prefix, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void bad_prefixes_are_refused(void **state)
{
	static const char *const texts[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
	    "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8", "::/129", "10.0.0.0/0008",
	    "10.0.0.0/99999999999999999999", "::/1280",
	    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555/8"};
	struct cf_prefix prefix = {.bits = 77};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(cf_prefix_parse(texts[i], &prefix), CF_EMALFORMED);
	assert_int_equal(prefix.bits, 77);
}

static void host_bits_are_told_from_nonsense(void **state)
{
	struct cf_prefix prefix = {.bits = 77};

	(void)state;
	assert_int_equal(cf_prefix_parse("192.0.2.1/24", &prefix), CF_EINVALID);
	assert_int_equal(cf_prefix_parse("192.0.3.0/23", &prefix), CF_EINVALID);
	assert_int_equal(cf_prefix_parse("2001:db8::1/127", &prefix), CF_EINVALID);
	assert_int_equal(cf_prefix_parse("0.0.0.1/0", &prefix), CF_EINVALID);
	assert_int_equal(prefix.bits, 77);
}

/* "::ffff:10.0.0.0/104" is an IPv4 prefix in disguise; its length would mean something else. */
static void mapped_prefixes_with_an_ipv6_length_are_refused(void **state)
{
	struct cf_prefix prefix;

	(void)state;
	assert_int_equal(cf_prefix_parse("::ffff:10.0.0.0/104", &prefix), CF_EMALFORMED);
}

static void containment_ends_exactly_at_the_edges(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool inside;
	} cases[] = {
	    {"192.0.2.0/23", "192.0.3.255", true},
	    {"192.0.2.0/23", "192.0.4.0", false},
	    {"192.0.2.0/23", "192.0.1.255", false},
	    {"0.0.0.0/0", "255.255.255.255", true},
	    {"0.0.0.0/0", "::", false},
	    {"::/0", "0.0.0.0", false},
	    {"::/0", "ffff::1", true},
	    {"2001:db8::/33", "2001:db8:7fff::1", true},
	    {"2001:db8::/33", "2001:db8:8000::", false},
	    {"192.0.2.1/32", "192.0.2.1", true},
	    {"192.0.2.1/32", "192.0.2.2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cf_prefix prefix = prefix_of(cases[i].prefix);
		struct cf_addr addr = addr_of(cases[i].addr);

		assert_int_equal(cf_prefix_contains(&prefix, &addr), cases[i].inside);
	}
}

static void range_is_first_and_last_inside(void **state)
{
	static const char *const texts[] = {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.128/25",
	    "1.2.3.4/32", "2001:db8::/47", "::/0", "::1/128", "128.0.0.0/1"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cf_prefix prefix = prefix_of(texts[i]);
		struct cf_addr first, last;

		cf_prefix_range(&prefix, &first, &last);
		assert_true(cf_addr_equal(&first, &prefix.addr));
		assert_true(cf_prefix_contains(&prefix, &last));
		for (unsigned bit = 0; bit < prefix.bits; bit++) {
			struct cf_addr outside = last;

			outside.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			assert_false(cf_prefix_contains(&prefix, &outside));
		}
		for (unsigned bit = prefix.bits; bit < 8 * cf_addr_length(&last); bit++)
			assert_true((last.bytes[bit / 8] & 0x80 >> bit % 8) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_comes_back_as_rfc_5952_has_it),
	    cmocka_unit_test(no_address_is_empty_text),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(mapped_addresses_become_ipv4),
	    cmocka_unit_test(order_is_family_then_bytes),
	    cmocka_unit_test(prefixes_are_read_with_and_without_length),
	    cmocka_unit_test(longest_prefix_text_fits),
	    cmocka_unit_test(bad_prefixes_are_refused),
	    cmocka_unit_test(host_bits_are_told_from_nonsense),
	    cmocka_unit_test(mapped_prefixes_with_an_ipv6_length_are_refused),
	    cmocka_unit_test(containment_ends_exactly_at_the_edges),
	    cmocka_unit_test(range_is_first_and_last_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
