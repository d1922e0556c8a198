/* Two machines of one name, and one machine whose clock was set back. */

#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A run with its heartbeats each minute of [from, to), whose chain begins and ends as said. */
static void run(struct box *box, int64_t from_s, int64_t to_s, const char *prev, const char *last)
{
	struct cf_error error = {0};
	uint32_t sensor;
	char name[32];

	box_watch(box, "edge", "monitor", from_s, to_s);
	snprintf(name, sizeof name, "%s%s", prev, last);
	assert_int_equal(
	    cf_batch_sensor(box->batch, text_of("edge"), text_of("monitor"), &sensor, &error),
	    CF_OK);
	struct cf_run_seal seal = {.sensor_id = sensor,
	    .started_wall_us = from_s * 1000000,
	    .at_wall_us = (from_s + MINUTE) * 1000000,
	    .run = text_of(name),
	    .prev = text_of(prev),
	    .sha256 = text_of("between")};

	assert_int_equal(cf_batch_run(box->batch, &seal, &error), CF_OK);
	seal.at_wall_us = (to_s - MINUTE) * 1000000;
	seal.prev = text_of("between too");
	seal.sha256 = text_of(last);
	assert_int_equal(cf_batch_run(box->batch, &seal, &error), CF_OK);
}

/* Minutes of gaps, and the reason of the longest. */
static uint32_t gap_minutes(
    struct box *box, int64_t at_s, const char **reason_out, struct cf_model **model_out)
{
	struct cf_model *model = box_model(box, at_s);
	const struct cf_span *gaps;
	size_t count = cf_coverage_gaps(cf_model_coverage(model), 0, &gaps);
	uint32_t minutes = 0, longest = 0;

	*reason_out = "";
	for (size_t i = 0; i < count; i++) {
		uint32_t length = gaps[i].to_minute - gaps[i].from_minute;

		minutes += length;
		if (length > longest) {
			longest = length;
			*reason_out = gaps[i].reason;
		}
	}
	*model_out = model;
	return minutes;
}

static void a_machine_that_was_down_does_not_hide_behind_another(void **state)
{
	(void)state;
	struct box box;
	struct cf_model *model;
	const char *reason;

	box_open(&box);
	run(&box, T0_S, T0_S + 20 * DAY, "0", "a");
	run(&box, T0_S + MINUTE, T0_S + 10 * DAY, "0", "b");
	run(&box, T0_S + 10 * DAY + 9 * HOUR, T0_S + 20 * DAY, "b", "c");
	uint32_t minutes = gap_minutes(&box, T0_S + 20 * DAY, &reason, &model);

	assert_in_range(minutes, 9 * 60 - 5, 9 * 60 + 5);
	assert_non_null(strstr(reason, "another machine"));
	cf_model_free(model);
	box_close(&box);
}

static void restarts_of_one_machine_are_one(void **state)
{
	(void)state;
	struct box box;
	struct cf_model *model;
	const char *reason;

	box_open(&box);
	run(&box, T0_S, T0_S + 2 * DAY, "0", "a");
	run(&box, T0_S + 2 * DAY, T0_S + 4 * DAY, "a", "b"); /* in the same minute */
	run(&box, T0_S + 4 * DAY, T0_S + 6 * DAY, "0", "c"); /* with a new log */
	assert_int_equal(gap_minutes(&box, T0_S + 6 * DAY, &reason, &model), 0);
	cf_model_free(model);
	box_close(&box);
}

static void a_clock_that_was_set_back_is_no_second_machine(void **state)
{
	(void)state;
	struct box box;
	struct cf_model *model;
	const char *reason;

	box_open(&box);
	run(&box, T0_S, T0_S + 2 * DAY, "0", "a");
	run(&box, T0_S + 2 * DAY - 3 * HOUR, T0_S + 4 * DAY, "a", "b");
	assert_int_equal(gap_minutes(&box, T0_S + 4 * DAY, &reason, &model), 0);
	cf_model_free(model);
	box_close(&box);
}

/* A machine that is gone for good does not take the other's word away for ever. */
static void a_machine_that_left_is_forgotten_after_two_weeks(void **state)
{
	(void)state;
	struct box box;
	struct cf_model *model;
	const char *reason;

	box_open(&box);
	run(&box, T0_S, T0_S + 60 * DAY, "0", "a");
	run(&box, T0_S, T0_S + 20 * DAY, "0", "b");
	uint32_t minutes = gap_minutes(&box, T0_S + 60 * DAY, &reason, &model);

	assert_in_range(minutes, 14 * 1440 - 5, 14 * 1440 + 5);
	cf_model_free(model);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_machine_that_was_down_does_not_hide_behind_another),
	    cmocka_unit_test(restarts_of_one_machine_are_one),
	    cmocka_unit_test(a_clock_that_was_set_back_is_no_second_machine),
	    cmocka_unit_test(a_machine_that_left_is_forgotten_after_two_weeks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
