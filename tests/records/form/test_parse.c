/* Lines are read back as they were written; everything else is told apart. */

#include "records/form/parse.h"

#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char id[] = "01J93G0000000000000000000A";
static struct cf_record record;

static enum cf_line_fault parse(const char *line)
{
	return cf_record_parse(line, strlen(line), &record);
}

static void assert_text(struct cf_text text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.data, expected, text.len);
}

static void query_is_read_back(void **state)
{
	char line[CF_RECORD_BYTES];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	len = cf_hit_format(
	    &hit, "edge-01", "resolver", id, 7, hit.at_wall_us + 5, line, sizeof line);
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_true(record.is_hit);
	assert_int_equal(record.event, CF_EVENT_DNS);
	assert_int_equal(record.action, CF_ACTION_BLOCK);
	assert_int_equal(record.via, CF_VIA_QNAME);
	assert_int_equal(record.at_wall_us, hit.at_wall_us);
	assert_int_equal(record.last_wall_us, hit.at_wall_us + 5);
	assert_int_equal(record.count, 7);
	assert_true(cf_addr_equal(&record.src, &hit.src));
	assert_true(cf_addr_equal(&record.dest, &hit.dest));
	assert_int_equal(record.src_port, 40112);
	assert_text(record.id, id);
	assert_text(record.sensor, "edge-01");
	assert_text(record.proto, "UDP");
	assert_text(record.dns.qname, "dnl-03.geo.kaspersky.com");
	assert_text(record.dns.rcode, "NXDOMAIN");
	assert_int_equal(record.dns.ede, 15);
	assert_text(record.match.rule, "kaspersky.com");
	assert_text(record.match.serial, "2024092901");
	assert_text(record.policy.phase, "updates-off");
	assert_int_equal(record.policy.cutoff_wall_s, 1727582400);
}

static void flow_is_read_back(void **state)
{
	char line[CF_RECORD_BYTES];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_hardcoded_flow(&hit);
	len = cf_hit_format(&hit, "tap", "monitor", id, 1, 0, line, sizeof line);
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_int_equal(record.flow.bytes_in, 1800);
	assert_int_equal(record.flow.payload_in, 1560);
	assert_int_equal(record.flow.dns_seen, CF_DNS_HARDCODED);
	assert_true(record.flow.escape);
	assert_int_equal(record.vlan, 20);
	assert_true(record.has_src_mac);
	assert_memory_equal(record.src_mac, hit.src_mac, 6);
	assert_int_equal(record.asn.number, 200107);
	assert_text(record.asn.org, "Kaspersky Lab Switzerland GmbH");
	assert_int_equal(record.last_wall_us, record.at_wall_us);
}

static void what_a_look_up_was_answered_with_is_read_back(void **state)
{
	char line[CF_RECORD_BYTES];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	hit.dns.edes = "15 23";
	hit.dns.outcome = "unseen";
	len = cf_hit_format(&hit, "edge-01", "monitor", id, 1, 0, line, sizeof line);
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_int_equal(record.dns.ede, 15);
	assert_text(record.dns.edes, "15 23");
	assert_text(record.dns.outcome, "unseen");
}

static void tunnels_that_are_not_read_are_read_back(void **state)
{
	static const char line[] =
	    "{\"v\":1,\"timestamp\":\"2024-10-01T00:00:00.000000Z\",\"id\":"
	    "\"01J8VJX4G0ABCDEFGHJKMNPQRS\","
	    "\"sensor\":\"tap\",\"source\":\"monitor\",\"event_type\":\"heartbeat\",\"packets\":9,"
	    "\"decode\":{\"not_ip\":2,\"tunnels_unread\":7,\"unread_gre\":7},\"observe\":{}}";

	(void)state;
	assert_int_equal(cf_record_parse(line, sizeof line - 1, &record), CF_LINE_OK);
	assert_int_equal(record.report.packets, 9);
	assert_int_equal(record.report.tunnels_unread, 7);
}

static void escaped_texts_come_back_as_bytes(void **state)
{
	static const char bytes[] = {'a', 0, '"', '\\', (char)0xff, 'b'};
	char line[CF_RECORD_BYTES];
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_blocked_query(&hit);
	hit.tls.sni = (struct cf_text){.data = bytes, .len = sizeof bytes};
	hit.http.uri = (struct cf_text){.data = "/x\ty", .len = 4};
	len = cf_hit_format(&hit, "edge-01", "resolver", id, 1, 0, line, sizeof line);
	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	assert_int_equal(record.tls.sni.len, sizeof bytes);
	assert_memory_equal(record.tls.sni.data, bytes, sizeof bytes);
	assert_text(record.http.uri, "/x\ty");
}

static void every_truncation_is_refused(void **state)
{
	char line[CF_RECORD_BYTES], *copy;
	struct cf_hit hit;
	size_t len;

	(void)state;
	sample_fullest(&hit);
	len = cf_hit_format(&hit, "edge-01", "resolver", id, 1, 0, line, sizeof line) - 1;
	for (size_t i = 0; i < len; i++) {
		/* A copy of exactly that size, so that a sanitizer sees every read past it. */
		copy = malloc(i + 1);
		memcpy(copy, line, i);
		assert_int_not_equal(cf_record_parse(copy, i, &record), CF_LINE_OK);
		free(copy);
	}
	assert_int_equal(cf_record_parse(line, len, &record), CF_LINE_OK);
}

#define WRITER "\"sensor\":\"s\",\"source\":\"resolver\""
#define HEAD   "{\"v\":1,\"timestamp\":\"2024-10-01T00:00:00Z\"," WRITER ",\"event_type\":\"dns\""

static void other_orders_spaces_and_members_are_fine(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("{\"event_type\": \"dns\", \"new\": [1, {\"a\": \"}\"}], \"v\": 1, " WRITER
	          ", \"dns\": {\"later\": {\"deep\": [[\"]\"]]}, \"qname\": \"x\"}, "
	          "\"timestamp\": \"2024-10-01T00:00:00Z\"}\r"),
	    CF_LINE_OK);
	assert_text(record.dns.qname, "x");
	assert_int_equal(parse(HEAD ",\"match\":{\"via\":\"telepathy\"}}"), CF_LINE_OK);
	assert_int_equal(record.via, CF_VIA_COUNT);
	/* Version 1 wrote serials that look like numbers as numbers. */
	assert_int_equal(parse(HEAD ",\"match\":{\"serial\":2024092901}}"), CF_LINE_OK);
	assert_text(record.match.serial, "2024092901");
	assert_int_equal(parse(HEAD ",\"dns\":{},\"policy\":\"p\"}"), CF_LINE_OK);
	assert_text(record.report.policy, "p");
}

static void lines_that_are_no_records_are_told_apart(void **state)
{
	static char longest[CF_RECORD_LINE_BYTES + 2];

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	assert_int_equal(parse(""), CF_LINE_BLANK);
	assert_int_equal(parse("\r"), CF_LINE_BLANK);
	assert_int_equal(parse("hello"), CF_LINE_FOREIGN);
	assert_int_equal(parse("{}"), CF_LINE_FOREIGN);
	assert_int_equal(parse("{\"v\":1,\"timest"), CF_LINE_TORN);
	assert_int_equal(parse("{\"v\":1}"), CF_LINE_FOREIGN);
	assert_int_equal(parse("{\"v\":2}"), CF_LINE_FOREIGN);
	assert_int_equal(parse("{\"v\":3}"), CF_LINE_VERSION);
	assert_int_equal(parse(HEAD "}x"), CF_LINE_TORN);
	assert_int_equal(parse(HEAD ",\"src_ip\":\"1.2.3\"}"), CF_LINE_TORN);
	assert_int_equal(parse(HEAD ",\"src_port\":65536}"), CF_LINE_TORN);
	assert_int_equal(parse(HEAD ",\"count\":18446744073709551616}"), CF_LINE_TORN);
	assert_int_equal(parse(HEAD ",\"count\":-1}"), CF_LINE_TORN);
	assert_int_equal(cf_record_parse("{\"v\":1\0\0\0", 9, &record), CF_LINE_NULS);
	assert_int_equal(parse(longest), CF_LINE_TOO_LONG);
}

/* Each byte by itself, at each place of texts of every length: what stands for itself does, an
 * escape is undone, and what ends or spoils a text does so wherever it is. */
static void each_byte_counts_wherever_it_stands(void **state)
{
	(void)state;
	for (size_t len = 1; len < 20; len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned byte = 1; byte < 256; byte++) {
				char text[32] = "", line[256];

				memset(text, 'x', len);
				text[at] = (char)byte;
				snprintf(
				    line, sizeof line, HEAD ",\"dns\":{\"qname\":\"%s\"}}", text);
				enum cf_line_fault fault = parse(line);

				if (byte < ' ' || byte == '"' || byte == '\\') {
					assert_int_not_equal(fault, CF_LINE_OK);
					continue;
				}
				assert_int_equal(fault, CF_LINE_OK);
				assert_text(record.dns.qname, text);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_byte_counts_wherever_it_stands),
	    cmocka_unit_test(query_is_read_back),
	    cmocka_unit_test(flow_is_read_back),
	    cmocka_unit_test(what_a_look_up_was_answered_with_is_read_back),
	    cmocka_unit_test(tunnels_that_are_not_read_are_read_back),
	    cmocka_unit_test(escaped_texts_come_back_as_bytes),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(other_orders_spaces_and_members_are_fine),
	    cmocka_unit_test(lines_that_are_no_records_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
