/* Which seals contradict what was seen, and which do not. */

#include "ledger/store/seen_seals.h"

#include "../../scratch_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)
#define BEGIN_US  (INT64_C(1796032800) * 1000000)

struct fixture {
	char dir[SCRATCH_BYTES], path[SCRATCH_COMMAND_BYTES];
	struct cf_ledger *ledger;
	struct cf_seen_seals *seen;
	int64_t from_us;
};

static void open_at(struct fixture *f, const char *path)
{
	const struct cf_ledger_options options = {.path = path, .mode = CF_LEDGER_WRITE};

	assert_int_equal(cf_ledger_open(&options, &f->ledger, NULL, NULL), CF_OK);
	f->seen = cf_seen_seals_new(f->ledger);
	assert_non_null(f->seen);
}

static void close_it(struct fixture *f)
{
	cf_seen_seals_free(f->seen);
	cf_ledger_close(f->ledger);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(mkdtemp(scratch_template(f->dir, "seen")));
	snprintf(f->path, sizeof f->path, "%s/ledger.db", f->dir);
	open_at(f, f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_it(f);
	assert_true(scratch_drop(f->dir));
	free(f);
	return 0;
}

/* A seal of the minute since the beginning; digest tells it from others. */
static bool take(struct fixture *f, uint32_t sensor, uint64_t seq, int64_t minute, unsigned digest)
{
	char text[65];
	bool contradicts = true;

	snprintf(text, sizeof text, "%064x", digest);
	assert_int_equal(cf_seen_seals_take(f->seen, sensor, seq, BEGIN_US + minute * MINUTE_US,
	                     text, 64, &contradicts, &f->from_us, NULL),
	    CF_OK);
	return contradicts;
}

static void the_same_log_again_contradicts_nothing(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 3; round++)
		for (unsigned i = 1; i <= 500; i++) {
			assert_false(take(f, 1, i, i, i));
			assert_false(take(f, 2, i, i, i + 7));
		}
	assert_int_equal(cf_seen_seals_write(f->seen, NULL), CF_OK);
	cf_seen_seals_forget(f->seen);
	for (unsigned i = 1; i <= 500; i++)
		assert_false(take(f, 1, i, i, i));
}

static void a_log_that_was_sealed_anew_is_found_also_after_a_restart(void **state)
{
	struct fixture *f = *state;
	unsigned found = 0;

	for (unsigned i = 1; i <= 500; i++)
		assert_false(take(f, 1, i, i, i));
	assert_int_equal(cf_seen_seals_write(f->seen, NULL), CF_OK);
	cf_seen_seals_free(f->seen);
	f->seen = cf_seen_seals_new(f->ledger);
	/* From minute 200 on every digest is another. */
	for (unsigned i = 1; i <= 500; i++)
		if (take(f, 1, i, i, i < 200 ? i : i + 10000)) {
			found++;
			assert_true(i >= 200);
			assert_true(f->from_us < BEGIN_US + i * MINUTE_US);
			assert_true(f->from_us >= BEGIN_US + (i - 69) * MINUTE_US);
		}
	assert_true(found >= 5); /* one each 68 minutes, and the newest */
	assert_true(take(f, 1, 500, 500, 20000));
}

static void the_newest_seal_alone_is_enough(void **state)
{
	struct fixture *f = *state;

	assert_false(take(f, 1, 1, 1, 1));
	assert_false(take(f, 1, 2, 2, 2));
	assert_false(take(f, 1, 3, 3, 3));
	assert_true(take(f, 1, 3, 3, 4));
	assert_true(take(f, 1, 3, 9, 4));  /* the writer was started again behind seal 2 */
	assert_false(take(f, 1, 4, 3, 4)); /* a heartbeat and a stop record of one instant */
	assert_false(take(f, 1, 5, 4, 5));
}

static void a_chain_that_began_anew_contradicts_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 1; i <= 100; i++)
		assert_false(take(f, 1, i, i, i));
	for (unsigned i = 1; i <= 300; i++)
		assert_false(take(f, 1, i, 200 + i, 1000 + i));
}

static void what_is_no_digest_is_passed_over(void **state)
{
	struct fixture *f = *state;
	bool contradicts = true;

	assert_int_equal(
	    cf_seen_seals_take(f->seen, 1, 1, BEGIN_US, "xyz", 3, &contradicts, &f->from_us, NULL),
	    CF_OK);
	assert_false(contradicts);
}

static void a_rebuild_takes_them_along(void **state)
{
	struct fixture *f = *state;
	const struct cf_ledger_options options = {.path = f->path, .mode = CF_LEDGER_READ};
	struct cf_ledger *old = NULL;
	char fresh[160];

	assert_int_equal(cf_ledger_exec(f->ledger,
	                     "INSERT INTO sensor VALUES(1, 'other', 'monitor');"
	                     "INSERT INTO sensor VALUES(7, 'edge', 'resolver')",
	                     NULL),
	    CF_OK);
	assert_false(take(f, 7, 1, 1, 1));
	assert_int_equal(cf_seen_seals_write(f->seen, NULL), CF_OK);
	close_it(f);
	snprintf(fresh, sizeof fresh, "%s/fresh.db", f->dir);
	open_at(f, fresh);
	assert_int_equal(cf_ledger_open(&options, &old, NULL, NULL), CF_OK);
	assert_int_equal(cf_seen_seals_copy(f->ledger, old, NULL), CF_OK);
	cf_ledger_close(old);
	assert_false(take(f, 1, 1, 1, 1)); /* the only sensor of which there was a seal */
	assert_true(take(f, 1, 1, 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        the_same_log_again_contradicts_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_log_that_was_sealed_anew_is_found_also_after_a_restart, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_newest_seal_alone_is_enough, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_chain_that_began_anew_contradicts_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_digest_is_passed_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_rebuild_takes_them_along, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
