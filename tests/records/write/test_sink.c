/* Disks that refuse: nothing is lost silently, nothing is written twice. */

#include "records/write/writer.h"

#include "samples.h"
#include "scratch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        full_disk_at_every_byte_loses_and_doubles_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        long_outage_is_bounded_counted_and_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(folds_survive_an_outage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
