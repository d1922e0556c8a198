/*
 * fleet/ship/shipper.h against a real collector (fleet/collect/collector.h) over loopback, with a
 * store in memory: what comes is the log, whatever is done to log, store and collector meanwhile.
 * One file: every trouble is done to the same small world of a log, a collector and a store.
 */

#include "fleet/ship/shipper.h"

#include "base/limits.h"
#include "fleet/collect/collector.h"
#include "fleet_log.h"
#include "gate_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char dir[64], log[128], url[64];
	struct gate_memory memory;
	struct cf_collector *collector;
	char said[8192];               /* by the shipper, */
	char told[8192];               /* and by the collector */
	struct cf_ship_writer last[4]; /* as the last report has them */
	size_t last_count;
	uint64_t unshipped, plain, wire;
};

static void note(char *to, size_t size, const char *text)
{
	size_t len = strlen(to);

	(void)snprintf(to + len, size - len, "%s\n", text);
}

static void on_say(void *arg, const char *text)
{
	struct world *world = arg;

	note(world->said, sizeof world->said, text);
}

static void on_told(void *arg, const char *text)
{
	struct world *world = arg;

	note(world->told, sizeof world->told, text);
}

static void on_report(void *arg, const struct cf_ship_report *report)
{
	struct world *world = arg;

	world->last_count = report->count < 4 ? report->count : 4;
	for (size_t i = 0; i < world->last_count; i++)
		world->last[i] = *report->writers[i];
	world->unshipped = report->unshipped_bytes;
	world->plain = report->plain_bytes;
	world->wire = report->wire_bytes;
}

static void start_collector(struct world *world)
{
	const struct cf_collector_options options = {.listen = "127.0.0.1:0",
	    .names = CF_COLLECTOR_ANYONE,
	    .say = on_told,
	    .arg = world,
	    .gate = gate_memory_gate(&world->memory)};
	struct cf_error error = {.text = ""};

	if (cf_collector_start(&options, &world->collector, &error) != CF_OK)
		fail_msg("%s", error.text);
	(void)snprintf(world->url, sizeof world->url, "http://127.0.0.1:%u",
	    cf_collector_port(world->collector));
}

static struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	(void)strcpy(world->dir, "/tmp/shipper-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	(void)snprintf(world->log, sizeof world->log, "%s/hits.jsonl", world->dir);
	gate_memory_init(&world->memory);
	start_collector(world);
	return world;
}

static void world_free(struct world *world)
{
	char command[128];

	cf_collector_stop(world->collector);
	gate_memory_done(&world->memory);
	(void)snprintf(command, sizeof command, "rm -r %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
}

static enum cf_status ship(struct world *world)
{
	const char *logs[] = {world->log};
	const char *urls[] = {"http://127.0.0.1:1", world->url}; /* nobody listens at the first */
	const struct cf_shipper_options options = {.logs = logs,
	    .log_count = 1,
	    .carrier = {.urls = urls, .url_count = 2},
	    .once = true,
	    .say = on_say,
	    .report = on_report,
	    .arg = world};
	struct cf_error error = {.text = ""};

	world->said[0] = world->told[0] = '\0';
	return cf_shipper_run(&options, &error);
}

static void write_minutes(struct world *world, unsigned from, unsigned minutes)
{
	fleet_log_write(world->log, "edge-01", "resolver", from, minutes, from % 2 == 0);
}

/* Renames the log as logrotate does, its older ones further; with delaycompress, for the writer
 * looks for its last seal in the newest two. Nobody writes into it any more. */
static void rotate(struct world *world, bool compress)
{
	char command[1024];

	(void)snprintf(command, sizeof command,
	    "cd %s && for i in 8 7 6 5 4 3 2 1; do for z in '' .gz; do"
	    " [ ! -e hits.jsonl.$i$z ] || mv hits.jsonl.$i$z hits.jsonl.$((i+1))$z; done; done;"
	    " mv hits.jsonl hits.jsonl.1; %s",
	    world->dir, compress ? "[ ! -e hits.jsonl.2 ] || gzip hits.jsonl.2" : "true");
	assert_int_equal(system(command), 0);
}

/* Whether the store has exactly the lines of all files, oldest first. */
static void assert_all_is_there(struct world *world)
{
	struct gate_writer *writer = gate_memory_find(&world->memory, "edge-01", "resolver");
	char command[512];
	char *lines = malloc(4 << 20);
	FILE *pipe;
	size_t len;

	assert_non_null(writer);
	assert_non_null(lines);
	(void)snprintf(command, sizeof command,
	    "cd %s && for f in $(ls -v -r hits.jsonl.* 2>/dev/null) hits.jsonl; do"
	    " [ ! -e $f ] || gzip -dcf $f; done",
	    world->dir);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(lines, 1, 4 << 20, pipe);
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(writer->len, len);
	assert_memory_equal(writer->lines, lines, len);
	free(lines);
}

static void a_log_is_shipped_and_only_once(void **state)
{
	struct world *world = world_new();
	unsigned taken;

	(void)state;
	write_minutes(world, 0, 20);
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	taken = world->memory.taken;
	assert_true(world->last[0].shipped_seq >= 20 && world->unshipped == 0);
	assert_true(world->wire * 100 < world->plain * 20);
	assert_int_equal(ship(world), CF_OK);
	assert_int_equal(world->memory.taken, taken);
	write_minutes(world, 30, 3);
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	world_free(world);
}

static void rotation_and_compression_lose_nothing(void **state)
{
	struct world *world = world_new();

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		write_minutes(world, i * 10, 5);
		if (i != 3)
			assert_int_equal(ship(world), CF_OK);
		rotate(world, i % 2 == 0);
	}
	write_minutes(world, 90, 2);
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	assert_int_equal(world->last[0].lost, 0);
	world_free(world);
}

/* Cuts the log two lines behind its third seal, as a kill leaves it. */
static void cut_inside_minute(struct world *world)
{
	char line[CF_RECORD_LINE_BYTES];
	FILE *file = fopen(world->log, "r+");
	unsigned seals = 0, behind = 0;

	assert_non_null(file);
	while (behind < 2 && fgets(line, sizeof line, file) != NULL) {
		behind += seals == 3;
		seals += strstr(line, "\"chain\":{") != NULL;
	}
	assert_int_equal(behind, 2);
	assert_int_equal(ftruncate(fileno(file), ftell(file)), 0);
	fclose(file);
}

/* Killed before a seal, then rotated: the next run's first seal is of lines in both files. */
static void a_segment_may_lie_in_two_files(void **state)
{
	struct world *world = world_new();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		write_minutes(world, 20 * i, 5);
		if (i == 1)
			cut_inside_minute(world);
		assert_int_equal(ship(world), CF_OK);
		rotate(world, false);
	}
	write_minutes(world, 90, 3);
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	assert_int_equal(world->last[0].lost + world->last[0].broken, 0);
	world_free(world);
}

/* A promoted standby, or yesterday's dump: the store is behind what was acknowledged. */
static void a_store_that_went_back_gets_it_again(void **state)
{
	struct world *world = world_new();
	struct gate_writer was, *writer;

	(void)state;
	write_minutes(world, 0, 5);
	assert_int_equal(ship(world), CF_OK);
	writer = gate_memory_find(&world->memory, "edge-01", "resolver");
	was = *writer;
	rotate(world, true);
	write_minutes(world, 10, 20);
	assert_int_equal(ship(world), CF_OK);
	rotate(world, false);
	*writer = was;
	write_minutes(world, 40, 2);
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	assert_int_equal(writer->lost, 0);
	world_free(world);
}

static void a_missing_file_is_lost_and_said(void **state)
{
	struct world *world = world_new();
	char path[160];

	(void)state;
	write_minutes(world, 0, 5);
	assert_int_equal(ship(world), CF_OK);
	rotate(world, false);
	write_minutes(world, 10, 5);
	rotate(world, false);
	write_minutes(world, 20, 5);
	rotate(world, false);
	(void)snprintf(path, sizeof path, "%s.2", world->log);
	assert_int_equal(unlink(path), 0);
	write_minutes(world, 30, 5);
	assert_int_equal(ship(world), CF_OK);
	assert_int_equal(gate_memory_find(&world->memory, "edge-01", "resolver")->lost, 1);
	assert_true(world->last[0].lost > 0);
	assert_non_null(strstr(world->said, "lost before shipping"));
	world_free(world);
}

static void a_changed_segment_is_left_out_and_said(void **state)
{
	struct world *world = world_new();
	char command[256];

	(void)state;
	write_minutes(world, 0, 10);
	(void)snprintf(command, sizeof command, "sed -i 20s/kaspersky/kasperskz/ %s", world->log);
	assert_int_equal(system(command), 0);
	assert_int_equal(ship(world), CF_OK);
	assert_int_equal(world->last[0].broken, 1);
	assert_non_null(strstr(world->said, "does not hold"));
	assert_int_equal(gate_memory_find(&world->memory, "edge-01", "resolver")->lost, 1);
	assert_true(world->last[0].shipped_seq >= 10);
	assert_int_equal(ship(world), CF_OK);
	assert_int_equal(gate_memory_find(&world->memory, "edge-01", "resolver")->lost, 1);
	world_free(world);
}

/* Another machine of that name: as many seals, and more. Nothing of the first is overwritten. */
static void a_fork_is_refused_and_said(void **state)
{
	struct world *world = world_new();
	struct gate_writer was;

	(void)state;
	write_minutes(world, 0, 10);
	assert_int_equal(ship(world), CF_OK);
	was = *gate_memory_find(&world->memory, "edge-01", "resolver");
	for (unsigned minutes = 10; minutes <= 15; minutes += 5) {
		const struct gate_writer *writer;

		assert_int_equal(unlink(world->log), 0);
		write_minutes(world, 50, minutes);
		assert_int_equal(ship(world), CF_EAGAIN);
		assert_int_equal(world->last[0].state, CF_SHIP_FORKED);
		assert_non_null(strstr(world->said, "two machines"));
		assert_non_null(strstr(world->told, "FORK"));
		writer = gate_memory_find(&world->memory, "edge-01", "resolver");
		assert_int_equal(writer->len, was.len);
		assert_string_equal(writer->sha256, was.sha256);
	}
	/* And one that is younger than what the store has. */
	assert_int_equal(unlink(world->log), 0);
	write_minutes(world, 50, 2);
	assert_int_equal(ship(world), CF_EAGAIN);
	assert_int_equal(world->last[0].state, CF_SHIP_BEYOND);
	assert_non_null(strstr(world->said, "the store has seal"));
	world_free(world);
}

static void a_failed_commit_is_tried_again(void **state)
{
	struct world *world = world_new();

	(void)state;
	write_minutes(world, 0, 5);
	world->memory.fails_commit = true;
	assert_int_equal(ship(world), CF_OK);
	assert_all_is_there(world);
	assert_non_null(strstr(world->told, "the store is not there: the disk is full"));
	assert_non_null(strstr(world->told, "the store is there again"));
	assert_non_null(strstr(world->said, "no collector takes anything"));
	world_free(world);
}

static void two_writers_of_one_log_are_two(void **state)
{
	struct world *world = world_new();
	struct gate_writer *resolver, *monitor;

	(void)state;
	write_minutes(world, 0, 3);
	fleet_log_write(world->log, "edge-01", "monitor", 5, 4, false);
	write_minutes(world, 10, 3);
	assert_int_equal(ship(world), CF_OK);
	resolver = gate_memory_find(&world->memory, "edge-01", "resolver");
	monitor = gate_memory_find(&world->memory, "edge-01", "monitor");
	assert_true(resolver->seq >= 6 && monitor->seq >= 4);
	assert_int_equal(world->unshipped, 0);
	world_free(world);
}

static void a_clear_line_does_not_leave_the_machine(void **state)
{
	static const char *const wrong[] = {"http://192.0.2.1:8443", "http://127.0.0.1.example.net",
	    "ftp://192.0.2.1", "https://a:b@192.0.2.1", "https://192.0.2.1/path", "nothing"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const char *logs[] = {"/nonexistent"};
		const struct cf_shipper_options options = {.logs = logs,
		    .log_count = 1,
		    .carrier = {.urls = &wrong[i], .url_count = 1},
		    .once = true};
		struct cf_error error;

		assert_int_equal(cf_shipper_run(&options, &error), CF_EINVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_log_is_shipped_and_only_once),
	    cmocka_unit_test(rotation_and_compression_lose_nothing),
	    cmocka_unit_test(a_segment_may_lie_in_two_files),
	    cmocka_unit_test(a_store_that_went_back_gets_it_again),
	    cmocka_unit_test(a_missing_file_is_lost_and_said),
	    cmocka_unit_test(a_changed_segment_is_left_out_and_said),
	    cmocka_unit_test(a_fork_is_refused_and_said),
	    cmocka_unit_test(a_failed_commit_is_tried_again),
	    cmocka_unit_test(two_writers_of_one_log_are_two),
	    cmocka_unit_test(a_clear_line_does_not_leave_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
