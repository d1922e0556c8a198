/* Disks that refuse: nothing is lost silently, nothing is written twice. */

#include "records/write/writer.h"

#include "samples.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

/* A disk with so much room left; then ENOSPC, after a last write that is cut short. */
struct disk {
	size_t room;
	unsigned refusals;
};

static ssize_t write_to_disk(void *arg, int fd, const void *bytes, size_t len)
{
	struct disk *disk = arg;

	if (disk->room == 0) {
		disk->refusals++;
		errno = ENOSPC;
		return -1;
	}
	if (len > disk->room)
		len = disk->room;
	disk->room -= len;
	return write(fd, bytes, len);
}

struct fixture {
	char *folder, *path;
	struct disk disk;
	struct cf_writer writer;
	int64_t now;
	_Alignas(8) uint8_t packed[CF_RECORD_PACKED_BYTES];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct cf_log_options options = {.sensor = "edge-01", .source = "resolver"};
	struct cf_hit hit;

	f->folder = scratch_make();
	options.path = f->path = scratch_path(f->folder, "hits.jsonl");
	f->now = INT64_C(1727770443) * SECOND;
	f->disk.room = SIZE_MAX;
	assert_int_equal(cf_writer_init(&f->writer, &options, NULL), CF_OK);
	f->writer.sink.write = write_to_disk;
	f->writer.sink.write_arg = &f->disk;
	sample_blocked_query(&hit);
	(void)cf_pack_hit(&hit, f->packed);
	cf_writer_start(&f->writer, f->now, f->now);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cf_writer_done(&f->writer);
	scratch_remove(f->folder);
	free(f->path);
	free(f);
	return 0;
}

static void take(struct fixture *f, unsigned count)
{
	const struct cf_packed *packed = (const struct cf_packed *)(const void *)f->packed;

	for (unsigned i = 0; i < count; i++)
		cf_writer_take(&f->writer, &packed, 1);
}

static void tick(struct fixture *f, unsigned seconds)
{
	f->now += seconds * SECOND;
	cf_writer_tick(&f->writer, f->now, f->now);
}

/* Lines that are whole records. */
static unsigned whole_lines(const char *text, unsigned *torn_out)
{
	unsigned whole = 0;

	*torn_out = 0;
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		if (end - text > 6 && memcmp(text, "{\"v\":2", 6) == 0 && end[-1] == '}' &&
		    memchr(text + 1, '\n', (size_t)(end - text) - 1) == NULL)
			whole++;
		else
			(*torn_out)++;
	}
	return whole;
}

static void full_disk_at_every_byte_loses_and_doubles_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned torn;
	char *text;

	/* Room ends after 0, 7, 14 ... bytes more, through several lines. */
	for (size_t room = 0; room < 2000; room += 7) {
		f->disk.room = room;
		take(f, 5);
		tick(f, 1);
		tick(f, 1);
		f->disk.room = SIZE_MAX;
		tick(f, 2);
	}
	cf_writer_stop(&f->writer, f->now, f->now);
	assert_true(f->disk.refusals > 0);
	text = scratch_read(f->path, NULL);
	(void)whole_lines(text, &torn);
	assert_true(torn > 0);
	assert_int_equal(f->writer.hits, 286 * 5);
	/* Torn lines hold no count: they end before their last member or lack only the newline. */
	assert_int_equal(atomic_load(&f->writer.lost_disk), 0);
	assert_true(scratch_count(text, "\"event_type\":\"lost\"") > 0);
	assert_int_equal(scratch_count(text, "\"count\":1}\n"), 286 * 5);
	free(text);
}

static void long_outage_is_bounded_counted_and_told(void **state)
{
	struct fixture *f = *state;
	unsigned long written;
	uint64_t lost;
	char *text;

	f->disk.room = 0;
	for (unsigned i = 0; i < 50; i++) {
		take(f, 1000);
		tick(f, 1);
	}
	lost = atomic_load(&f->writer.lost_disk);
	assert_true(lost > 0);
	assert_true(atomic_load(&f->writer.degraded));
	/* Tried again about once a second, not once a line. */
	assert_in_range(f->disk.refusals, 10, 110);
	f->disk.room = SIZE_MAX;
	tick(f, 2);
	tick(f, 61);
	assert_false(atomic_load(&f->writer.degraded));
	cf_writer_stop(&f->writer, f->now, f->now);
	text = scratch_read(f->path, NULL);
	written = scratch_sum_counts(text);
	assert_int_equal(written + lost, 50000);
	assert_int_equal(scratch_count(text, "\"event_type\":\"lost\""), 1);
	free(text);
}

static void folds_survive_an_outage(void **state)
{
	struct fixture *f = *state;
	char *text;

	f->writer.fold_s = 10;
	f->disk.room = 0;
	for (unsigned i = 0; i < 50; i++) {
		take(f, 10000);
		tick(f, 1);
	}
	f->disk.room = SIZE_MAX;
	tick(f, 20);
	cf_writer_stop(&f->writer, f->now, f->now);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), 500000);
	assert_int_equal(atomic_load(&f->writer.lost_disk), 0);
	free(text);
}

/* What is in the log, and what it says is lost; written and lost together are all. */
static void expect_all_accounted(struct fixture *f, unsigned total, uint64_t lost)
{
	char *text = scratch_read(f->path, NULL), *last;

	assert_non_null(text);
	assert_int_equal(scratch_sum_counts(text) + lost, total);
	assert_int_equal(atomic_load(&f->writer.lost_disk), lost);
	/* The last of them says it, the stop record. */
	last = strstr(text, "\"event_type\":\"stop\"");
	assert_non_null(last);
	if (lost > 0) {
		char wanted[64];

		snprintf(wanted, sizeof wanted, "\"lost_disk\":%llu", (unsigned long long)lost);
		assert_non_null(strstr(last, wanted));
		assert_int_equal(scratch_count(text, "\"event_type\":\"lost\""), 1);
	}
	free(text);
}

static void a_removed_file_is_seen_and_what_was_in_it_is_lost(void **state)
{
	struct fixture *f = *state;

	take(f, 300);
	tick(f, 1);
	assert_int_equal(unlink(f->path), 0);
	take(f, 5); /* goes where nobody can read it */
	tick(f, 0);
	tick(f, 1); /* seen */
	take(f, 7);
	tick(f, 1);
	cf_writer_stop(&f->writer, f->now, f->now);
	expect_all_accounted(f, 312, 305);
}

static void a_removed_folder_is_seen_and_a_new_one_is_taken(void **state)
{
	struct fixture *f = *state;
	char *folds = scratch_path(f->folder, "hits.jsonl.resolver.folds");

	take(f, 10);
	tick(f, 1);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(unlink(folds), 0);
	assert_int_equal(rmdir(f->folder), 0);
	take(f, 5);
	tick(f, 1);
	take(f, 3); /* waits, for there is nowhere to write to */
	tick(f, 1);
	assert_int_equal(mkdir(f->folder, 0700), 0);
	take(f, 2);
	tick(f, 2);
	cf_writer_stop(&f->writer, f->now, f->now);
	/* The five had been taken before the folder was looked for; they waited with the rest, or
	 * were written into the removed file: in any case nothing is missing. */
	expect_all_accounted(f, 20, atomic_load(&f->writer.lost_disk));
	assert_in_range(atomic_load(&f->writer.lost_disk), 10, 15);
	free(folds);
}

static void a_file_that_was_compressed_at_once_is_not_lost(void **state)
{
	struct fixture *f = *state;
	char *moved = scratch_path(f->folder, "hits.jsonl.1"),
	     *packed = scratch_path(f->folder, "hits.jsonl.1.gz"), *text;

	take(f, 10);
	tick(f, 1);
	tick(f, 1); /* seen where it belongs, with all of them */
	/* logrotate without delaycompress: renamed, compressed and removed between two looks. */
	assert_int_equal(rename(f->path, moved), 0);
	scratch_write(packed, "packed", 6);
	assert_int_equal(unlink(moved), 0);
	tick(f, 1);
	take(f, 4);
	tick(f, 1);
	cf_writer_stop(&f->writer, f->now, f->now);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text), 4);
	assert_int_equal(atomic_load(&f->writer.lost_disk), 0);
	free(text);
	free(moved);
	free(packed);
}

static void what_comes_in_the_file_s_place_must_be_a_file(void **state)
{
	struct fixture *f = *state;
	char *elsewhere = scratch_path(f->folder, "elsewhere"), *text;
	char byte;
	int reader = -1;

	for (unsigned kind = 0; kind < 3; kind++) {
		take(f, 2);
		tick(f, 1);
		assert_int_equal(unlink(f->path), 0);
		if (kind == 0) {
			/* With somebody at its other end it could be written to. */
			assert_int_equal(mkfifo(f->path, 0600), 0);
			reader = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
			assert_true(reader >= 0);
		} else if (kind == 1)
			assert_int_equal(mkdir(f->path, 0700), 0);
		else
			assert_int_equal(symlink("elsewhere", f->path), 0);
		take(f, 3);
		tick(f, 1);
		take(f, 1);
		tick(f, 1);
		assert_true(atomic_load(&f->writer.degraded));
		assert_int_equal(kind == 1 ? rmdir(f->path) : unlink(f->path), 0);
		tick(f, 2);
	}
	cf_writer_stop(&f->writer, f->now, f->now);
	assert_int_not_equal(access(elsewhere, F_OK), 0);
	assert_int_equal(read(reader, &byte, 1), 0);
	close(reader);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_sum_counts(text) + atomic_load(&f->writer.lost_disk), 18);
	free(text);
	free(elsewhere);
}

static void a_link_is_not_followed_at_the_start_either(void **state)
{
	struct fixture *f = *state;
	struct cf_log_options options = {.sensor = "edge-01", .source = "resolver"};
	struct cf_writer other;
	char *link = scratch_path(f->folder, "link");

	assert_int_equal(symlink("elsewhere", link), 0);
	options.path = link;
	assert_int_equal(cf_writer_init(&other, &options, NULL), CF_OK);
	cf_writer_start(&other, f->now, f->now);
	assert_int_equal(other.sink.failure, ELOOP);
	cf_writer_done(&other);
	free(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        full_disk_at_every_byte_loses_and_doubles_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_removed_file_is_seen_and_what_was_in_it_is_lost, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_removed_folder_is_seen_and_a_new_one_is_taken, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_file_that_was_compressed_at_once_is_not_lost, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_comes_in_the_file_s_place_must_be_a_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_link_is_not_followed_at_the_start_either, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        long_outage_is_bounded_counted_and_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(folds_survive_an_outage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
