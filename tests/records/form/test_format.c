/* Lines: key order, escaping, limits. */

#include "records/form/community.h"
#include "records/form/record.h"

#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char id[] = "01J93G0000000000000000000A";

static void blocked_query_is_the_documented_line(void **state)
{
	char line[CF_RECORD_BYTES + 1];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	len = cf_hit_format(&hit, "edge-01", "resolver", id, 1, 0, line, CF_RECORD_BYTES);
	line[len] = '\0';
	assert_string_equal(line,
	    "{\"v\":2,\"timestamp\":\"2024-10-01T08:14:03.481207Z\",\"id\":"
	    "\"01J93G0000000000000000000A\","
	    "\"sensor\":\"edge-01\",\"source\":\"resolver\",\"event_type\":\"dns\",\"action\":"
	    "\"block\","
	    "\"src_ip\":\"10.20.30.40\",\"src_port\":40112,\"dest_ip\":\"10.20.0.53\",\"dest_"
	    "port\":53,"
	    "\"proto\":\"UDP\",\"community_id\":\"1:lQw70nuFKaqBFttlkrmvvVxMH1k=\","
	    "\"dns\":{\"qname\":\"dnl-03.geo.kaspersky.com\",\"qtype\":\"A\",\"rcode\":"
	    "\"NXDOMAIN\","
	    "\"answer\":\"nxdomain\",\"ede\":15},"
	    "\"match\":{\"via\":\"qname\",\"value\":\"dnl-03.geo.kaspersky.com\","
	    "\"rule\":\"kaspersky.com\",\"rule_type\":\"subtree\",\"list\":\"vendor-core\","
	    "\"serial\":\"2024092901\",\"category\":\"updates\",\"product\":\"consumer\","
	    "\"confidence\":\"high\"},"
	    "\"policy\":{\"name\":\"us-commerce-2024\",\"phase\":\"updates-off\","
	    "\"cutoff\":\"2024-09-29T04:00:00Z\"},\"count\":1}\n");
}

static void fullest_record_fits_with_its_tuple_whole(void **state)
{
	char line[CF_RECORD_BYTES];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_fullest(&hit);
	len =
	    cf_hit_format(&hit, "edge-01-with-a-name-of-64-characters-which-is-more-than-enough-x",
	        "resolver", id, UINT64_MAX, hit.at_wall_us, line, sizeof line);
	assert_in_range(len, 1, CF_RECORD_BYTES);
	assert_int_equal(line[len - 1], '\n');
	line[len - 1] = '\0';
	assert_non_null(strstr(line, "\"src_ip\":\"eeee:eeee:eeee:eeee:eeee:eeee:eeee:eeee\""));
	assert_non_null(strstr(line, "\"dest_ip\":\"dddd:dddd:dddd:dddd:dddd:dddd:dddd:dddd\""));
	assert_non_null(strstr(line, "\"src_mac\":\"aa:bb:cc:dd:ee:ff\""));
	assert_non_null(strstr(line, "\"count\":18446744073709551615"));
	assert_non_null(strstr(line, "\"cut\":"));
	for (size_t i = 0; i < len - 1; i++)
		assert_in_range(line[i], 0x20, 0x7e);
}

static void long_user_agent_is_cut_before_anything_else(void **state)
{
	char line[CF_RECORD_BYTES + 1], agent[600];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	memset(agent, 'a', sizeof agent);
	hit.http.user_agent = (struct cf_text){.data = agent, .len = sizeof agent};
	len = cf_hit_format(&hit, "s", "monitor", id, 1, 0, line, CF_RECORD_BYTES);
	line[len] = '\0';
	assert_non_null(strstr(line, "aaa...+472\""));
	assert_non_null(strstr(line, "\"value\":\"dnl-03.geo.kaspersky.com\""));
	assert_non_null(strstr(line, "\"count\":1,\"cut\":472}"));
}

static void bytes_off_the_wire_become_ascii(void **state)
{
	static const uint8_t odd[] = "\5a\".\\\377\3COM";
	char line[CF_RECORD_BYTES + 1];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	hit.dns.qname_wire = odd;
	hit.tls.sni = (struct cf_text){.data = "x\n\"\\\0\x80y", .len = 7};
	len = cf_hit_format(&hit, "s", "monitor", id, 1, 0, line, CF_RECORD_BYTES);
	line[len] = '\0';
	assert_non_null(strstr(line, "\"qname\":\"a\\\"\\\\.\\\\\\\\\\\\255.com\""));
	assert_non_null(strstr(line, "\"sni\":\"x\\u000a\\\"\\\\\\u0000\\u0080y\""));
}

static void community_ids_match_other_tools_in_both_directions(void **state)
{
	/* From the baseline of the specification: TCP 128.232.110.120:34855 -> 66.35.250.204:80. */
	const struct cf_addr a = {.family = CF_FAMILY_V4, .bytes = {128, 232, 110, 120}};
	const struct cf_addr b = {.family = CF_FAMILY_V4, .bytes = {66, 35, 250, 204}};
	char text[CF_COMMUNITY_TEXT_BYTES];

	(void)state;
	assert_true(cf_community_id(6, &a, 34855, &b, 80, text));
	assert_string_equal(text, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	assert_true(cf_community_id(6, &b, 80, &a, 34855, text));
	assert_string_equal(text, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	assert_false(cf_community_id(1, &a, 0, &b, 0, text));
	assert_string_equal(text, "");
}

static void words_are_read_back(void **state)
{
	(void)state;
	for (int via = 0; via < CF_VIA_COUNT; via++) {
		const char *text = cf_via_text((enum cf_via)via);
		enum cf_via read = CF_VIA_COUNT;

		assert_string_not_equal(text, "?");
		assert_true(cf_via_parse(text, strlen(text), &read));
		assert_int_equal(read, via);
	}
	assert_string_equal(cf_via_text(CF_VIA_COUNT), "?");
}

static void identity_names_a_host(void **state)
{
	const struct cf_identity identity = {.from_wall_us = INT64_C(1727770443481207),
	    .to_wall_us = INT64_C(1727774043000000),
	    .addr = {.family = CF_FAMILY_V4, .bytes = {10, 0, 0, 9}},
	    .has_mac = true,
	    .mac = {2, 0, 0, 0, 0, 9},
	    .kind = "dhcp",
	    .name = {.data = "pc\x01", .len = 3},
	    .client_id = {.data = "\x01\xff", .len = 2}};
	char line[CF_RECORD_BYTES + 1];
	size_t len = cf_identity_format(&identity, "s", "monitor", id, line, CF_RECORD_BYTES);

	(void)state;
	line[len] = '\0';
	assert_non_null(strstr(line,
	    "\"event_type\":\"identity\",\"src_ip\":\"10.0.0.9\","
	    "\"src_mac\":\"02:00:00:00:00:09\",\"identity\":{\"kind\":\"dhcp\","
	    "\"name\":\"pc\\u0001\",\"client_id\":\"01ff\"},"
	    "\"last\":\"2024-10-01T09:14:03.000000Z\"}\n"));
}

static void a_resolvers_own_word_is_known_as_such(void **state)
{
	static const char *const at_resolver[] = {"resolver", "resolver.2", "tap", "tap.17"};
	static const char *const elsewhere[] = {
	    "monitor", "monitor.2", "egress", "resolve", "taps", "t"};

	(void)state;
	for (size_t i = 0; i < sizeof at_resolver / sizeof at_resolver[0]; i++)
		assert_true(cf_source_is_resolver(at_resolver[i], strlen(at_resolver[i])));
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
		assert_false(cf_source_is_resolver(elsewhere[i], strlen(elsewhere[i])));
	assert_false(cf_source_is_resolver("tap", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blocked_query_is_the_documented_line),
	    cmocka_unit_test(fullest_record_fits_with_its_tuple_whole),
	    cmocka_unit_test(long_user_agent_is_cut_before_anything_else),
	    cmocka_unit_test(bytes_off_the_wire_become_ascii),
	    cmocka_unit_test(community_ids_match_other_tools_in_both_directions),
	    cmocka_unit_test(words_are_read_back),
	    cmocka_unit_test(identity_names_a_host),
	    cmocka_unit_test(a_resolvers_own_word_is_known_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
