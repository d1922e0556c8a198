/* Every mapping rule of docs/FORMATS.md, on hits of our own. */

#include "records/convert/convert.h"

#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char id[] = "01J93G0000000000000000000A";
static char out[CF_CONVERT_BYTES + 1];
static struct cf_record record;

typedef size_t convert_fn(const struct cf_record *record, char *line, size_t size);

/* The hit as it comes out of a log and goes into another schema; count is 3. */
static void convert(convert_fn *to, const struct cf_hit *hit, const char *source)
{
	static char line[CF_RECORD_BYTES];
	size_t len =
	    cf_hit_format(hit, "edge-01", source, id, 3, hit->at_wall_us + 1, line, sizeof line);

	assert_int_equal(cf_record_parse(line, len - 1, &record), CF_LINE_OK);
	len = to(&record, out, CF_CONVERT_BYTES);
	assert_true(len > 0);
	out[len] = '\0';
}

static void assert_has(const char *text)
{
	if (strstr(out, text) == NULL)
		fail_msg("%s not in %s", text, out);
}

static void assert_has_not(const char *text)
{
	if (strstr(out, text) != NULL)
		fail_msg("%s in %s", text, out);
}

static void blocked_query_in_ecs(void **state)
{
	struct cf_hit hit;

	(void)state;
	sample_blocked_query(&hit);
	convert(cf_convert_ecs, &hit, "resolver");
	assert_string_equal(out,
	    "{\"@timestamp\":\"2024-10-01T08:14:03.481207Z\",\"ecs\":{\"version\":\"8.11.0\"},"
	    "\"event\":{\"kind\":\"alert\",\"category\":[\"network\"],\"type\":[\"protocol\","
	    "\"denied\"],"
	    "\"action\":\"block\",\"id\":\"01J93G0000000000000000000A\",\"module\":\"curfew\","
	    "\"dataset\":\"curfew.hit\",\"provider\":\"resolver\"},"
	    "\"observer\":{\"name\":\"edge-01\",\"product\":\"curfew\",\"type\":\"dns-firewall\"},"
	    "\"source\":{\"ip\":\"10.20.30.40\",\"port\":40112},"
	    "\"destination\":{\"ip\":\"10.20.0.53\",\"port\":53},"
	    "\"network\":{\"transport\":\"udp\",\"protocol\":\"dns\","
	    "\"community_id\":\"1:lQw70nuFKaqBFttlkrmvvVxMH1k=\"},"
	    "\"rule\":{\"name\":\"kaspersky.com\",\"ruleset\":\"vendor-core\","
	    "\"version\":\"2024092901\",\"category\":\"updates\"},"
	    "\"related\":{\"ip\":[\"10.20.30.40\",\"10.20.0.53\"],"
	    "\"hosts\":[\"dnl-03.geo.kaspersky.com\"]},"
	    "\"labels\":{\"curfew_via\":\"qname\",\"curfew_phase\":\"updates-off\"},"
	    "\"dns\":{\"type\":\"answer\",\"question\":{\"name\":\"dnl-03.geo.kaspersky.com\","
	    "\"type\":\"A\",\"class\":\"IN\"},\"response_code\":\"NXDOMAIN\"}}\n");
}

static void blocked_query_in_ocsf(void **state)
{
	struct cf_hit hit;

	(void)state;
	sample_blocked_query(&hit);
	convert(cf_convert_ocsf, &hit, "resolver");
	assert_string_equal(out,
	    "{\"class_uid\":4003,\"category_uid\":4,\"activity_id\":6,\"type_uid\":400306,"
	    "\"time\":1727770443481,\"severity_id\":3,\"count\":3,\"action_id\":2,\"disposition_"
	    "id\":2,"
	    "\"is_alert\":true,\"metadata\":{\"version\":\"1.4.0\",\"uid\":"
	    "\"01J93G0000000000000000000A\","
	    "\"product\":{\"name\":\"curfew\",\"vendor_name\":\"curfew\","
	    "\"feature\":{\"name\":\"resolver\"}},\"log_provider\":\"edge-01\","
	    "\"profiles\":[\"security_control\"]},\"src_endpoint\":{\"ip\":\"10.20.30.40\","
	    "\"port\":40112},\"dst_endpoint\":{\"ip\":\"10.20.0.53\",\"port\":53},"
	    "\"connection_info\":{\"protocol_name\":\"udp\",\"direction_id\":2,"
	    "\"community_uid\":\"1:lQw70nuFKaqBFttlkrmvvVxMH1k=\"},"
	    "\"firewall_rule\":{\"uid\":\"vendor-core/kaspersky.com\",\"name\":\"kaspersky.com\","
	    "\"type\":\"subtree\",\"category\":\"updates\",\"version\":\"2024092901\","
	    "\"match_location\":\"qname\",\"match_details\":[\"dnl-03.geo.kaspersky.com\"]},"
	    "\"policy\":{\"name\":\"us-commerce-2024\"},"
	    "\"query\":{\"hostname\":\"dnl-03.geo.kaspersky.com\",\"type\":\"A\",\"class\":\"IN\"},"
	    "\"rcode_id\":3,\"rcode\":\"NXDOMAIN\"}\n");
}

static void flow_has_its_network_and_amounts(void **state)
{
	struct cf_hit hit;

	(void)state;
	sample_hardcoded_flow(&hit);
	convert(cf_convert_ecs, &hit, "monitor");
	assert_has("\"type\":[\"connection\",\"info\"]");
	assert_has("\"kind\":\"event\"");
	assert_has("\"type\":\"sensor\"");
	assert_has("\"mac\":\"00-00-5E-00-53-07\"");
	assert_has("\"as\":{\"number\":200107,\"organization\":{\"name\":\"Kaspersky Lab "
	           "Switzerland GmbH\"}}");
	assert_has("\"vlan\":{\"id\":\"20\"}");
	assert_has_not("\"protocol\":");
	assert_has_not("\"hosts\"");
	convert(cf_convert_ocsf, &hit, "monitor");
	assert_has("\"class_uid\":4001,\"category_uid\":4,\"activity_id\":1,\"type_uid\":400101");
	assert_has("\"action_id\":3,\"disposition_id\":15,\"is_alert\":false");
	assert_has("\"mac\":\"00:00:5e:00:53:07\",\"vlan_uid\":\"20\"");
	assert_has("\"autonomous_system\":{\"number\":200107,\"name\":\"Kaspersky Lab Switzerland "
	           "GmbH\"}");
	assert_has(
	    "\"traffic\":{\"bytes_in\":1800,\"bytes_out\":600,\"packets_in\":4,\"packets_out\":5}");
	assert_has_not("\"query\"");
}

static void verdicts_map_to_their_numbers(void **state)
{
	static const struct {
		enum cf_action action;
		const char *ecs, *ocsf;
	} rules[] = {
	    {CF_ACTION_ALLOW, "\"type\":[\"protocol\",\"allowed\"],\"action\":\"allow\"",
	        "\"severity_id\":2,\"count\":3,\"action_id\":1,\"disposition_id\":1,\"is_alert\":"
	        "false"},
	    {CF_ACTION_OBSERVE, "\"type\":[\"protocol\",\"info\"],\"action\":\"observe\"",
	        "\"severity_id\":2,\"count\":3,\"action_id\":3,\"disposition_id\":15,\"is_alert\":"
	        "false"},
	    {CF_ACTION_FLAG, "\"type\":[\"protocol\",\"allowed\"],\"action\":\"flag\"",
	        "\"severity_id\":2,\"count\":3,\"action_id\":3,\"disposition_id\":19,\"is_alert\":"
	        "false"},
	    {CF_ACTION_BLOCK, "\"type\":[\"protocol\",\"denied\"],\"action\":\"block\"",
	        "\"severity_id\":3,\"count\":3,\"action_id\":2,\"disposition_id\":2,\"is_alert\":"
	        "true"},
	};
	struct cf_hit hit;

	(void)state;
	sample_blocked_query(&hit);
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		hit.action = rules[i].action;
		convert(cf_convert_ecs, &hit, "resolver");
		assert_has(rules[i].ecs);
		convert(cf_convert_ocsf, &hit, "resolver");
		assert_has(rules[i].ocsf);
	}
}

static void chain_and_handshake_have_their_places(void **state)
{
	struct cf_hit hit;

	(void)state;
	sample_blocked_query(&hit);
	hit.dns.cname_wire = hit.match.rule_wire;
	convert(cf_convert_ecs, &hit, "resolver");
	assert_has("\"hosts\":[\"dnl-03.geo.kaspersky.com\",\"kaspersky.com\"]");
	convert(cf_convert_ocsf, &hit, "resolver");
	assert_has("\"answers\":[{\"type\":\"CNAME\",\"rdata\":\"kaspersky.com\"}]");
	sample_hardcoded_flow(&hit);
	hit.event = CF_EVENT_TLS;
	hit.tls.sni = (struct cf_text){.data = "touch.kaspersky.com", .len = 19};
	hit.tls.version = "1.3";
	hit.tls.transport = "tcp";
	convert(cf_convert_ecs, &hit, "monitor");
	assert_has("\"domain\":\"touch.kaspersky.com\"");
	assert_has("\"protocol\":\"tls\"");
	assert_has(
	    "\"tls\":{\"client\":{\"server_name\":\"touch.kaspersky.com\"},\"version\":\"1.3\","
	    "\"version_protocol\":\"tls\"}");
	convert(cf_convert_ocsf, &hit, "monitor");
	assert_has("\"hostname\":\"touch.kaspersky.com\"");
	assert_has("\"tls\":{\"version\":\"1.3\",\"sni\":\"touch.kaspersky.com\"}");
}

static void fullest_line_of_another_writer_fits(void **state)
{
	static char line[CF_RECORD_LINE_BYTES];
	size_t len = 0;

	(void)state;
	len += (size_t)sprintf(line,
	    "{\"v\":1,\"timestamp\":\"2024-10-01T00:00:00Z\",\"sensor\":\"s\","
	    "\"source\":\"resolver\",\"event_type\":\"dns\","
	    "\"match\":{\"rule\":\"");
	while (len + 6 < sizeof line - 20)
		len += (size_t)sprintf(line + len, "\\u0001");
	len += (size_t)sprintf(line + len, "\"}}");
	assert_int_equal(cf_record_parse(line, len, &record), CF_LINE_OK);
	assert_true(cf_convert_ecs(&record, out, CF_CONVERT_BYTES) > 0);
	assert_true(cf_convert_ocsf(&record, out, CF_CONVERT_BYTES) > 0);
	assert_int_equal(cf_convert_ocsf(&record, out, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blocked_query_in_ecs),
	    cmocka_unit_test(blocked_query_in_ocsf),
	    cmocka_unit_test(flow_has_its_network_and_amounts),
	    cmocka_unit_test(verdicts_map_to_their_numbers),
	    cmocka_unit_test(chain_and_handshake_have_their_places),
	    cmocka_unit_test(fullest_line_of_another_writer_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
