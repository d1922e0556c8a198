/* The words of identity records. */

#include "records/form/identity.h"

#include "records/form/pack.h"
#include "records/form/parse.h"
#include "records/form/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void words_of_ends_are_read_back(void **state)
{
	(void)state;
	assert_null(cf_identity_end_text(CF_IDENTITY_OPEN));
	for (int end = CF_IDENTITY_EXPIRED; end <= CF_IDENTITY_ENDED; end++) {
		const char *text = cf_identity_end_text((enum cf_identity_end)end);

		assert_non_null(text);
		assert_int_equal(cf_identity_end_parse(text, strlen(text)), end);
	}
	assert_null(cf_identity_end_text((enum cf_identity_end)99));
	assert_int_equal(cf_identity_end_parse("", 0), CF_IDENTITY_OPEN);
	assert_int_equal(cf_identity_end_parse("abducted", 8), CF_IDENTITY_ENDED);
}

static void what_binds_is_told_from_what_shows(void **state)
{
	static const char *const bound[] = {"arp", "ndp", "dhcp", "dhcpv6", "lease"};
	static const char *const shown[] = {"traffic", "mdns", "nbns", "llmnr", "", "telepathy"};

	(void)state;
	for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++)
		assert_int_equal(cf_identity_strength(bound[i]), CF_IDENTITY_BOUND);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		assert_int_equal(cf_identity_strength(shown[i]), CF_IDENTITY_SHOWN);
	assert_int_equal(cf_identity_beginning("lease"), CF_IDENTITY_BEGUN);
	assert_int_equal(cf_identity_beginning("dhcpv6"), CF_IDENTITY_GRANTED);
	assert_int_equal(cf_identity_beginning("arp"), CF_IDENTITY_NOTICED);
}

static bool is_throwaway(const char *name)
{
	return cf_identity_is_throwaway(name, strlen(name));
}

static void names_made_to_be_thrown_away_are_known(void **state)
{
	(void)state;
	assert_true(is_throwaway("d3b07384-d113-4ec5-8e3d-0c2b1f9f6b70.local"));
	assert_true(is_throwaway("D3B07384-D113-4EC5-8E3D-0C2B1F9F6B70.LOCAL."));
	assert_false(is_throwaway("d3b07384-d113-4ec5-8e3d-0c2b1f9f6b70"));
	assert_false(is_throwaway("d3b07384-d113-4ec5-8e3d-0c2b1f9f6b7g.local"));
	assert_false(is_throwaway("d3b07384xd113-4ec5-8e3d-0c2b1f9f6b70.local"));
	assert_false(is_throwaway("printer.local"));
	assert_false(is_throwaway(""));
}

static void a_reason_for_the_end_goes_through_queue_and_line(void **state)
{
	static struct cf_record record;
	struct cf_identity identity = {.from_wall_us = INT64_C(1727770443481207),
	    .to_wall_us = INT64_C(1727774043000000),
	    .addr = {.family = CF_FAMILY_V4, .bytes = {10, 0, 0, 9}},
	    .kind = "dhcp",
	    .end = cf_identity_end_text(CF_IDENTITY_RELEASED)};
	struct cf_identity again;
	char line[CF_RECORD_BYTES];
	_Alignas(16) uint8_t packed[CF_RECORD_PACKED_BYTES];
	size_t len;

	(void)state;
	assert_true(cf_pack_identity(&identity, packed) > 0);
	cf_unpack_identity(packed, &again);
	len = cf_identity_format(
	    &again, "s", "monitor", "01KBAZ7R2SW0H9M3T5XQ6N8E4C", line, sizeof line);
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_int_equal(cf_identity_end_parse(record.identity.end.data, record.identity.end.len),
	    CF_IDENTITY_RELEASED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_of_ends_are_read_back),
	    cmocka_unit_test(what_binds_is_told_from_what_shows),
	    cmocka_unit_test(names_made_to_be_thrown_away_are_known),
	    cmocka_unit_test(a_reason_for_the_end_goes_through_queue_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
