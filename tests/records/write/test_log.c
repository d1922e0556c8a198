/*
 * The log from end to end: threads, folding, sealing, privacy. One file: each test opens the same
 * log and differs in what it does to it.
 */

#include "records/write/log.h"

#include "records/form/pack.h"

#include "samples.h"
#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *folder, *path, *status;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->folder = scratch_make();
	f->path = scratch_path(f->folder, "hits.jsonl");
	f->status = scratch_path(f->folder, "status.json");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scratch_remove(f->folder);
	free(f->path);
	free(f->status);
	free(f);
	return 0;
}

static struct cf_log_options options_of(const struct fixture *f)
{
	return (struct cf_log_options){.path = f->path,
	    .sensor = "edge-01",
	    .source = "resolver",
	    .privacy = "full",
	    .status_path = f->status};
}

static struct cf_log *open_log(const struct cf_log_options *options)
{
	struct cf_log *log = NULL;
	struct cf_error error;

	if (cf_log_open(options, &log, &error) != CF_OK)
		fail_msg("%s", error.text);
	return log;
}

static void each_hit_is_a_line_without_folding(void **state)
{
	const struct fixture *f = *state;
	const struct cf_log_options options = options_of(f);
	struct cf_log *log = open_log(&options);
	struct cf_producer *producer = cf_log_producer(log);
	struct cf_hit hit;
	char *text;

	sample_blocked_query(&hit);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(cf_producer_hit(producer, &hit));
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_non_null(text);
	assert_int_equal(scratch_count(text, "\"event_type\":\"dns\""), 1000);
	assert_int_equal(scratch_sum_counts(text), 1000);
	assert_int_equal(scratch_count(text, "\"event_type\":\"start\""), 1);
	assert_int_equal(scratch_count(text, "\"event_type\":\"stop\""), 1);
	assert_int_equal(scratch_count(text, "\n"), 1002);
	free(text);
}

struct heard {
	unsigned begun, over;
	char first[512];
};

static void hear(void *arg, const char *text)
{
	struct heard *heard = arg;

	if (strstr(text, "cannot write") == NULL)
		heard->over++;
	else if (heard->begun++ == 0)
		(void)snprintf(heard->first, sizeof heard->first, "%s", text);
}

static void a_status_file_that_cannot_be_written_is_said_once_and_counted(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct heard heard = {0};
	struct cf_log_stats stats;
	struct cf_log *log;
	struct cf_hit hit;
	char *away = scratch_path(f->folder, "away"), *text;
	char status[512];

	(void)snprintf(status, sizeof status, "%s/status.json", away);
	options.status_path = status;
	options.synchronous = true;
	options.complain = hear;
	options.arg = &heard;
	log = open_log(&options);
	sample_blocked_query(&hit);
	assert_true(cf_producer_hit(cf_log_producer(log), &hit));
	for (int64_t second = 1; second <= 5; second++)
		cf_log_pump(log, hit.at_wall_us + second * 1000000);
	assert_int_equal(heard.begun, 1);
	assert_non_null(strstr(heard.first, "the status file"));
	assert_non_null(strstr(heard.first, "No such file"));
	cf_log_stats(log, &stats);
	assert_int_equal(stats.status_failed, 5);
	assert_int_equal(mkdir(away, 0755), 0);
	cf_log_pump(log, hit.at_wall_us + 6 * 1000000);
	assert_int_equal(heard.over, 1);
	assert_int_equal(access(status, F_OK), 0);
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_count(text, "\"event_type\":\"dns\""), 1);
	assert_non_null(strstr(strstr(text, "\"stop\""), "\"status_failed\":5"));
	(void)unlink(status);
	(void)rmdir(away);
	free(away);
	free(text);
}

static void a_log_that_takes_nothing_is_said_once(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct heard heard = {0};
	struct cf_log_stats stats;
	struct cf_log *log;
	struct cf_hit hit;

	options.path = "/dev/full";
	options.status_path = NULL;
	options.synchronous = true;
	options.complain = hear;
	options.arg = &heard;
	log = open_log(&options);
	sample_blocked_query(&hit);
	assert_true(cf_producer_hit(cf_log_producer(log), &hit));
	for (int64_t second = 1; second <= 130; second++)
		cf_log_pump(log, hit.at_wall_us + second * 1000000);
	assert_int_equal(heard.begun, 1);
	assert_int_equal(heard.over, 0);
	assert_non_null(strstr(heard.first, "the hit log '/dev/full': No space left"));
	cf_log_end(log);
	cf_log_stats(log, &stats);
	assert_true(stats.degraded);
	assert_int_not_equal(access("/dev/full.resolver.folds", F_OK), 0);
	cf_log_close(log);
}

static void a_flood_of_clients_costs_a_number(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_hit hit;
	char *text;

	options.fold_s = 60;
	options.newcomers = 1000;
	log = open_log(&options);
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	for (unsigned i = 0; i < 50000; i++) {
		/* One that was there before, and made-up ones. */
		hit.src.bytes[1] = i % 100 == 0 ? 0 : (uint8_t)(1 + i % 7);
		hit.src.bytes[2] = i % 100 == 0 ? 0 : (uint8_t)(i >> 8);
		hit.src.bytes[3] = i % 100 == 0 ? 1 : (uint8_t)i;
		hit.at_wall_us++;
		while (!cf_producer_hit(producer, &hit))
			usleep(1000);
	}
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_non_null(text);
	/* A second or two may pass, at 50 a second, and a minute on a slow machine. */
	assert_in_range(scratch_count(text, "\"event_type\":\"dns\""), 1000, 9000);
	assert_true(scratch_count(text, "\"event_type\":\"lost\"") >= 1);
	assert_non_null(strstr(text, "\"lost_flood\":"));
	free(text);
}

static void folded_counts_add_up(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct cf_log *log;
	struct cf_producer *producer;
	struct cf_hit hit;
	char *text;

	options.fold_s = 60;
	log = open_log(&options);
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	for (unsigned i = 0; i < 5000; i++) {
		hit.src.bytes[3] = (uint8_t)(i % 10);
		hit.at_wall_us++;
		assert_true(cf_producer_hit(producer, &hit));
	}
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_count(text, "\"event_type\":\"dns\""), 20);
	assert_int_equal(scratch_count(text, "\"count\":1}"), 10);
	assert_int_equal(
	    scratch_count(text, "\"count\":499,\"last\":\"2024-10-01T08:14:03.48"), 10);
	assert_int_equal(scratch_sum_counts(text), 5000);
	free(text);
}

struct pusher {
	struct cf_producer *producer;
	unsigned pushed, number;
};

static void *push_many(void *arg)
{
	struct pusher *pusher = arg;
	struct cf_hit hit;

	sample_blocked_query(&hit);
	hit.src.bytes[1] = (uint8_t)pusher->number;
	for (unsigned i = 0; i < 30000; i++) {
		hit.src.bytes[3] = (uint8_t)i;
		hit.key = 1 + i % 8;
		while (!cf_producer_hit(pusher->producer, &hit))
			usleep(100);
		pusher->pushed++;
	}
	return NULL;
}

static void flood_from_several_threads_is_counted_exactly(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct pusher pushers[3];
	pthread_t threads[3];
	struct cf_log_stats stats;
	struct cf_log *log;
	unsigned long lost = 0;
	char *text;

	options.fold_s = 1;
	options.queue_bytes = 65536; /* small, so that it runs full */
	log = open_log(&options);
	for (unsigned i = 0; i < 3; i++) {
		pushers[i] = (struct pusher){.producer = cf_log_producer(log), .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, push_many, &pushers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	cf_log_stats(log, &stats);
	assert_int_equal(stats.hits, 90000);
	lost = stats.lost_queue; /* refused and tried again: no hit is missing */
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), 90000);
	if (lost > 0)
		assert_true(scratch_count(text, "\"event_type\":\"lost\"") > 0);
	free(text);
}

static void full_queue_drops_counts_and_tells(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	unsigned long taken = 0, dropped = 0;
	struct cf_log_stats stats;
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_hit hit;
	char *text, expected[64];

	options.queue_bytes = 1;
	log = open_log(&options);
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	while (dropped == 0 && taken < 10000000) {
		if (cf_producer_hit(producer, &hit))
			taken++;
		else
			dropped++;
	}
	assert_int_equal(dropped, 1);
	cf_log_stats(log, &stats);
	assert_int_equal(stats.hits, taken);
	assert_int_equal(stats.lost_queue, 1);
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), taken);
	snprintf(expected, sizeof expected, "\"lost_queue\":%lu,\"lost_disk\":0,\"torn_bytes\":0",
	    dropped);
	assert_int_equal(scratch_count(text, expected), 1);
	free(text);
}

static void unusable_path_degrades_but_opens(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	char *path = scratch_path(f->folder, "missing/hits.jsonl");
	struct cf_log_stats stats;
	struct cf_error error;
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_hit hit;

	options.path = path;
	assert_int_equal(cf_log_open(&options, &log, &error), CF_OK);
	assert_int_equal(error.status, CF_EIO);
	assert_non_null(strstr(error.text, "missing/hits.jsonl"));
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	assert_true(cf_producer_hit(producer, &hit));
	cf_log_stats(log, &stats);
	assert_true(stats.degraded);
	cf_log_close(log);
	free(path);
}

/* What a payload refers to, and how often it was asked for. */
struct referred {
	const char *list;
	_Atomic unsigned asked;
};

struct reference {
	struct referred *to;
	uint16_t qtype;
	uint8_t qname[9];
};

static void expand(void *arg, const void *payload, struct cf_hit *hit_out)
{
	const struct reference *reference = payload;

	assert_non_null(arg);
	reference->to->asked++;
	hit_out->dns.qname_wire = reference->qname;
	hit_out->dns.qtype = reference->qtype;
	hit_out->match.list = reference->to->list;
}

static void push_reference(struct cf_producer *producer, struct referred *to, uint64_t key)
{
	const struct reference reference = {
	    .to = to, .qtype = 28, .qname = {3, 'a', '.', 'b', 3, 'o', 'r', 'g', 0}};
	struct cf_packed *packed = cf_producer_begin(producer);
	struct cf_addr client = {.family = CF_FAMILY_V4, .bytes = {10, 0, 0, 9}};

	assert_non_null(packed);
	*packed = (struct cf_packed){.event = CF_EVENT_DNS,
	    .action = CF_ACTION_BLOCK,
	    .via = CF_VIA_QNAME,
	    .at_wall_us = INT64_C(1727770443481207),
	    .key = key,
	    .ip_proto = 17,
	    .src_port = 4711};
	cf_pack_client(packed, &client, NULL);
	memcpy(packed + 1, &reference, sizeof reference);
	cf_producer_end(producer, packed, sizeof reference);
}

static void hits_by_reference_are_made_whole_for_their_lines_alone(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct referred gone = {.list = "first"}, *to = &gone;
	struct cf_producer *producer;
	struct cf_log_mark *mark;
	struct cf_log_stats stats;
	struct cf_log *log;
	char *text;

	options.fold_s = 60;
	options.expand = expand;
	options.arg = to;
	log = open_log(&options);
	producer = cf_log_producer(log);
	for (unsigned i = 0; i < 1000; i++)
		push_reference(producer, to, 7);
	mark = cf_log_mark(log);
	assert_non_null(mark);
	for (unsigned waited = 0; !cf_log_has_taken(mark) && waited < 30000; waited++)
		(void)usleep(1000); /* a signal only shortens it */
	assert_true(cf_log_has_taken(mark));
	free(mark);
	assert_int_equal(gone.asked, 2); /* the first line, and the sample of what repeats it */
	gone.list = "freed";             /* what was taken must not be looked at again */
	cf_log_stats(log, &stats);
	assert_int_equal(stats.hits, 1000);
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), 1000);
	assert_int_equal(scratch_count(text, "\"event_type\":\"dns\""), 2);
	assert_int_equal(scratch_count(text, "\"list\":\"first\""), 2);
	assert_int_equal(scratch_count(text, "\"src_ip\":\"10.0.0.9\""), 2);
	assert_int_equal(scratch_count(text, "\"src_port\":4711"), 2);
	assert_int_equal(scratch_count(text, "\"qtype\":\"AAAA\""), 2);
	assert_int_equal(scratch_count(text, "\"list\":\"freed\""), 0);
	free(text);
}

static void mark_is_not_passed_before_its_hits_are_taken(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct referred list = {.list = "first"};
	struct cf_producer *producer;
	struct cf_log_mark *empty, *mark;
	struct cf_log *log;

	options.synchronous = true; /* nothing is taken before the pump */
	options.expand = expand;
	options.arg = &list;
	log = open_log(&options);
	empty = cf_log_mark(log);
	producer = cf_log_producer(log);
	push_reference(producer, &list, 7);
	mark = cf_log_mark(log);
	assert_true(empty != NULL && mark != NULL);
	assert_true(cf_log_has_taken(empty));
	assert_false(cf_log_has_taken(mark));
	cf_log_pump(log, INT64_C(1727770443481207));
	assert_true(cf_log_has_taken(mark));
	free(empty);
	free(mark);
	cf_log_close(log);
}

static void synchronous_log_runs_on_the_packets_clock(void **state)
{
	const struct fixture *f = *state;
	struct cf_log_options options = options_of(f);
	struct cf_producer *producer;
	struct cf_log *log;
	struct cf_hit hit;
	char *text;

	options.synchronous = true;
	options.fold_s = 60;
	options.queue_bytes = 1; /* makes room by itself */
	log = open_log(&options);
	producer = cf_log_producer(log);
	sample_blocked_query(&hit);
	/* One each second for five minutes: a first line and one line for each window. */
	for (unsigned i = 0; i < 300; i++, hit.at_wall_us += 1000000) {
		assert_true(cf_producer_hit(producer, &hit));
		cf_log_pump(log, hit.at_wall_us);
	}
	cf_log_close(log);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), 300);
	assert_int_equal(scratch_count(text, "\"event_type\":\"dns\""), 6);
	assert_int_equal(scratch_count(text, "\"event_type\":\"heartbeat\""), 4);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_status_file_that_cannot_be_written_is_said_once_and_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_log_that_takes_nothing_is_said_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(each_hit_is_a_line_without_folding, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_flood_of_clients_costs_a_number, setup, teardown),
	    cmocka_unit_test_setup_teardown(folded_counts_add_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        flood_from_several_threads_is_counted_exactly, setup, teardown),
	    cmocka_unit_test_setup_teardown(full_queue_drops_counts_and_tells, setup, teardown),
	    cmocka_unit_test_setup_teardown(unusable_path_degrades_but_opens, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        hits_by_reference_are_made_whole_for_their_lines_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        mark_is_not_passed_before_its_hits_are_taken, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        synchronous_log_runs_on_the_packets_clock, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
