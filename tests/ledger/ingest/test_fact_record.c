/* What the ledger takes from a line. */

#include "ledger/ingest/fact_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cf_record record;
static struct cf_fact_texts texts;

static bool fact_of(const char *type, const char *members, struct cf_fact *fact)
{
	static char line[2048];
	int len = snprintf(line, sizeof line,
	    "{\"v\":1,\"timestamp\":\"2026-12-01T08:14:03.481207Z\",\"id\":"
	    "\"01KBAZ7R2SW0H9M3T5XQ6N8E4C\","
	    "\"sensor\":\"edge-01\",\"source\":\"resolver\",\"event_type\":\"%s\"%s}",
	    type, members);

	assert_int_equal(cf_record_parse(line, (size_t)len, &record), CF_LINE_OK);
	return cf_fact_from_record(fact, &texts, &record);
}

static void is(struct cf_text text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.data, expected, text.len);
}

static void a_query_without_value_is_known_by_its_name(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("dns",
	    ",\"action\":\"block\",\"src_ip\":\"10.20.30.255\",\"dns\":{\"qname\":\"a.kaspersky."
	    "com\","
	    "\"rcode\":\"NXDOMAIN\",\"answer\":\"nxdomain\"},\"match\":{\"via\":\"qname\","
	    "\"rule\":\"kaspersky.com\",\"category\":\"updates\"},\"count\":3",
	    &fact));
	is(fact.addr, "10.20.30.255");
	is(fact.value, "a.kaspersky.com");
	assert_int_equal(fact.count, 3);
	assert_int_equal(fact.flags, 0);
	assert_true(fact_of("dns",
	    ",\"action\":\"block\",\"src_ip\":\"2001:db8::1\",\"dns\":{\"qname\":\"www.example\","
	    "\"cname\":\"b.kaspersky.com\"},\"match\":{\"via\":\"cname\",\"rule\":\"kaspersky."
	    "com\"}",
	    &fact));
	is(fact.value, "b.kaspersky.com");
	is(fact.addr, "2001:db8::1");
}

/* One address on two links is two hosts; the same link is one, whoever looks. */
static void a_link_local_address_is_kept_with_its_link(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("dns",
	    ",\"action\":\"block\",\"src_ip\":\"fe80::1\",\"src_zone\":\"eth0.20\",\"dns\":{"
	    "\"qname\":\"www.example\"},\"match\":{\"via\":\"qname\",\"rule\":\"example\"}",
	    &fact));
	is(fact.addr, "fe80::1%edge-01:eth0.20");
	assert_true(fact_of("identity",
	    ",\"src_ip\":\"fe80::1\",\"in_iface\":\"eth0\",\"vlan\":20,\"src_mac\":"
	    "\"00:1b:21:00:00:01\",\"identity\":{\"kind\":\"ndp\"}",
	    &fact));
	is(fact.addr, "fe80::1%edge-01:eth0.20");
	assert_true(
	    fact_of("identity", ",\"src_ip\":\"febf::1\",\"identity\":{\"kind\":\"ndp\"}", &fact));
	is(fact.addr, "febf::1%edge-01");
	assert_true(fact_of("identity",
	    ",\"src_ip\":\"169.254.7.7\",\"in_iface\":\"eth1\",\"identity\":{\"kind\":\"arp\"}",
	    &fact));
	is(fact.addr, "169.254.7.7%edge-01:eth1");
	assert_true(fact_of("identity",
	    ",\"src_ip\":\"fec0::1\",\"in_iface\":\"eth1\",\"identity\":{\"kind\":\"ndp\"}",
	    &fact));
	is(fact.addr, "fec0::1");
	assert_true(fact_of("identity",
	    ",\"src_ip\":\"10.0.0.5\",\"in_iface\":\"eth1\",\"vlan\":3,\"identity\":{\"kind\":"
	    "\"arp\"}",
	    &fact));
	is(fact.addr, "10.0.0.5");
}

static unsigned flags_of(const char *dns)
{
	struct cf_fact fact;
	char members[400];

	snprintf(members, sizeof members,
	    ",\"action\":\"observe\",\"src_ip\":\"192.0.2.1\",\"dns\":{\"qname\":\"x.example\",%s},"
	    "\"match\":{\"via\":\"qname\"}",
	    dns);
	assert_true(fact_of("dns", members, &fact));
	return fact.flags;
}

static void what_a_look_up_was_answered_with_is_taken(void **state)
{
	(void)state;
	assert_int_equal(
	    flags_of("\"rcode\":\"NOERROR\",\"outcome\":\"answered\""), CF_FACT_RESOLVED);
	assert_int_equal(flags_of("\"rcode\":\"NXDOMAIN\",\"ede\":15,\"outcome\":\"nxdomain\""),
	    CF_FACT_REFUSED | CF_FACT_SAYS_BLOCKED);
	assert_int_equal(
	    flags_of("\"rcode\":\"REFUSED\",\"outcome\":\"refused\""), CF_FACT_REFUSED);
	assert_int_equal(
	    flags_of("\"rcode\":\"NOERROR\",\"outcome\":\"sinkhole\""), CF_FACT_REFUSED);
	assert_int_equal(flags_of("\"outcome\":\"unseen\""), 0);
	assert_int_equal(flags_of("\"rcode\":\"NXDOMAIN\""), CF_FACT_REFUSED);
	assert_int_equal(flags_of("\"rcode\":\"SERVFAIL\""), CF_FACT_UNANSWERED);
}

static void what_refuses_nobody_is_no_refusal(void **state)
{
	(void)state;
	assert_int_equal(
	    flags_of("\"rcode\":\"NOERROR\",\"outcome\":\"nodata\""), CF_FACT_UNANSWERED);
	assert_int_equal(
	    flags_of("\"rcode\":\"SERVFAIL\",\"outcome\":\"failed\""), CF_FACT_UNANSWERED);
	/* No authority could be reached: that is no block. */
	assert_int_equal(flags_of("\"rcode\":\"SERVFAIL\",\"ede\":22,\"outcome\":\"failed\""),
	    CF_FACT_UNANSWERED);
	assert_int_equal(flags_of("\"rcode\":\"SERVFAIL\",\"ede\":17,\"outcome\":\"failed\""),
	    CF_FACT_REFUSED | CF_FACT_SAYS_BLOCKED);
	assert_int_equal(flags_of("\"rcode\":\"NOERROR\",\"ede\":18,\"outcome\":\"nodata\""),
	    CF_FACT_REFUSED | CF_FACT_SAYS_BLOCKED);
}

static void an_escape_and_its_bytes_are_taken(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("flow",
	    ",\"action\":\"observe\",\"src_ip\":\"10.0.0.1\",\"src_mac\":\"00:1b:21:0a:0b:0c\","
	    "\"flow\":{\"state\":\"closed\",\"pkts_out\":1,\"bytes_out\":60,\"pkts_in\":2,\"bytes_"
	    "in\":900,"
	    "\"dns_seen\":\"hardcoded\",\"escape\":true},\"match\":{\"via\":\"dest_ip\",\"value\":"
	    "\"77.74.178.1\"}",
	    &fact));
	is(fact.mac, "00:1b:21:0a:0b:0c");
	assert_int_equal(fact.flags, CF_FACT_ESCAPE | CF_FACT_HARDCODED | CF_FACT_END);
	assert_int_equal(fact.bytes_in, 900);
	is(fact.value, "77.74.178.1");
}

static void what_came_back_is_taken_and_headers_alone_are_not(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("flow",
	    ",\"action\":\"flag\",\"src_ip\":\"10.0.0.1\",\"flow\":{\"state\":\"closed\",\"pkts_"
	    "out\":3,"
	    "\"bytes_out\":180,\"pkts_in\":3,\"bytes_in\":900,\"payload_in\":720},"
	    "\"match\":{\"via\":\"dest_ip\"}",
	    &fact));
	assert_int_equal(fact.flags, CF_FACT_END | CF_FACT_CAME_BACK);
	assert_true(fact_of("flow",
	    ",\"action\":\"flag\",\"src_ip\":\"10.0.0.1\",\"flow\":{\"state\":\"closed\",\"pkts_"
	    "out\":1,"
	    "\"bytes_out\":60,\"pkts_in\":1,\"bytes_in\":54},\"match\":{\"via\":\"dest_ip\"}",
	    &fact));
	assert_int_equal(fact.flags, CF_FACT_END);
}

static struct cf_fact the_end_of_a_flow(const char *first)
{
	struct cf_fact fact;
	char members[400];

	snprintf(members, sizeof members,
	    ",\"action\":\"observe\",\"src_ip\":\"10.0.0.1\",\"flow\":{\"state\":\"closed\","
	    "\"pkts_out\":1,\"bytes_out\":60,\"pkts_in\":2,\"bytes_in\":900,\"first\":\"%s\"},"
	    "\"match\":{\"via\":\"dest_ip\"}",
	    first);
	assert_true(fact_of("flow", members, &fact));
	return fact;
}

/* The lines are of 2026-12-01T08:14:03.481207Z. */
static void the_end_of_a_connection_stands_where_it_began(void **state)
{
	(void)state;
	struct cf_fact fact = the_end_of_a_flow("2026-12-01T07:00:00.000000Z");

	assert_int_equal(fact.flags, CF_FACT_END);
	assert_int_equal(fact.at_wall_us, record.flow.first_wall_us);
	assert_int_equal(fact.last_wall_us, record.at_wall_us);
	/* Over midnight it stays at its end, and is no connection of its own. */
	fact = the_end_of_a_flow("2026-11-30T23:59:59.999999Z");
	assert_int_equal(fact.flags, CF_FACT_END | CF_FACT_BEGUN_BEFORE);
	assert_int_equal(fact.at_wall_us, record.at_wall_us);
	/* A beginning after the end is nobody's. */
	fact = the_end_of_a_flow("2026-12-01T09:00:00.000000Z");
	assert_int_equal(fact.flags, CF_FACT_END);
	assert_int_equal(fact.at_wall_us, record.at_wall_us);
}

static void an_identity_says_why_it_ended(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("identity",
	    ",\"src_ip\":\"10.0.0.1\",\"identity\":{\"kind\":\"dhcp\",\"end\":\"released\"}",
	    &fact));
	assert_int_equal(fact.end, CF_IDENTITY_RELEASED);
	assert_true(fact_of(
	    "identity", ",\"src_ip\":\"10.0.0.1\",\"identity\":{\"kind\":\"dhcp\"}", &fact));
	assert_int_equal(fact.end, CF_IDENTITY_OPEN);
}

static void heartbeats_speak_for_the_sensor_only_when_sealed(void **state)
{
	(void)state;
	struct cf_fact fact;
	static const char totals[] = ",\"started\":\"2026-12-01T00:00:00.000000Z\",\"lost_queue\":"
	                             "1,\"lost_disk\":2,\"packets\":50,"
	                             "\"kernel_drops\":3,\"iface_drops\":4";
	char sealed[600];

	snprintf(sealed, sizeof sealed,
	    "%s,\"chain\":{\"run\":\"01KBAZ7R2SW0H9M3T5XQ6N8E4C\",\"run_seq\":1,\"seq\":1,"
	    "\"lines\":0,"
	    "\"prev\":\"%064d\",\"sha256\":\"%064d\"}",
	    totals, 0, 1);
	assert_true(fact_of("heartbeat", sealed, &fact));
	assert_int_equal(fact.lost, 10);
	assert_int_equal(fact.seen, 50);
	assert_int_equal(fact.started_wall_us % 60000000, 0);
	assert_false(fact_of("heartbeat", totals, &fact));
	assert_true(fact_of("heartbeat", ",\"in_iface\":\"eth0\",\"packets\":5", &fact));
	is(fact.iface, "eth0");
	assert_true(fact_of("stop", sealed, &fact));
	assert_int_equal(fact.event, CF_EVENT_HEARTBEAT);
	assert_false(fact_of("start", ",\"version\":\"1\"", &fact));
	assert_false(fact_of("lost", ",\"lost_queue\":5", &fact));
}

static void an_identity_has_both_its_ends(void **state)
{
	(void)state;
	struct cf_fact fact;

	assert_true(fact_of("identity",
	    ",\"src_ip\":\"10.0.0.1\",\"vlan\":20,\"src_mac\":\"00:1b:21:00:00:01\",\"identity\":{"
	    "\"kind\":"
	    "\"dhcp\",\"name\":\"pc\",\"client_id\":\"01aa\",\"router\":true},"
	    "\"last\":\"2026-12-01T09:14:03.481207Z\"",
	    &fact));
	assert_int_equal(fact.to_wall_us - fact.from_wall_us, INT64_C(3600000000));
	is(fact.name, "pc");
	is(fact.client, "01aa");
	is(fact.how, "dhcp");
	assert_true(fact.router);
	assert_int_equal(fact.vlan, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_query_without_value_is_known_by_its_name),
	    cmocka_unit_test(a_link_local_address_is_kept_with_its_link),
	    cmocka_unit_test(what_a_look_up_was_answered_with_is_taken),
	    cmocka_unit_test(what_refuses_nobody_is_no_refusal),
	    cmocka_unit_test(what_came_back_is_taken_and_headers_alone_are_not),
	    cmocka_unit_test(an_escape_and_its_bytes_are_taken),
	    cmocka_unit_test(an_identity_says_why_it_ended),
	    cmocka_unit_test(the_end_of_a_connection_stands_where_it_began),
	    cmocka_unit_test(heartbeats_speak_for_the_sensor_only_when_sealed),
	    cmocka_unit_test(an_identity_has_both_its_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
