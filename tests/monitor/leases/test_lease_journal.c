/* Later rows renew, end and replace what earlier ones said. */

#include "monitor/leases/lease_journal.h"

#include "records/form/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct out {
	struct cf_lease of[16];
	unsigned count;
};

static void on_lease(void *arg, const struct cf_lease *lease)
{
	struct out *out = arg;

	assert_true(out->count < 16);
	out->of[out->count++] = *lease;
}

static struct cf_lease lease_of(uint8_t mac, int64_t from, int64_t to, enum cf_identity_end end)
{
	struct cf_lease lease = {.addr = {.family = CF_FAMILY_V4, .bytes = {10, 0, 0, 5}},
	    .has_mac = mac != 0,
	    .from_wall_s = from,
	    .to_wall_s = to,
	    .end = (uint8_t)end,
	    .line = 1};

	lease.mac[5] = mac;
	return lease;
}

struct stage {
	struct cf_lease_journal *journal;
	struct out out;
};

static void begin(struct stage *stage)
{
	*stage = (struct stage){.journal = NULL};
	assert_int_equal(cf_lease_journal_new(on_lease, &stage->out, &stage->journal), CF_OK);
}

static bool row(struct stage *stage, enum cf_lease_row_kind kind, const struct cf_lease *lease)
{
	bool is_used;

	assert_int_equal(cf_lease_journal_row(stage->journal, kind, lease, &is_used), CF_OK);
	return is_used;
}

static void finish(struct stage *stage)
{
	cf_lease_journal_finish(stage->journal);
	cf_lease_journal_free(stage->journal);
}

static void is(
    const struct cf_lease *lease, uint8_t mac, int64_t from, int64_t to, enum cf_identity_end end)
{
	assert_int_equal(lease->mac[5], mac);
	assert_int_equal(lease->from_wall_s, from);
	assert_int_equal(lease->to_wall_s, to);
	assert_int_equal(lease->end, end);
}

static void renewals_are_one_lease(void **state)
{
	struct cf_lease first = lease_of(1, 100, 200, CF_IDENTITY_EXPIRED),
	                again = lease_of(1, 150, 250, CF_IDENTITY_EXPIRED),
	                late = lease_of(1, 300, 400, CF_IDENTITY_EXPIRED);
	struct stage stage;

	(void)state;
	begin(&stage);
	strcpy(first.name, "alpha");
	assert_true(row(&stage, CF_LEASE_RUNS, &first));
	assert_true(row(&stage, CF_LEASE_RUNS, &again));
	assert_true(row(&stage, CF_LEASE_RUNS, &late));
	finish(&stage);
	assert_int_equal(stage.out.count, 2);
	is(&stage.out.of[0], 1, 100, 250, CF_IDENTITY_EXPIRED);
	assert_string_equal(stage.out.of[0].name, "alpha"); /* what the renewal left out */
	is(&stage.out.of[1], 1, 300, 400, CF_IDENTITY_EXPIRED);
}

static void another_client_ends_it(void **state)
{
	struct cf_lease alpha = lease_of(1, 100, 900, CF_IDENTITY_EXPIRED),
	                beta = lease_of(2, 500, 1300, CF_IDENTITY_EXPIRED),
	                gamma = lease_of(3, 2000, INT64_MAX, CF_IDENTITY_EXPIRED);
	struct stage stage;

	(void)state;
	begin(&stage);
	row(&stage, CF_LEASE_RUNS, &alpha);
	row(&stage, CF_LEASE_RUNS, &beta);
	row(&stage, CF_LEASE_RUNS, &gamma);
	finish(&stage);
	assert_int_equal(stage.out.count, 3);
	is(&stage.out.of[0], 1, 100, 500, CF_IDENTITY_REPLACED);
	is(&stage.out.of[1], 2, 500, 1300, CF_IDENTITY_EXPIRED);
	is(&stage.out.of[2], 3, 2000, INT64_MAX, CF_IDENTITY_EXPIRED);
}

static void a_row_that_ends_it_without_saying_when_comes_after_those_above(void **state)
{
	struct cf_lease alpha = lease_of(1, 100, 900, CF_IDENTITY_EXPIRED),
	                other = lease_of(2, 400, 1300, CF_IDENTITY_EXPIRED),
	                over = lease_of(1, 100, 100, CF_IDENTITY_RELEASED);
	struct stage stage;

	(void)state;
	other.addr.bytes[3] = 6;
	begin(&stage);
	row(&stage, CF_LEASE_RUNS, &alpha);
	row(&stage, CF_LEASE_RUNS, &other);
	assert_true(row(&stage, CF_LEASE_OVER_SINCE, &over));
	assert_false(row(&stage, CF_LEASE_OVER_SINCE, &over)); /* said twice */
	finish(&stage);
	assert_int_equal(stage.out.count, 2);
	is(&stage.out.of[0], 1, 100, 400, CF_IDENTITY_RELEASED);
	is(&stage.out.of[1], 2, 400, 1300, CF_IDENTITY_EXPIRED);
}

static void a_lease_of_which_only_the_end_is_left_was_one(void **state)
{
	struct cf_lease over = lease_of(1, 100, 900, CF_IDENTITY_EXPIRED),
	                nobody = lease_of(0, 950, 960, CF_IDENTITY_DECLINED),
	                beta = lease_of(2, 1000, 1300, CF_IDENTITY_EXPIRED),
	                gone = lease_of(3, 1400, 1500, CF_IDENTITY_RELEASED);
	struct stage stage;

	(void)state;
	begin(&stage);
	assert_true(row(&stage, CF_LEASE_OVER, &over));
	assert_false(row(&stage, CF_LEASE_OVER, &over));
	assert_false(row(&stage, CF_LEASE_OVER, &nobody));
	assert_true(row(&stage, CF_LEASE_RUNS, &beta));
	assert_true(row(&stage, CF_LEASE_OVER, &gone)); /* another's, since */
	finish(&stage);
	assert_int_equal(stage.out.count, 3);
	is(&stage.out.of[0], 1, 100, 900, CF_IDENTITY_EXPIRED);
	is(&stage.out.of[1], 2, 1000, 1300, CF_IDENTITY_EXPIRED);
	is(&stage.out.of[2], 3, 1400, 1500, CF_IDENTITY_RELEASED);
}

static void many_addresses_are_kept_apart(void **state)
{
	struct cf_lease lease = lease_of(1, 100, 900, CF_IDENTITY_EXPIRED);
	struct stage stage;

	(void)state;
	begin(&stage);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			lease.addr.bytes[2] = (uint8_t)(i >> 8);
			lease.addr.bytes[3] = (uint8_t)i;
			lease.from_wall_s = 100 + round;
			row(&stage, CF_LEASE_RUNS, &lease);
		}
	assert_int_equal(stage.out.count, 0);
	cf_lease_journal_free(stage.journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(renewals_are_one_lease),
	    cmocka_unit_test(another_client_ends_it),
	    cmocka_unit_test(a_row_that_ends_it_without_saying_when_comes_after_those_above),
	    cmocka_unit_test(a_lease_of_which_only_the_end_is_left_was_one),
	    cmocka_unit_test(many_addresses_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
