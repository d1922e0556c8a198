/* The journal of folds when its file goes, cannot be made, or cannot be written. */

#include "records/write/fold_keeper.h"

#include "base/limits.h"
#include "records/form/pack.h"
#include "records/write/fold_journal.h"

#include "samples.h"
#include "scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *folder, *path;
	struct cf_fold *fold;
	struct cf_fold_keeper keeper;
	unsigned lines, emitted;
	uint64_t hits;
	uint16_t last_port;
	char said[512];
};

static void emit(void *arg, const struct cf_packed *packed, uint64_t count, int64_t last_wall_us)
{
	struct fixture *f = arg;

	(void)last_wall_us;
	f->emitted++;
	f->hits += count;
	f->last_port = packed->dest_port;
}

static void hear(void *arg, const char *text)
{
	struct fixture *f = arg;

	f->lines++;
	(void)snprintf(f->said, sizeof f->said, "%s", text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const uint8_t key[16] = {1};

	f->folder = scratch_make();
	f->path = scratch_path(f->folder, "hits.jsonl");
	if (cf_fold_new(CF_FOLD_ENTRIES, key, emit, NULL, f, &f->fold) != CF_OK)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cf_fold_free(f->fold);
	cf_fold_keeper_done(&f->keeper);
	scratch_remove(f->folder);
	free(f->path);
	free(f);
	return 0;
}

static uint64_t look(struct fixture *f)
{
	const struct cf_trouble_teller teller = {.say = hear, .arg = f};
	const struct cf_fold_keeper_place place = {
	    .log_path = f->path, .source = "resolver", .now_us = 0, .teller = &teller};

	return cf_fold_keeper_look(&f->keeper, f->fold, &place, emit, f);
}

/* count hits of one client to one port, of which the first is a line of its own. */
static void add(struct fixture *f, uint16_t port, unsigned count)
{
	_Alignas(8) uint8_t packed[CF_RECORD_PACKED_BYTES];
	struct cf_hit hit;

	sample_blocked_query(&hit);
	hit.dest_port = port;
	hit.key = port;
	(void)cf_pack_hit(&hit, packed);
	for (unsigned i = 0; i <= count; i++)
		(void)cf_fold_add(f->fold, (const struct cf_packed *)(const void *)packed, 0);
}

/* What the next run finds after a kill. */
static uint64_t after_a_kill(struct fixture *f)
{
	char name[512];
	struct cf_fold_journal *journal;
	uint64_t hits;

	cf_fold_keeper_done(&f->keeper); /* the lock goes with the process */
	journal = cf_fold_journal_open(f->path, "resolver", name, sizeof name);
	assert_non_null(journal);
	f->emitted = 0;
	hits = cf_fold_journal_recover(journal, emit, f);
	cf_fold_journal_close(journal);
	cf_fold_set_journal(f->fold, NULL);
	return hits;
}

static void a_removed_file_is_made_again_with_all_it_held(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(look(f), 0);
	add(f, 1, 5);
	(void)look(f);
	assert_int_equal(unlink(f->keeper.path), 0);
	add(f, 2, 7);
	(void)look(f);
	assert_int_equal(access(f->keeper.path, F_OK), 0);
	assert_int_equal(f->lines, 0); /* nothing was lost */
	assert_int_equal(after_a_kill(f), 12);
	assert_int_equal(f->emitted, 2);
}

static void what_this_run_still_holds_is_not_taken_from_a_file_put_back(void **state)
{
	struct fixture *f = *state;
	char *copy;
	size_t len;

	(void)look(f);
	add(f, 1, 5);
	(void)look(f);
	copy = scratch_read(f->keeper.path, &len);
	assert_int_equal(unlink(f->keeper.path), 0);
	scratch_write(f->keeper.path, copy, len);
	assert_int_equal(look(f), 0);
	assert_int_equal(f->emitted, 0);
	assert_int_equal(after_a_kill(f), 5);
	free(copy);
}

static void one_that_cannot_be_made_is_said_and_tried_again(void **state)
{
	struct fixture *f = *state;
	char *name = scratch_path(f->folder, "hits.jsonl.resolver.folds");

	assert_int_equal(mkdir(name, 0755), 0);
	add(f, 1, 5);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(look(f), 0);
	assert_int_equal(f->lines, 1);
	assert_non_null(strstr(f->said, "cannot write the journal of repeats"));
	assert_int_equal(cf_fold_keeper_failures(&f->keeper), 4);
	assert_int_equal(rmdir(name), 0);
	(void)look(f);
	assert_int_equal(f->lines, 2);
	assert_non_null(strstr(f->said, "is written again, after 4 failures"));
	assert_int_equal(after_a_kill(f), 5);
	free(name);
}

/* Only the heads, which lie in front of the samples, still fit on the disk. */
static void limit_to_heads(bool limited)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = limited ? 1 << 20 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	(void)signal(SIGXFSZ, limited ? SIG_IGN : SIG_DFL);
}

static void a_sample_that_did_not_fit_lends_its_count_to_no_other(void **state)
{
	struct fixture *f = *state;

	(void)look(f);
	add(f, 1, 5);
	(void)look(f);
	cf_fold_flush(f->fold); /* written as a line; the sample stays in its slot */
	cf_fold_sync(f->fold, true);
	add(f, 2, 7); /* the same slot */
	limit_to_heads(true);
	(void)look(f);
	limit_to_heads(false);
	assert_int_equal(f->lines, 1);
	/* A kill now loses the seven; as those of port 1 they would be evidence of what never was.
	 */
	assert_int_equal(after_a_kill(f), 0);
}

static void what_did_not_fit_is_written_when_there_is_room(void **state)
{
	struct fixture *f = *state;

	(void)look(f);
	add(f, 2, 7);
	limit_to_heads(true);
	(void)look(f);
	(void)look(f);
	limit_to_heads(false);
	assert_int_equal(cf_fold_keeper_failures(&f->keeper), 2);
	(void)look(f);
	assert_int_equal(f->lines, 2);
	assert_int_equal(after_a_kill(f), 7);
	assert_int_equal(f->last_port, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_removed_file_is_made_again_with_all_it_held, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_this_run_still_holds_is_not_taken_from_a_file_put_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        one_that_cannot_be_made_is_said_and_tried_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_sample_that_did_not_fit_lends_its_count_to_no_other, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_did_not_fit_is_written_when_there_is_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
