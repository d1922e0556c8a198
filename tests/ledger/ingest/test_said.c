/* What records say besides single facts, and what reports make of it. */

#include "ledger/ingest/said.h"

#include "base/instant.h"
#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAC_G "00:1b:21:00:00:01"

/* The instant so many seconds after T0_S as a log writes it. */
static const char *instant(int64_t after_s, char text[CF_INSTANT_TEXT_BYTES])
{
	return cf_instant_format(T0_S + after_s, text);
}

/* A line of that kind; it and the record live until the next. */
static const struct cf_record *a_record(
    const char *sensor, const char *source, const char *type, int64_t at_s, const char *members)
{
	static struct cf_record record;
	static char line[4000];
	char at[CF_INSTANT_TEXT_BYTES];
	int len = snprintf(line, sizeof line,
	    "{\"v\":1,\"timestamp\":\"%s\",\"id\":\"01KBAZ7R2SW0H9M3T5XQ6N8E4C\",\"sensor\":\"%s\","
	    "\"source\":\"%s\",\"event_type\":\"%s\"%s}",
	    instant(at_s, at), sensor, source, type, members);

	assert_int_equal(cf_record_parse(line, (size_t)len, &record), CF_LINE_OK);
	return &record;
}

/* A monitor's heartbeat that says since when it was blind. */
static void blind(
    struct box *box, const char *sensor, int64_t since_s, int64_t at_s, const char *counters)
{
	char members[300], since[CF_INSTANT_TEXT_BYTES], started[CF_INSTANT_TEXT_BYTES];
	struct cf_error error = {0};

	snprintf(members, sizeof members, ",\"started\":\"%s\",%s,\"blind_since\":\"%s\"",
	    instant(0, started), counters, instant(since_s, since));
	assert_int_equal(cf_said_limits(box->batch,
	                     a_record(sensor, "monitor", "heartbeat", at_s, members), &error),
	    CF_OK);
}

/* A host alive and a monitor watching for 20 days, but for what a test adds. */
static void open_watched(struct box *box)
{
	box_open(box);
	box_alive(box, "tap", "10.0.0.5", MAC_G, "pc", T0_S, T0_S + 20 * DAY);
	box_watch(box, "tap", "monitor", T0_S, T0_S + 20 * DAY);
}

static void a_pulled_cable_is_not_watched(void **state)
{
	(void)state;
	struct box box;
	const struct cf_span *gaps;
	int64_t pulled = 15 * DAY + 30;

	open_watched(&box);
	for (int minute = 1; minute <= 20; minute++)
		blind(&box, "tap", pulled, 15 * DAY + minute * MINUTE, "\"dark_s\":30");
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);
	const struct cf_host *host = cf_model_find(model, "pc");

	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 1);
	assert_int_equal(gaps[0].from_minute, (T0_S + 15 * DAY) / 60);
	assert_int_equal(gaps[0].to_minute, (T0_S + 15 * DAY) / 60 + 21);
	assert_string_equal(gaps[0].reason, "no link");
	assert_int_equal(host->state, CF_STATE_UNKNOWN);
	assert_true(host->is_clean_but);
	cf_model_free(model);
	box_close(&box);
}

static void silence_is_named_and_a_moment_of_it_let_pass(void **state)
{
	(void)state;
	struct box box;
	const struct cf_span *gaps;

	open_watched(&box);
	blind(&box, "tap", 15 * DAY + 65, 15 * DAY + 2 * MINUTE, "\"silent_s\":50");
	/* A run that was blind from its beginning: before that there is nothing to be blind, nor
	 * behind what it says. */
	blind(&box, "tap", -DAY, MINUTE, "\"silent_s\":50");
	blind(&box, "tap", 16 * DAY + HOUR, 16 * DAY, "\"silent_s\":50");
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);

	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 3);
	assert_int_equal(gaps[0].from_minute, T0_S / 60);
	assert_int_equal(gaps[0].to_minute, T0_S / 60 + 2);
	assert_int_equal(gaps[1].from_minute, (T0_S + 15 * DAY) / 60 + 1);
	assert_string_equal(gaps[1].reason, "no packets where there always were some");
	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	cf_model_free(model);
	box_close(&box);
}

/* Each minute 100 packets more; of those in [from, to) some in tunnels that are not read. */
static void tunnels(struct box *box, int64_t from_s, int64_t to_s, unsigned each, unsigned minutes)
{
	unsigned long long unread = 0, packets = 0;
	struct cf_error error = {0};

	for (int64_t at = from_s; at < from_s + minutes * MINUTE; at += MINUTE) {
		char members[300], started[CF_INSTANT_TEXT_BYTES];

		packets += 100;
		unread += at < to_s ? each : 0;
		snprintf(members, sizeof members,
		    ",\"started\":\"%s\",\"packets\":%llu,\"decode\":{\"tunnels_unread\":%llu}",
		    instant(from_s - MINUTE, started), packets, unread);
		assert_int_equal(cf_said_limits(box->batch,
		                     a_record("tap", "monitor", "heartbeat", at, members), &error),
		    CF_OK);
	}
}

static void much_in_tunnels_that_are_not_read_is_not_watched(void **state)
{
	(void)state;
	struct box box;
	const struct cf_model_sensor *sensors;
	const struct cf_span *gaps;

	open_watched(&box);
	/* Twenty minutes around midnight, then none for twenty more. */
	tunnels(&box, 15 * DAY - 10 * MINUTE, 15 * DAY + 10 * MINUTE, 10, 40);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);
	const struct cf_host *host = cf_model_find(model, "pc");

	assert_int_equal(cf_model_sensors(model, &sensors), 1);
	assert_int_equal(sensors[0].unread, 200);
	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 1);
	assert_int_equal(gaps[0].from_minute, (T0_S + 15 * DAY) / 60 - 11);
	assert_int_equal(gaps[0].to_minute, (T0_S + 15 * DAY) / 60 + 10);
	assert_string_equal(gaps[0].reason, "much of it in tunnels that are not read");
	assert_int_equal(host->state, CF_STATE_UNKNOWN);
	assert_true(host->is_clean_but);
	cf_model_free(model);
	box_close(&box);
}

static void a_little_in_tunnels_is_told_and_takes_nobodys_state(void **state)
{
	(void)state;
	struct box box;
	const struct cf_model_sensor *sensors;
	const struct cf_span *gaps;

	open_watched(&box);
	tunnels(&box, 15 * DAY, 15 * DAY + HOUR, 9, 60);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);

	assert_int_equal(cf_model_sensors(model, &sensors), 1);
	assert_int_equal(sensors[0].unread, 540);
	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 0);
	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	cf_model_free(model);
	/* Who wants it stricter says so. */
	const struct cf_model_options options = {.at_wall_s = T0_S + 20 * DAY, .unread_percent = 9};
	struct cf_error error = {0};

	assert_int_equal(cf_model_load(box.ledger, &options, &model, &error), CF_OK);
	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 1);
	cf_model_free(model);
	box_close(&box);
}

/* The resolver of a site without a monitor says each hour who asked. */
static void asked(struct box *box, const char *clients, int64_t from_s, int64_t to_s)
{
	struct cf_error error = {0};

	for (int64_t at = from_s; at < to_s; at += HOUR) {
		char members[300], last[CF_INSTANT_TEXT_BYTES];

		snprintf(members, sizeof members, ",\"clients\":\"%s\",\"last\":\"%s\"", clients,
		    instant(at + MINUTE, last));
		assert_int_equal(cf_said_alive(box->batch,
		                     a_record("edge", "resolver", "alive", at, members), &error),
		    CF_OK);
	}
}

static void a_site_without_a_monitor_is_clean_as_far_as_dns_shows(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	box_watch(&box, "edge", "resolver", T0_S, T0_S + 20 * DAY);
	asked(&box, "10.0.0.5 10.0.0.6", 0, 20 * DAY);
	asked(&box, "10.0.0.7", 0, 10 * DAY);
	struct cf_fact query = a_query("edge", "10.0.0.6", T0_S + 19 * DAY);

	box_add(&box, &query);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.0.5");

	assert_int_equal(host->state, CF_STATE_CLEAN);
	assert_true(host->by_dns_alone);
	assert_non_null(strstr(host->why, "as far as DNS shows"));
	assert_int_equal(cf_model_find(model, "10.0.0.6")->state, CF_STATE_DEPENDENT);
	/* Who stopped asking is not known to be clean. */
	assert_int_equal(cf_model_find(model, "10.0.0.7")->state, CF_STATE_UNKNOWN);
	assert_string_equal(
	    cf_model_find(model, "10.0.0.7")->why, "not seen alive since 2026-01-14 23:00");
	cf_model_free(model);
	box_close(&box);
}

static void a_monitor_makes_it_clean_without_if_and_but(void **state)
{
	(void)state;
	struct box box;

	open_watched(&box);
	box_watch(&box, "edge", "resolver", T0_S, T0_S + 20 * DAY);
	asked(&box, "10.0.0.5", 0, 20 * DAY);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);

	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	assert_false(cf_model_find(model, "pc")->by_dns_alone);
	assert_int_equal(cf_model_hosts(model, &(struct cf_host *const *){NULL}), 1);
	cf_model_free(model);
	/* Ten minutes in which the resolver alone watched. */
	blind(&box, "tap", 15 * DAY, 15 * DAY + 10 * MINUTE, "\"dark_s\":600");
	model = box_model(&box, T0_S + 20 * DAY);
	assert_int_equal(cf_model_find(model, "pc")->state, CF_STATE_CLEAN);
	assert_true(cf_model_find(model, "pc")->by_dns_alone);
	cf_model_free(model);
	box_close(&box);
}

static void a_truncated_network_is_never_a_clean_host(void **state)
{
	(void)state;
	struct box box;
	struct cf_error error = {0};

	box_open(&box);
	box_watch(&box, "edge", "resolver", T0_S, T0_S + 20 * DAY);
	asked(&box, "10.0.5.0 10.0.6.0 2001:db8:1::", 0, 20 * DAY);
	assert_int_equal(
	    cf_said_limits(box.batch,
	        a_record("edge", "resolver", "start", 0, ",\"privacy\":\"truncate\""), &error),
	    CF_OK);
	struct cf_fact query = a_query("edge", "10.0.6.0", T0_S + 19 * DAY);

	box_add(&box, &query);
	struct cf_model *model = box_model(&box, T0_S + 20 * DAY);
	const struct cf_host *host = cf_model_find(model, "10.0.5.0");
	const struct cf_span *gaps;

	assert_true(host->is_network);
	assert_ptr_equal(cf_model_find(model, "10.0.5.0/24"), host);
	assert_string_equal(host->addr, "10.0.5.0/24");
	assert_string_equal(cf_model_find(model, "2001:db8:1::")->addr, "2001:db8:1::/48");
	assert_int_equal(host->state, CF_STATE_UNKNOWN);
	assert_string_equal(host->why, "a network, not one host: its addresses are truncated");
	assert_int_equal(cf_model_find(model, "10.0.6.0")->state, CF_STATE_DEPENDENT);
	/* How addresses are masked puts no time in doubt. */
	assert_int_equal(cf_coverage_gaps(cf_model_coverage(model), 0, &gaps), 0);
	cf_model_free(model);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pulled_cable_is_not_watched),
	    cmocka_unit_test(silence_is_named_and_a_moment_of_it_let_pass),
	    cmocka_unit_test(much_in_tunnels_that_are_not_read_is_not_watched),
	    cmocka_unit_test(a_little_in_tunnels_is_told_and_takes_nobodys_state),
	    cmocka_unit_test(a_site_without_a_monitor_is_clean_as_far_as_dns_shows),
	    cmocka_unit_test(a_monitor_makes_it_clean_without_if_and_but),
	    cmocka_unit_test(a_truncated_network_is_never_a_clean_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
