/* Look-ups wait for their answers: each is told once, whatever comes, and room is bounded. */

#include "monitor/evidence/lookups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

struct fixture {
	struct cf_lookups *lookups;
	unsigned count[CF_OUTCOME_UNSEEN + 1];
	struct cf_lookup last;
	struct cf_dns_message message;
	struct cf_name name;
};

static void on_told(
    void *arg, const struct cf_lookup *lookup, const struct cf_lookup_answer *answer)
{
	struct fixture *f = arg;

	f->count[answer->outcome]++;
	f->last = *lookup;
}

static int setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof fixture);
	if (cf_lookups_new(7, on_told, &fixture, &fixture.lookups) != CF_OK ||
	    cf_addr_parse("10.0.0.1", &fixture.message.ends.client) != CF_OK ||
	    cf_addr_parse("10.0.0.53", &fixture.message.ends.server) != CF_OK ||
	    cf_name_from_text("touch.kaspersky.com", 19, &fixture.name) != CF_OK)
		return -1;
	fixture.message.ends.client_port = 4000;
	fixture.message.ends.server_port = 53;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	cf_lookups_free(((struct fixture *)*state)->lookups);
	return 0;
}

static void ask(struct fixture *f, uint16_t id, int64_t at_wall_us)
{
	struct cf_lookup lookup = {.at_wall_us = at_wall_us,
	    .ends = f->message.ends,
	    .transport = f->message.transport,
	    .id = id,
	    .qtype = 1,
	    .name = f->name};

	cf_lookups_asked(f->lookups, &lookup);
}

static struct cf_lookup *find(struct fixture *f, uint16_t id)
{
	f->message.id = id;
	return cf_lookups_find(f->lookups, &f->message, &f->name, 1);
}

static void an_answer_tells_its_question_once(void **state)
{
	const struct cf_lookup_answer answer = {.outcome = CF_OUTCOME_NXDOMAIN};
	struct fixture *f = *state;

	ask(f, 7, S);
	assert_null(find(f, 8));
	assert_true(find(f, 7)->waiting);
	cf_lookups_answered(f->lookups, find(f, 7), &answer);
	assert_int_equal(f->count[CF_OUTCOME_NXDOMAIN], 1);
	assert_int_equal(f->last.id, 7);
	assert_false(find(f, 7)->waiting);
	cf_lookups_flush(f->lookups);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 0);
}

static void who_asks_again_after_the_answer_waits_anew(void **state)
{
	const struct cf_lookup_answer answer = {.outcome = CF_OUTCOME_NXDOMAIN};
	struct fixture *f = *state;

	for (unsigned i = 1; i <= 3; i++) {
		ask(f, 7, i * S);
		assert_true(find(f, 7)->waiting);
		assert_true(find(f, 7)->at_wall_us == i * S);
		cf_lookups_answered(f->lookups, find(f, 7), &answer);
		assert_int_equal(f->count[CF_OUTCOME_NXDOMAIN], i);
	}
}

static void an_answer_that_came_first_is_kept_in_mind(void **state)
{
	struct fixture *f = *state;
	struct cf_lookup lookup = {.at_wall_us = 5 * S,
	    .ends = f->message.ends,
	    .transport = f->message.transport,
	    .id = 7,
	    .qtype = 1,
	    .name = f->name};

	cf_lookups_told_before(f->lookups, &lookup);
	assert_true(find(f, 7)->unasked);
	assert_false(find(f, 7)->waiting);
	cf_lookups_flush(f->lookups);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 0);
	ask(f, 7, 9 * S);
	assert_false(find(f, 7)->unasked);
	assert_true(find(f, 7)->waiting);
}

static void an_answer_without_the_question_finds_the_only_one_that_waits(void **state)
{
	struct fixture *f = *state;
	struct cf_lookup *found;

	ask(f, 1, 10 * S);
	ask(f, 2, 10 * S);
	f->message.id = 1;
	found = cf_lookups_find_unnamed(f->lookups, &f->message);
	assert_non_null(found);
	assert_int_equal(found->id, 1);
	f->message.id = 3;
	assert_null(cf_lookups_find_unnamed(f->lookups, &f->message));
	/* Two with one id, of two types: nobody can tell. */
	ask(f, 1, 10 * S);
	f->message.id = 1;
	assert_null(cf_lookups_find_unnamed(f->lookups, &f->message));
}

static void patience_ends_where_it_ends(void **state)
{
	struct fixture *f = *state;

	ask(f, 7, 100 * S);
	ask(f, 8, 104 * S);
	cf_lookups_reap(f->lookups, (100 + CF_LOOKUP_PATIENCE_S) * S);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 0);
	cf_lookups_reap(f->lookups, (100 + CF_LOOKUP_PATIENCE_S) * S + 1);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 1);
	assert_int_equal(f->last.id, 7);
	cf_lookups_reap(f->lookups, (104 + CF_LOOKUP_PATIENCE_S) * S + 1);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 2);
}

static void look_ups_of_a_time_that_starts_over_are_told(void **state)
{
	struct fixture *f = *state;

	cf_lookups_reap(f->lookups, 1000 * S);
	ask(f, 7, 1000 * S);
	cf_lookups_reap(f->lookups, 1 * S);
	assert_int_equal(f->count[CF_OUTCOME_UNSEEN], 1);
}

static void more_than_there_is_room_for_are_told_and_counted(void **state)
{
	struct fixture *f = *state;
	const unsigned asked = 3 * CF_LOOKUPS;

	for (unsigned i = 0; i < asked; i++)
		ask(f, (uint16_t)i, 100 * S + i);
	assert_true(cf_lookups_evicted(f->lookups) >= asked - CF_LOOKUPS);
	assert_int_equal(f->count[CF_OUTCOME_UNKNOWN], cf_lookups_evicted(f->lookups));
	cf_lookups_flush(f->lookups);
	assert_int_equal(f->count[CF_OUTCOME_UNKNOWN] + f->count[CF_OUTCOME_UNSEEN], asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_answer_tells_its_question_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        who_asks_again_after_the_answer_waits_anew, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        an_answer_that_came_first_is_kept_in_mind, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        an_answer_without_the_question_finds_the_only_one_that_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(patience_ends_where_it_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        look_ups_of_a_time_that_starts_over_are_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        more_than_there_is_room_for_are_told_and_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
