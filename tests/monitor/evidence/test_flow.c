/* The table of vendor flows: both directions are one flow, counts are kept, nothing ends silently.
 */

#include "monitor/evidence/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

struct ended {
	unsigned count;
	enum cf_flow_end why;
	struct cf_flow last;
};

static void on_ended(void *arg, struct cf_flow *flow, enum cf_flow_end why)
{
	struct ended *ended = arg;

	ended->count++;
	ended->why = why;
	ended->last = *flow;
}

static struct cf_packet packet_of(
    const char *src, uint16_t src_port, const char *dst, uint16_t dst_port, int64_t at_wall_us)
{
	struct cf_packet packet = {.at_wall_us = at_wall_us,
	    .wire_bytes = 100,
	    .payload_wire_bytes = 46,
	    .ip_proto = CF_PROTO_TCP,
	    .src_port = src_port,
	    .dst_port = dst_port};

	assert_int_equal(cf_addr_parse(src, &packet.src), CF_OK);
	assert_int_equal(cf_addr_parse(dst, &packet.dst), CF_OK);
	return packet;
}

static struct cf_flow *add(struct cf_flows *flows, const struct cf_packet *packet)
{
	struct cf_endpoints ends = {.client = packet->src,
	    .server = packet->dst,
	    .client_port = packet->src_port,
	    .server_port = packet->dst_port};

	return cf_flows_add(flows, &ends, packet->ip_proto, packet->at_wall_us);
}

static void both_directions_are_one_flow(void **state)
{
	struct ended ended = {0};
	struct cf_packet out = packet_of("10.0.0.1", 1000, "77.74.178.1", 443, S);
	struct cf_packet in = packet_of("77.74.178.1", 443, "10.0.0.1", 1000, 2 * S);
	struct cf_flows *flows;
	struct cf_flow *flow;
	bool outbound;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	assert_null(cf_flows_find(flows, &out, &outbound));
	assert_false(cf_flow_filter_maybe(cf_flows_filter(flows), &out.dst));
	flow = add(flows, &out);
	cf_flows_count(flows, flow, &out, true);
	assert_ptr_equal(cf_flows_find(flows, &in, &outbound), flow);
	assert_false(outbound);
	cf_flows_count(flows, flow, &in, false);
	assert_true(cf_flow_filter_maybe(cf_flows_filter(flows), &in.src));
	assert_int_equal(flow->pkts_out, 1);
	assert_int_equal(flow->bytes_in, 100);
	assert_int_equal(flow->payload_in, 46);
	assert_int_equal(flow->escaped_in, 0);
	assert_string_equal(cf_flow_state_text(flow), "established");
	cf_flows_free(flows);
}

static void bytes_count_as_escaped_only_from_the_cut_off_on(void **state)
{
	struct ended ended = {0};
	struct cf_packet out = packet_of("10.0.0.1", 1000, "77.74.178.1", 443, 10 * S);
	struct cf_packet in = packet_of("77.74.178.1", 443, "10.0.0.1", 1000, 10 * S);
	struct cf_flows *flows;
	struct cf_flow *flow;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	flow = add(flows, &out);
	flow->blocked_from_wall_s = 20;
	in.at_wall_us = 20 * S - 1;
	cf_flows_count(flows, flow, &in, false);
	assert_int_equal(flow->escaped_in, 0);
	in.at_wall_us = 20 * S;
	cf_flows_count(flows, flow, &in, false);
	assert_int_equal(flow->escaped_in, 46);
	cf_flows_free(flows);
}

static void a_silent_flow_ends_after_its_time_out(void **state)
{
	struct ended ended = {0};
	struct cf_packet out = packet_of("10.0.0.1", 1000, "77.74.178.1", 443, S);
	struct cf_flows *flows;
	struct cf_flow *flow;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	out.tcp_flags = CF_TCP_SYN;
	flow = add(flows, &out);
	cf_flows_count(flows, flow, &out, true);
	assert_string_equal(cf_flow_state_text(flow), "syn");
	cf_flows_reap(flows, S + (CF_FLOW_SYN_S - 1) * S);
	assert_int_equal(ended.count, 0);
	cf_flows_reap(flows, S + CF_FLOW_SYN_S * S);
	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.why, CF_FLOW_IDLE);
	assert_int_equal(cf_flows_used(flows), 0);
	assert_false(cf_flow_filter_maybe(cf_flows_filter(flows), &out.dst));
	cf_flows_free(flows);
}

static void a_full_table_ends_the_flow_silent_longest_and_counts_it(void **state)
{
	struct ended ended = {0};
	struct cf_packet one = packet_of("10.0.0.1", 1, "77.74.178.1", 443, S);
	struct cf_flows *flows;
	bool outbound;

	(void)state;
	assert_int_equal(cf_flows_new(4, 7, on_ended, &ended, &flows), CF_OK);
	for (uint16_t i = 1; i <= 4; i++) {
		one.src_port = i;
		cf_flows_count(flows, add(flows, &one), &one, true);
	}
	one.src_port = 1; /* speaks again: now 2 is the oldest */
	cf_flows_count(flows, cf_flows_find(flows, &one, &outbound), &one, true);
	one.src_port = 5;
	add(flows, &one);
	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.why, CF_FLOW_EVICTED);
	assert_int_equal(ended.last.client_port, 2);
	assert_int_equal(cf_flows_evicted(flows), 1);
	cf_flows_flush(flows);
	assert_int_equal(ended.count, 5);
	assert_int_equal(ended.why, CF_FLOW_FLUSHED);
	assert_int_equal(cf_flows_used(flows), 0);
	cf_flows_free(flows);
}

/* Four flows that differ in what they wait for, all heard of last at the same time. */
static void add_one_of_each(struct cf_flows *flows)
{
	struct cf_packet out = packet_of("10.0.0.1", 1, "77.74.178.1", 443, 10 * S);
	struct cf_packet in = packet_of("77.74.178.1", 443, "10.0.0.1", 2, 10 * S);
	struct cf_flow *flow;

	cf_flows_count(flows, add(flows, &out), &out, true); /* one way */
	out.src_port = 2;
	flow = add(flows, &out);
	cf_flows_count(flows, flow, &out, true);
	cf_flows_count(flows, flow, &in, false); /* answered */
	out.src_port = 3;
	out.tcp_flags = CF_TCP_RST;
	cf_flows_count(flows, add(flows, &out), &out, true); /* closed */
	out.src_port = 4;
	out.tcp_flags = 0;
	out.ip_proto = CF_PROTO_UDP;
	cf_flows_count(flows, add(flows, &out), &out, true);
}

static void each_flow_ends_after_its_own_time_out_and_not_before(void **state)
{
	static const struct {
		int64_t after_s;
		uint16_t port;
		enum cf_flow_end why;
	} ends[] = {{CF_FLOW_CLOSED_S, 3, CF_FLOW_CLOSED}, {CF_FLOW_SYN_S, 1, CF_FLOW_IDLE},
	    {CF_FLOW_UDP_IDLE_S, 4, CF_FLOW_IDLE}, {CF_FLOW_TCP_IDLE_S, 2, CF_FLOW_IDLE}};
	struct ended ended = {0};
	struct cf_flows *flows;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	add_one_of_each(flows);
	for (unsigned i = 0; i < 4; i++) {
		cf_flows_reap(flows, (10 + ends[i].after_s) * S - 1);
		assert_int_equal(ended.count, i);
		cf_flows_reap(flows, (10 + ends[i].after_s) * S);
		assert_int_equal(ended.count, i + 1);
		assert_int_equal(ended.last.client_port, ends[i].port);
		assert_int_equal(ended.why, ends[i].why);
	}
	cf_flows_free(flows);
}

static void flows_of_a_time_that_starts_over_end(void **state)
{
	struct ended ended = {0};
	struct cf_packet later = packet_of("10.0.0.9", 9, "77.74.178.1", 443, 2 * S);
	struct cf_flows *flows;
	bool outbound;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	later.at_wall_us = 1000 * S;
	cf_flows_count(flows, add(flows, &later), &later, true);
	cf_flows_reap(flows, 999 * S); /* a packet out of order is no new time */
	assert_int_equal(ended.count, 0);
	add_one_of_each(flows);
	cf_flows_reap(flows, 11 * S);
	assert_int_equal(ended.count, 1);
	assert_int_equal(ended.last.client_port, 9);
	assert_null(cf_flows_find(flows, &later, &outbound));
	cf_flows_free(flows);
}

static void any_flow_of_a_pair_is_found_whatever_its_ports(void **state)
{
	struct ended ended = {0};
	struct cf_packet out = packet_of("10.0.0.1", 1000, "2a03:2480::1", 443, S);
	struct cf_flows *flows;

	(void)state;
	assert_int_equal(cf_flows_new(16, 7, on_ended, &ended, &flows), CF_OK);
	assert_null(cf_flows_find_pair(flows, &out.src, &out.dst));
	add(flows, &out);
	assert_non_null(cf_flows_find_pair(flows, &out.dst, &out.src));
	cf_flows_free(flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_directions_are_one_flow),
	    cmocka_unit_test(bytes_count_as_escaped_only_from_the_cut_off_on),
	    cmocka_unit_test(a_silent_flow_ends_after_its_time_out),
	    cmocka_unit_test(a_full_table_ends_the_flow_silent_longest_and_counts_it),
	    cmocka_unit_test(each_flow_ends_after_its_own_time_out_and_not_before),
	    cmocka_unit_test(flows_of_a_time_that_starts_over_end),
	    cmocka_unit_test(any_flow_of_a_pair_is_found_whatever_its_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
