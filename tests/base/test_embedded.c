/* IPv4 addresses in IPv6 ones, by the examples of the RFCs. */

#include "base/embedded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct cf_addr addr_of(const char *text)
{
	struct cf_addr addr;

	assert_int_equal(cf_addr_parse(text, &addr), CF_OK);
	return addr;
}

/* True when one of the addresses in text is v4. */
static bool holds(const char *text, const char *v4)
{
	struct cf_addr addr = addr_of(text), wanted = addr_of(v4), out[CF_EMBEDDED_MOST];
	unsigned count = cf_addr_embedded(&addr, out);

	assert_true(count <= CF_EMBEDDED_MOST);
	for (unsigned i = 0; i < count; i++)
		if (cf_addr_equal(&out[i], &wanted))
			return true;
	return false;
}

static void known_forms_are_read(void **state)
{
	(void)state;
	assert_true(holds("64:ff9b::192.0.2.33", "192.0.2.33"));
	assert_true(holds("2002:c000:221::1", "192.0.2.33"));
	assert_true(holds("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"));
	assert_true(holds("64:ff9b:1::192.0.2.33", "192.0.2.33"));
	assert_true(holds("64:ff9b:1:abcd::192.0.2.33", "192.0.2.33"));
	assert_true(holds("64:ff9b:1:c000:2:2100::", "192.0.2.33"));
	assert_true(holds("64:ff9b:1:0:c0:2:2100:0", "192.0.2.33"));
}

static void other_addresses_hold_nothing(void **state)
{
	static const char *const texts[] = {
	    "2001:db8::c000:221", "192.0.2.33", "fe80::c000:221", "64:ff9c::192.0.2.33"};
	struct cf_addr out[CF_EMBEDDED_MOST];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct cf_addr addr = addr_of(texts[i]);

		assert_int_equal(cf_addr_embedded(&addr, out), 0);
	}
}

/* The table of RFC 6052 2.4. */
static void every_length_of_prefix_is_read(void **state)
{
	static const char *const table[][2] = {{"2001:db8::/32", "2001:db8:c000:221::"},
	    {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
	    {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
	    {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
	    {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
	    {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"}};
	struct cf_addr wanted = addr_of("192.0.2.33"), out;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct cf_addr addr = addr_of(table[i][1]);
		struct cf_prefix prefix;

		assert_int_equal(cf_prefix_parse(table[i][0], &prefix), CF_OK);
		assert_true(cf_prefix_embedded(&prefix, &addr, &out));
		assert_true(cf_addr_equal(&out, &wanted));
		addr.bytes[0] ^= 1;
		assert_false(cf_prefix_embedded(&prefix, &addr, &out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_forms_are_read),
	    cmocka_unit_test(other_addresses_hold_nothing),
	    cmocka_unit_test(every_length_of_prefix_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
