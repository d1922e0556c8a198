/* The newest day, and what --keep forgets. */

#include "facts.h"
#include "ledger/newest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY0 (T0_S / DAY)

static uint32_t keep(struct box *box, uint32_t days)
{
	struct cf_error error = {0};
	uint32_t forgotten = 0;

	box_commit(box);
	assert_int_equal(cf_ledger_retain(box->ledger, days, 0, &forgotten, &error), CF_OK);
	return forgotten;
}

static void ten_days(struct box *box, const char *sensor)
{
	for (int day = 0; day < 10; day++)
		box_watch(box, sensor, "monitor", T0_S + day * DAY, T0_S + day * DAY + HOUR);
	box_commit(box);
}

static void one_wild_record_moves_nothing(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	ten_days(&box, "a");
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 9);
	struct cf_fact hit = a_query("a", "10.0.0.1", T0_S + 100 * DAY);
	struct cf_fact beat = a_beat("a", "monitor", T0_S, T0_S + 101 * DAY, 0);

	box_add(&box, &hit);
	box_add(&box, &beat);
	box_commit(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 9);
	assert_int_equal(cf_model_horizon(box.ledger), T0_S + 9 * DAY + HOUR);
	assert_int_equal(keep(&box, 10), 0);
	assert_int_equal(keep(&box, 4), 6);
	box_close(&box);
}

static void one_wrong_clock_moves_nothing(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	ten_days(&box, "a");
	for (int day = 100; day < 120; day++)
		box_watch(&box, "b", "monitor", T0_S + day * DAY, T0_S + day * DAY + HOUR);
	box_commit(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 9);
	assert_int_equal(keep(&box, 10), 0);
	/* Two that agree are right. */
	box_watch(&box, "a", "monitor", T0_S + 118 * DAY, T0_S + 118 * DAY + HOUR);
	box_commit(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 119);
	assert_int_equal(keep(&box, 100), 20);
	box_close(&box);
}

/* A sensor alone, back after a long time: a day with heartbeats is a day. */
static void a_day_after_a_silence_is_believed(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	ten_days(&box, "a");
	box_watch(&box, "a", "monitor", T0_S + 60 * DAY, T0_S + 60 * DAY + HOUR);
	box_commit(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 60);
	box_close(&box);
}

static void without_heartbeats_hits_and_sightings_tell(void **state)
{
	(void)state;
	struct box box;

	box_open(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), -1);
	assert_int_equal(keep(&box, 3), 0);
	struct cf_fact hit = a_query("a", "10.0.0.1", T0_S + 3 * DAY);

	box_add(&box, &hit);
	box_commit(&box);
	assert_int_equal(cf_ledger_newest_day(box.ledger), DAY0 + 3);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_wild_record_moves_nothing),
	    cmocka_unit_test(one_wrong_clock_moves_nothing),
	    cmocka_unit_test(a_day_after_a_silence_is_believed),
	    cmocka_unit_test(without_heartbeats_hits_and_sightings_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
