/*
 * The chain finds what was done to a log, and the writer finds its end again. One file: each edit
 * starts from the same sealed log and expects one finding.
 */

#include "records/read/verify.h"

#include "records/files/chain.h"
#include "records/write/log.h"
#include "records/write/writer.h"

#include "samples.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

struct fixture {
	char *folder, *path;
	int64_t now;
	unsigned kinds[CF_VERIFY_KINDS];
	uint64_t first_line, last_line; /* of the last alteration */
	struct cf_verify_summary summary;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->folder = scratch_make();
	f->path = scratch_path(f->folder, "hits.jsonl");
	f->now = INT64_C(1727770443) * SECOND;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scratch_remove(f->folder);
	free(f->path);
	free(f);
	return 0;
}

static struct cf_log *open_log(const struct fixture *f, const char *source)
{
	const struct cf_log_options options = {.path = f->path,
	    .sensor = "edge-01",
	    .source = source,
	    .synchronous = true,
	    .heartbeat_s = 60};
	struct cf_log *log = NULL;

	assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
	return log;
}

/* count hits, a second apart. */
static void push(
    struct fixture *f, struct cf_log *log, struct cf_producer *producer, unsigned count)
{
	struct cf_hit hit;

	sample_blocked_query(&hit);
	for (unsigned i = 0; i < count; i++) {
		f->now += SECOND;
		hit.at_wall_us = f->now;
		hit.src_port++;
		assert_true(cf_producer_hit(producer, &hit));
		cf_log_pump(log, f->now);
	}
}

/* One run of a writer, from start to stop. */
static void run(struct fixture *f, const char *source, unsigned count)
{
	struct cf_log *log = open_log(f, source);

	push(f, log, cf_log_producer(log), count);
	cf_log_close(log);
}

/* A run that is killed: its file stays as it was before the stop, less cut bytes. */
static void run_killed(struct fixture *f, unsigned count, size_t cut)
{
	struct cf_log *log = open_log(f, "resolver");
	size_t len;
	char *text;

	push(f, log, cf_log_producer(log), count);
	text = scratch_read(f->path, &len);
	cf_log_close(log);
	scratch_write(f->path, text, len - cut);
	free(text);
}

static void note(void *arg, const struct cf_verify_finding *finding)
{
	struct fixture *f = arg;

	f->kinds[finding->kind]++;
	if (!cf_verify_is_alteration(finding->kind))
		return;
	f->first_line = finding->first_line;
	f->last_line = finding->last_line;
}

static void verify_file(struct cf_verify *verify, const char *path, bool newest)
{
	static struct cf_record record;
	struct cf_reader *reader;
	struct cf_line line;
	enum cf_read got;

	assert_int_equal(cf_reader_open(path, &reader, NULL), CF_OK);
	while ((got = cf_reader_next(reader, &record, &line)) != CF_READ_END) {
		assert_int_not_equal(got, CF_READ_FAILED);
		cf_verify_line(verify, path, &line, &record);
	}
	if (cf_reader_counts(reader)->tail_bytes > 0)
		cf_verify_tail(verify, path, cf_reader_counts(reader)->lines + 1,
		    cf_reader_counts(reader)->tail_bytes, newest);
	cf_reader_close(reader);
}

/* Verifies the whole set; returns how many alterations there are. */
static uint64_t verify(struct fixture *f)
{
	struct cf_verify *v;
	struct cf_log_set set;

	memset(f->kinds, 0, sizeof f->kinds);
	v = cf_verify_new(note, f);
	assert_int_equal(cf_log_set_find(f->path, &set), CF_OK);
	for (size_t i = 0; i < set.count; i++)
		verify_file(v, set.paths[i], i + 1 == set.count);
	cf_verify_finish(v, &f->summary);
	cf_verify_free(v);
	cf_log_set_done(&set);
	return f->summary.alterations;
}

static void untouched_log_verifies(void **state)
{
	struct fixture *f = *state;

	run(f, "resolver", 150);
	run(f, "resolver", 10);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.hits, 160);
	assert_int_equal(f->summary.seals, 4);
	assert_int_equal(f->summary.good_seals, 4);
	assert_int_equal(f->summary.unsealed_lines, 0);
}

static void two_writers_share_a_file(void **state)
{
	struct fixture *f = *state;
	struct cf_log *resolver = open_log(f, "resolver"), *monitor = open_log(f, "monitor");
	struct cf_producer *producers[2] = {cf_log_producer(resolver), cf_log_producer(monitor)};

	for (unsigned i = 0; i < 20; i++) {
		push(f, resolver, producers[0], 5);
		push(f, monitor, producers[1], 3);
	}
	cf_log_close(resolver);
	cf_log_close(monitor);
	run(f, "monitor", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.chains, 2);
	assert_int_equal(f->summary.hits, 165);
}

/* A second process with the same names, such as the one before this that has yet to end. */
static void writers_of_one_name_keep_their_chains_apart(void **state)
{
	struct fixture *f = *state;
	struct cf_log *logs[2] = {open_log(f, "resolver"), open_log(f, "resolver")};
	struct cf_producer *producers[2] = {cf_log_producer(logs[0]), cf_log_producer(logs[1])};
	char *rotated = scratch_path(f->folder, "hits.jsonl.1"), *text;

	for (unsigned i = 0; i < 40; i++) {
		push(f, logs[0], producers[0], 5);
		push(f, logs[1], producers[1], 3);
		if (i == 20)
			assert_int_equal(rename(f->path, rotated), 0);
	}
	cf_log_close(logs[0]);
	/* The first name is free again, also while the second writer lives on. */
	logs[0] = open_log(f, "resolver");
	push(f, logs[0], cf_log_producer(logs[0]), 7);
	push(f, logs[1], producers[1], 2);
	cf_log_close(logs[1]);
	cf_log_close(logs[0]);
	run(f, "resolver", 4);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.chains, 2);
	assert_int_equal(f->summary.good_seals, f->summary.seals);
	assert_int_equal(f->summary.unsealed_lines, 0);
	assert_int_equal(f->summary.hits, 40 * 8 + 7 + 2 + 4);
	text = scratch_read(f->path, NULL);
	assert_true(scratch_count(text, "\"source\":\"resolver.2\"") > 40);
	assert_int_equal(scratch_count(text, "\"source\":\"resolver.3\""), 0);
	free(text);
	free(rotated);
}

/* The line'th line's place in text. */
static char *line_at(char *text, unsigned line)
{
	for (; line > 1; line--)
		text = strchr(text, '\n') + 1;
	return text;
}

static void every_kind_of_edit_is_found(void **state)
{
	struct fixture *f = *state;
	size_t len, first, second;
	char *text, *edited;

	run(f, "resolver", 150);
	text = scratch_read(f->path, &len);
	edited = malloc(2 * len);

	/* changed: one digit of one address */
	memcpy(edited, text, len + 1);
	*(strstr(line_at(edited, 70), "10.20.30.40") + 9) = '5';
	scratch_write(f->path, edited, len);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_CHANGED], 1);
	assert_in_range(70, f->first_line, f->last_line);
	assert_in_range(f->last_line - f->first_line, 1, 61);

	/* removed */
	first = (size_t)(line_at(text, 70) - text);
	second = (size_t)(line_at(text, 71) - text);
	memcpy(edited, text, first);
	memcpy(edited + first, text + second, len - second);
	scratch_write(f->path, edited, len - (second - first));
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_REMOVED], 1);

	/* inserted: a line twice */
	memcpy(edited, text, second);
	memcpy(edited + second, text + first, len - first);
	scratch_write(f->path, edited, len + (second - first));
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_INSERTED], 1);

	/* moved: 70 behind 71 */
	memcpy(edited, text, len);
	memcpy(edited + first, text + second, (size_t)(line_at(text, 72) - text) - second);
	memcpy(edited + first + ((size_t)(line_at(text, 72) - text) - second), text + first,
	    second - first);
	scratch_write(f->path, edited, len);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_CHANGED], 1);

	/* a foreign line */
	memcpy(edited, text, first);
	memcpy(edited + first, "hello\n", 6);
	memcpy(edited + first + 6, text + first, len - first);
	scratch_write(f->path, edited, len + 6);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_FOREIGN], 1);
	assert_int_equal(f->first_line, 70);

	/* a whole segment with its seal */
	first = (size_t)(strchr(strstr(text, "\"heartbeat\","), '\n') + 1 - text);
	second = (size_t)(strchr(strstr(text + first, "\"heartbeat\","), '\n') + 1 - text);
	memcpy(edited, text, first);
	memcpy(edited + first, text + second, len - second);
	scratch_write(f->path, edited, len - (second - first));
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_REMOVED], 1);

	/* the beginning of the file */
	first = (size_t)(line_at(text, 10) - text);
	scratch_write(f->path, text + first, len - first);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_REMOVED], 1);

	/* a counter in a seal */
	memcpy(edited, text, len + 1);
	*(strstr(edited, "\"hits\":") + 7) ^= 1;
	scratch_write(f->path, edited, len);
	assert_int_equal(verify(f), 1);
	free(edited);
	free(text);
}

static void killed_writer_leaves_an_unsealed_tail_and_goes_on(void **state)
{
	struct fixture *f = *state;
	char *text;

	run_killed(f, 70, 0);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_UNSEALED], 1);
	assert_true(f->summary.unsealed_lines > 0);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_LATE], 1);
	assert_int_equal(f->summary.hits, 75);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_count(text, "\"found\":\"unsealed\",\"repaired_bytes\":0"), 1);
	free(text);
}

static void torn_line_is_ended_and_accounted_for(void **state)
{
	struct fixture *f = *state;
	char *text;

	run_killed(f, 70, 100);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_UNSEALED], 2);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_REPAIRED], 1);
	assert_int_equal(f->summary.hits, 74);
	text = scratch_read(f->path, NULL);
	assert_int_equal(scratch_count(text, "\"found\":\"torn\""), 1);
	free(text);
}

static void line_that_lacks_only_its_newline_is_whole(void **state)
{
	struct fixture *f = *state;

	run_killed(f, 70, 1);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_REPAIRED], 0);
	assert_int_equal(f->summary.hits, 75);
}

static void zero_filled_tail_is_accounted_for(void **state)
{
	struct fixture *f = *state;
	static const char zeros[5000];
	FILE *file;

	run_killed(f, 70, 100);
	file = fopen(f->path, "ab");
	assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
	fclose(file);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_REPAIRED], 1);
}

static void removed_tail_shows_at_the_next_start(void **state)
{
	struct fixture *f = *state;
	size_t len;
	char *text;

	/* Killed with 10 unsealed lines, started again; then somebody takes one of the ten. */
	run_killed(f, 70, 0);
	run(f, "resolver", 5);
	text = scratch_read(f->path, &len);
	{
		size_t first = (size_t)(line_at(text, 66) - text);
		size_t second = (size_t)(line_at(text, 67) - text);

		memmove(text + first, text + second, len - second);
		scratch_write(f->path, text, len - (second - first));
	}
	assert_true(verify(f) > 0);
	free(text);
}

static void compress_file(const char *from, const char *to)
{
	size_t len;
	char *text = scratch_read(from, &len);
	gzFile file = gzopen(to, "wb");

	assert_int_equal(gzwrite(file, text, (unsigned)len), len);
	assert_int_equal(gzclose(file), Z_OK);
	assert_int_equal(unlink(from), 0);
	free(text);
}

static void chain_goes_on_over_rotation_and_compression(void **state)
{
	struct fixture *f = *state;
	char *rotated = scratch_path(f->folder, "hits.jsonl.1");
	char *packed = scratch_path(f->folder, "hits.jsonl.2.gz");
	struct cf_log *log = open_log(f, "resolver");
	struct cf_producer *producer = cf_log_producer(log);
	char *text;

	push(f, log, producer, 70);
	assert_int_equal(rename(f->path, rotated), 0);
	push(f, log, producer, 70);
	cf_log_close(log);
	/* Every line behind the rename and its notice is in the new file, and each file ends
	 * sealed. */
	text = scratch_read(rotated, NULL);
	assert_in_range(scratch_sum_counts(text), 70, 72);
	free(text);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.hits, 140);

	/* Once more, with nobody writing while it happens; and each file by itself is good. */
	compress_file(rotated, packed);
	assert_int_equal(rename(f->path, rotated), 0);
	run(f, "resolver", 3);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.hits, 143);
	assert_int_equal(unlink(packed), 0);
	assert_int_equal(verify(f), 0);
	/* A file missing in the middle is found. */
	assert_int_equal(rename(rotated, packed), 0);
	run(f, "resolver", 3);
	assert_int_equal(unlink(packed), 0);
	assert_int_equal(verify(f), 0);
	free(rotated);
	free(packed);
}

static void killed_and_rotated_before_the_restart(void **state)
{
	struct fixture *f = *state;
	char *rotated = scratch_path(f->folder, "hits.jsonl.1");

	run_killed(f, 70, 0);
	assert_int_equal(rename(f->path, rotated), 0);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_LATE], 1);
	assert_int_equal(f->summary.hits, 75);
	/* The older file away: the chain shows that something is missing. */
	assert_int_equal(unlink(rotated), 0);
	assert_true(verify(f) > 0);
	free(rotated);
}

/* More writers than any table had room for: each is followed, and an edit in the last is found. */
static void every_writer_of_a_joined_file_is_followed(void **state)
{
	struct fixture *f = *state;
	enum { WRITERS = 300 };
	char *text = NULL, *part, *path, source[16];
	size_t len = 0, part_len;

	for (unsigned i = 0; i < WRITERS; i++) {
		snprintf(source, sizeof source, "m%u", i);
		run(f, source, 2);
		part = scratch_read(f->path, &part_len);
		text = realloc(text, len + part_len + 1);
		memcpy(text + len, part, part_len + 1);
		len += part_len;
		free(part);
		assert_int_equal(unlink(f->path), 0);
	}
	scratch_write(f->path, text, len);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.chains, WRITERS);
	assert_int_equal(f->summary.good_seals, f->summary.seals);
	assert_int_equal(f->summary.unchecked_lines, 0);
	path = strstr(text, "\"source\":\"m299\"");
	path = strstr(path, "\"count\":1");
	path[8] = '2';
	scratch_write(f->path, text, len);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->kinds[CF_VERIFY_CHANGED], 1);
	free(text);
}

/* text without its line'th and the next line, sealed anew as only a forger would. */
static char *forge(const char *text, unsigned without, size_t *len_out)
{
	char *forged = malloc(strlen(text) + 1024);
	struct cf_record *record = malloc(sizeof *record);
	struct cf_chain chain;
	unsigned number = 0;
	size_t len = 0;

	assert_int_equal(cf_chain_init(&chain), CF_OK);
	for (const char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		size_t line_bytes = (size_t)(end - at) + 1;
		const char *head = strstr(at, "\"chain\":{");
		char digest[CF_SHA256_TEXT_BYTES], *line = forged + len;

		number++;
		if (number == without || number == without + 1)
			continue;
		assert_int_equal(cf_record_parse(at, line_bytes - 1, record), CF_LINE_OK);
		if (record->seal.sha256.len == 0) {
			memcpy(line, at, line_bytes);
			cf_chain_line(&chain, line, line_bytes);
			len += line_bytes;
			continue;
		}
		len += (size_t)snprintf(line, CF_RECORD_BYTES,
		    "%.*s\"chain\":{\"run\":\"%.*s\",\"run_seq\":%u,\"seq\":%u,\"lines\":%u,"
		    "\"prev\":"
		    "\"%s\",\"sha256\":\"",
		    (int)(head - at), at, (int)record->seal.run.len, record->seal.run.data,
		    (unsigned)record->seal.run_seq, (unsigned)record->seal.seq,
		    (unsigned)chain.lines, chain.prev);
		assert_true(cf_chain_digest(&chain, line, (size_t)(forged + len - line), digest));
		len += (size_t)snprintf(forged + len, 128, "%s\"}}\n", digest);
		cf_chain_resume(&chain, record->seal.seq, digest);
	}
	cf_chain_done(&chain);
	free(record);
	*len_out = len;
	return forged;
}

/* Whoever can write the log can seal it anew; what the writer counted stays as it was. */
static void what_the_writer_counted_is_held_against_what_is_there(void **state)
{
	struct fixture *f = *state;
	size_t len;
	char *text, *forged;

	run(f, "resolver", 150);
	text = scratch_read(f->path, NULL);
	forged = forge(text, 1000, &len);
	assert_int_equal(len, strlen(text)); /* the forger's tool does what the writer does */
	assert_memory_equal(forged, text, len);
	free(forged);
	forged = forge(text, 40, &len);
	scratch_write(f->path, forged, len);
	assert_int_equal(verify(f), 1);
	assert_int_equal(f->summary.good_seals, f->summary.seals);
	assert_int_equal(f->kinds[CF_VERIFY_MISCOUNTED], 1);
	free(forged);
	free(text);
}

static void a_log_that_begins_late_or_has_no_stop_says_so(void **state)
{
	struct fixture *f = *state;
	char *first = scratch_path(f->folder, "hits.jsonl.1"), *text, *stop;
	size_t len;

	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_BEGINS] + f->kinds[CF_VERIFY_NO_STOP], 0);
	assert_int_equal(rename(f->path, first), 0);
	run(f, "resolver", 5);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_BEGINS] + f->kinds[CF_VERIFY_NO_STOP], 0);
	/* The older file is gone. */
	assert_int_equal(unlink(first), 0);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_BEGINS], 1);
	/* And the newest has no end. */
	text = scratch_read(f->path, &len);
	stop = strstr(text, "\"event_type\":\"stop\"");
	while (stop > text && stop[-1] != '\n')
		stop--;
	scratch_write(f->path, text, (size_t)(stop - text));
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_NO_STOP], 1);
	free(text);
	free(first);
}

static void a_run_of_which_the_start_is_not_given_is_not_counted(void **state)
{
	struct fixture *f = *state;
	struct cf_log *log = open_log(f, "resolver");
	struct cf_producer *producer = cf_log_producer(log);
	char *rotated = scratch_path(f->folder, "hits.jsonl.1");

	/* A run over two files, of which the second is given as the whole: its start is not there,
	 * so that nothing is claimed about counts. */
	push(f, log, producer, 200);
	assert_int_equal(rename(f->path, rotated), 0);
	push(f, log, producer, 200);
	cf_log_close(log);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->summary.hits, 400);
	assert_int_equal(unlink(rotated), 0);
	assert_int_equal(verify(f), 0);
	assert_int_equal(f->kinds[CF_VERIFY_MISCOUNTED], 0);
	assert_int_equal(f->kinds[CF_VERIFY_BEGINS], 1);
	free(rotated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        every_writer_of_a_joined_file_is_followed, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_the_writer_counted_is_held_against_what_is_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_log_that_begins_late_or_has_no_stop_says_so, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_run_of_which_the_start_is_not_given_is_not_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(untouched_log_verifies, setup, teardown),
	    cmocka_unit_test_setup_teardown(two_writers_share_a_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        writers_of_one_name_keep_their_chains_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(every_kind_of_edit_is_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        killed_writer_leaves_an_unsealed_tail_and_goes_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(torn_line_is_ended_and_accounted_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        line_that_lacks_only_its_newline_is_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(zero_filled_tail_is_accounted_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(removed_tail_shows_at_the_next_start, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        chain_goes_on_over_rotation_and_compression, setup, teardown),
	    cmocka_unit_test_setup_teardown(killed_and_rotated_before_the_restart, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
