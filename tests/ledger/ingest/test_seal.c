/* A log that was tampered with says so through coverage, and nothing else changes. */

#include "facts.h"
#include "ledger/ingest/ingest.h"
#include "records/write/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Six minutes of a monitor with a hit each, written by the real writer; returns its text. */
static char *a_log(const char *path)
{
	const struct cf_log_options options = {.path = path,
	    .sensor = "tap",
	    .source = "monitor",
	    .privacy = "full",
	    .synchronous = true};
	struct cf_log *log = NULL;
	struct cf_error error;
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(cf_log_open(&options, &log, &error), CF_OK);
	struct cf_producer *producer = cf_log_producer(log);

	cf_log_pump(log, T0_S * 1000000);
	for (int i = 0; i < 6; i++) {
		const uint8_t bytes[4] = {10, 0, 0, 5};
		struct cf_hit hit = {.at_wall_us = (T0_S + i * MINUTE + 20) * 1000000,
		    .event = CF_EVENT_FLOW,
		    .action = CF_ACTION_OBSERVE,
		    .via = CF_VIA_DEST_IP,
		    .src = cf_addr_v4(bytes),
		    .match = {.rule = "77.74.176.0/21", .list = "kaspersky", .category = "updates"},
		    .key = 1};

		assert_true(cf_producer_hit(producer, &hit));
		cf_log_pump(log, (T0_S + (i + 1) * MINUTE) * 1000000);
	}
	cf_log_close(log);
	FILE *from = fopen(path, "re");

	assert_non_null(from);
	assert_true(getdelim(&text, &size, '\0', from) > 0);
	fclose(from);
	return text;
}

static void put(const char *path, const char *text, size_t len)
{
	FILE *to = fopen(path, "we");

	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, len, to), len);
	fclose(to);
}

static uint64_t ingest_once(struct box *box, const char *path)
{
	const struct cf_ingest_options options = {0};
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};

	assert_int_equal(cf_ingest_new(box->ledger, &options, &ingest, &error), CF_OK);
	assert_int_equal(cf_ingest_path(ingest, path, false, &error), CF_OK);
	assert_int_equal(cf_ingest_finish(ingest, &error), CF_OK);
	uint64_t broken = cf_ingest_counts(ingest)->broken;

	cf_ingest_free(ingest);
	return broken;
}

/* Gaps of the monitor in the model, the first's reason in *reason. */
static size_t gaps_of(struct box *box, const struct cf_span **gaps, struct cf_model **model)
{
	*model = box_model(box, T0_S + 10 * MINUTE);
	return cf_coverage_gaps(cf_model_coverage(*model), 0, gaps);
}

static void an_untouched_log_is_covered_throughout(void **state)
{
	(void)state;
	struct box box;
	char path[128];
	const struct cf_span *gaps;
	struct cf_model *model;

	box_open(&box);
	snprintf(path, sizeof path, "%s/hits.jsonl", box.dir);
	free(a_log(path));
	assert_int_equal(ingest_once(&box, path), 0);
	assert_int_equal(gaps_of(&box, &gaps, &model), 0);
	cf_model_free(model);
	box_close(&box);
}

/* Takes the third hit's line away, or changes it. */
static void tamper(char *text, bool remove)
{
	char *line = text, *found = NULL;

	for (int hits = 0; found == NULL; line = strchr(line, '\n') + 1)
		if (strncmp(strstr(line, "\"event_type\":") + 13, "\"flow\"", 6) == 0 &&
		    ++hits == 3)
			found = line;
	if (remove) {
		char *end = strchr(found, '\n') + 1;

		memmove(found, end, strlen(end) + 1);
	} else {
		memcpy(strstr(found, "10.0.0.5"), "10.0.0.6", 8);
	}
}

static void a_removed_or_changed_line_uncovers_its_minute(void **state)
{
	(void)state;
	for (int remove = 0; remove < 2; remove++) {
		struct box box;
		char path[128];
		const struct cf_span *gaps;
		struct cf_model *model;

		box_open(&box);
		snprintf(path, sizeof path, "%s/hits.jsonl", box.dir);
		char *text = a_log(path);

		tamper(text, remove == 1);
		put(path, text, strlen(text));
		free(text);
		assert_int_equal(ingest_once(&box, path), 1);
		assert_int_equal(gaps_of(&box, &gaps, &model), 1);
		assert_string_equal(gaps[0].reason, "log was changed");
		assert_int_equal(gaps[0].from_minute, T0_S / 60 + 2);
		assert_int_equal(gaps[0].to_minute, T0_S / 60 + 4);
		cf_model_free(model);
		box_close(&box);
	}
}

static void a_log_taken_in_by_pieces_is_judged_as_a_whole(void **state)
{
	(void)state;
	struct box whole, pieces;
	char path[128], whole_path[128];

	box_open(&whole);
	box_open(&pieces);
	snprintf(whole_path, sizeof whole_path, "%s/hits.jsonl", whole.dir);
	snprintf(path, sizeof path, "%s/hits.jsonl", pieces.dir);
	char *text = a_log(whole_path);
	size_t len;

	tamper(text, false);
	len = strlen(text);
	put(whole_path, text, len);
	assert_int_equal(ingest_once(&whole, whole_path), 1);
	uint64_t broken = 0;

	for (size_t at = 100; at < len + 137; at += 137) {
		put(path, text, at < len ? at : len);
		broken += ingest_once(&pieces, path);
	}
	assert_int_equal(broken, 1);
	char *a = box_dump(&whole), *b = box_dump(&pieces);

	assert_string_equal(a, b);
	free(a);
	free(b);
	free(text);
	box_close(&whole);
	box_close(&pieces);
}

/* The clock was years ahead, was set, and the sensor started again: both runs are in one file. */
static void a_clock_set_back_between_two_runs_loses_neither(void **state)
{
	(void)state;
	const struct cf_ingest_options options = {0};
	struct cf_ingest *ingest = NULL;
	struct cf_error error = {0};
	struct box box;
	char path[128];
	const struct cf_log_options log_options = {.path = path,
	    .sensor = "tap",
	    .source = "monitor",
	    .privacy = "full",
	    .synchronous = true};

	box_open(&box);
	snprintf(path, sizeof path, "%s/hits.jsonl", box.dir);
	struct cf_log *log = NULL;

	assert_int_equal(cf_log_open(&log_options, &log, &error), CF_OK);
	for (int i = 0; i < 5; i++)
		cf_log_pump(log, (INT64_C(4070908800) + i * MINUTE) * 1000000);
	cf_log_close(log);
	free(a_log(path));
	assert_int_equal(cf_ingest_new(box.ledger, &options, &ingest, &error), CF_OK);
	assert_int_equal(cf_ingest_path(ingest, path, false, &error), CF_OK);
	assert_int_equal(cf_ingest_finish(ingest, &error), CF_OK);
	assert_int_equal(cf_ingest_counts(ingest)->repeated, 0);
	assert_int_equal(cf_ingest_counts(ingest)->broken, 0);
	cf_ingest_free(ingest);
	struct cf_model *model = box_model(&box, T0_S + 10 * MINUTE);

	assert_int_equal(cf_model_find(model, "10.0.0.5")->hits, 6);
	cf_model_free(model);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_untouched_log_is_covered_throughout),
	    cmocka_unit_test(a_removed_or_changed_line_uncovers_its_minute),
	    cmocka_unit_test(a_log_taken_in_by_pieces_is_judged_as_a_whole),
	    cmocka_unit_test(a_clock_set_back_between_two_runs_loses_neither),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
