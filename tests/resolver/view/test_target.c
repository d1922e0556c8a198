/* Targets of service records: where they lead, and that broken ones lead nowhere. */

#include "resolver/view/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAME     "\1a\4test"
#define NAME_LEN 8

static void leads_to_name(uint16_t rrtype, const char *bytes, size_t len)
{
	const uint8_t *name;
	size_t name_len;

	assert_true(cf_target_find(rrtype, (const uint8_t *)bytes, len, &name, &name_len));
	assert_int_equal(name_len, NAME_LEN);
	assert_memory_equal(name, NAME, NAME_LEN);
}

static void each_type_is_read(void **state)
{
	(void)state;
	leads_to_name(15, "\0\12" NAME, 2 + NAME_LEN);
	leads_to_name(18, "\0\1" NAME, 2 + NAME_LEN);
	leads_to_name(36, "\0\1" NAME, 2 + NAME_LEN);
	leads_to_name(33, "\0\1\0\2\1\273" NAME, 6 + NAME_LEN);
	leads_to_name(35, "\0\1\0\2\1S\7SIP+D2T\0" NAME, 4 + 2 + 8 + 1 + NAME_LEN);
}

static void other_types_lead_nowhere(void **state)
{
	const uint8_t *name;
	size_t name_len;

	(void)state;
	assert_false(
	    cf_target_find(12, (const uint8_t *)"\0\12" NAME, 2 + NAME_LEN, &name, &name_len));
	assert_false(cf_target_find(15, (const uint8_t *)"\0\0", 3, &name, &name_len)); /* "." */
}

/* Every shorter piece, and every byte changed: inside, or nothing. */
static void broken_bytes_stay_inside(void **state)
{
	static const char good[] = "\0\1\0\2\1S\7SIP+D2T\0" NAME;
	uint8_t bytes[sizeof good];
	const uint8_t *name;
	size_t name_len;

	(void)state;
	for (size_t len = 0; len < sizeof good - 1; len++)
		assert_false(cf_target_find(35, (const uint8_t *)good, len, &name, &name_len));
	for (size_t at = 0; at < sizeof good; at++)
		for (int value = 0; value < 256; value++) {
			memcpy(bytes, good, sizeof good);
			bytes[at] = (uint8_t)value;
			if (!cf_target_find(35, bytes, sizeof good, &name, &name_len))
				continue;
			assert_true(name >= bytes && name + name_len <= bytes + sizeof good);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_type_is_read),
	    cmocka_unit_test(other_types_lead_nowhere),
	    cmocka_unit_test(broken_bytes_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
