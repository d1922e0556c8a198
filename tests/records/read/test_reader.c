/*
 * Files, compressed and rotated, line by line. One file: plain, packed, rotated and torn are asked
 * of the same few lines.
 */

#include "records/read/reader.h"

#include "samples.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

static int setup(void **state)
{
	*state = scratch_make();
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

/* count lines that differ in their source port, from first on; to be freed. */
static char *make_lines(unsigned first, unsigned count, size_t *len_out)
{
	char *text = malloc((size_t)count * CF_RECORD_BYTES + 1);
	struct cf_hit hit;
	size_t len = 0;

	sample_blocked_query(&hit);
	for (unsigned i = 0; i < count; i++) {
		hit.src_port = (uint16_t)(first + i);
		len += cf_hit_format(&hit, "s", "resolver", "01J93G0000000000000000000A", 1, 0,
		    text + len, CF_RECORD_BYTES);
	}
	text[len] = '\0';
	*len_out = len;
	return text;
}

static void write_gzip(const char *path, const char *text, size_t len)
{
	gzFile file = gzopen(path, "ab"); /* appended: a second member */

	assert_int_equal(gzwrite(file, text, (unsigned)len), len);
	assert_int_equal(gzclose(file), Z_OK);
}

static void write_zstd(const char *path, const char *text, size_t len)
{
	size_t room = ZSTD_compressBound(len), got;
	char *packed = malloc(room);

	got = ZSTD_compress(packed, room, text, len, 3);
	assert_false(ZSTD_isError(got));
	scratch_write(path, packed, got);
	free(packed);
}

static struct cf_reader *open_reader(const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_error error;

	if (cf_reader_open(path, &reader, &error) != CF_OK)
		fail_msg("%s", error.text);
	return reader;
}

/* Reads to the end and checks that the ports are first, first + 1, ...; returns how many. */
static unsigned read_ports(struct cf_reader *reader, unsigned first)
{
	static struct cf_record record;
	struct cf_line line;
	unsigned count = 0;

	while (cf_reader_next(reader, &record, &line) == CF_READ_RECORD) {
		assert_int_equal(record.src_port, first + count);
		count++;
	}
	return count;
}

static void plain_gzip_and_zstd_read_alike(void **state)
{
	char *paths[3] = {
	    scratch_path(*state, "a"), scratch_path(*state, "a.gz"), scratch_path(*state, "a.zst")};
	struct cf_file_identity identities[3];
	size_t len, half;
	char *text = make_lines(1, 3000, &len);

	half = len / 2;
	scratch_write(paths[0], text, len);
	write_gzip(paths[1], text, half);
	write_gzip(paths[1], text + half, len - half);
	write_zstd(paths[2], text, len);
	for (unsigned i = 0; i < 3; i++) {
		struct cf_reader *reader = open_reader(paths[i]);

		cf_reader_identity(reader, &identities[i]);
		assert_true(identities[i].has_first_line);
		assert_int_equal(identities[i].compressed, i > 0);
		assert_int_equal(read_ports(reader, 1), 3000);
		assert_int_equal(cf_reader_offset(reader), len);
		assert_int_equal(cf_reader_counts(reader)->records, 3000);
		assert_memory_equal(identities[i].first_line, identities[0].first_line, 32);
		cf_reader_close(reader);
		free(paths[i]);
	}
	free(text);
}

static void reading_goes_on_at_an_offset(void **state)
{
	char *paths[2] = {scratch_path(*state, "a"), scratch_path(*state, "a.gz")};
	size_t len, skipped;
	char *text = make_lines(1, 3000, &len), *start = make_lines(1, 2500, &skipped);

	scratch_write(paths[0], text, len);
	write_gzip(paths[1], text, len);
	for (unsigned i = 0; i < 2; i++) {
		struct cf_reader *reader = open_reader(paths[i]);

		assert_int_equal(cf_reader_skip_to(reader, skipped), CF_OK);
		assert_int_equal(read_ports(reader, 2501), 500);
		assert_int_equal(cf_reader_skip_to(reader, 0), CF_EINVALID);
		assert_int_equal(cf_reader_skip_to(reader, len + 1), CF_EINVALID);
		cf_reader_close(reader);
		free(paths[i]);
	}
	free(start);
	free(text);
}

static void growing_file_is_read_on_and_a_tail_is_left_alone(void **state)
{
	char *path = scratch_path(*state, "a");
	size_t len, tail_len;
	char *text = make_lines(1, 10, &len);
	struct cf_reader *reader;

	scratch_write(path, text, len - 5);
	reader = open_reader(path);
	assert_int_equal(read_ports(reader, 1), 9);
	assert_true(cf_reader_counts(reader)->tail_bytes > 0);
	(void)cf_reader_tail(reader, &tail_len);
	assert_int_equal(tail_len, cf_reader_counts(reader)->tail_bytes);
	assert_int_equal(cf_reader_offset(reader) + tail_len, len - 5);
	scratch_write(path, text, len);
	assert_int_equal(read_ports(reader, 10), 1);
	assert_int_equal(cf_reader_counts(reader)->tail_bytes, 0);
	cf_reader_close(reader);
	free(text);
	free(path);
}

static void bad_lines_are_counted_and_stepped_over(void **state)
{
	char *path = scratch_path(*state, "a"), *file = malloc(900000);
	static struct cf_record record;
	size_t len, at = 0;
	char *text = make_lines(1, 1, &len);
	const struct cf_reader_counts *counts;
	struct cf_reader *reader;
	struct cf_line line;
	unsigned records = 0;
	enum cf_read got;

	memcpy(file, text, len);
	at = len;
	memcpy(file + at, "\n{\"v\":1,\"tim\nfoo\n", 17);
	at += 17;
	memset(file + at, 0, 4096); /* blocks a power cut left empty */
	at += 4096;
	file[at++] = '\n';
	memset(file + at, 'x', 800000); /* over three buffers */
	at += 800000;
	file[at++] = '\n';
	memcpy(file + at, text, len);
	at += len;
	scratch_write(path, file, at);
	reader = open_reader(path);
	while ((got = cf_reader_next(reader, &record, &line)) != CF_READ_END) {
		assert_int_not_equal(got, CF_READ_FAILED);
		if (got == CF_READ_RECORD)
			records++;
		if (line.fault == CF_LINE_TOO_LONG)
			assert_int_equal(line.offset, at - len - 800001);
	}
	assert_int_equal(line.offset, at - len);
	counts = cf_reader_counts(reader);
	assert_int_equal(records, 2);
	assert_int_equal(counts->faults[CF_LINE_BLANK], 1);
	assert_int_equal(counts->faults[CF_LINE_TORN], 1);
	assert_int_equal(counts->faults[CF_LINE_FOREIGN], 1);
	assert_int_equal(counts->faults[CF_LINE_NULS], 1);
	assert_int_equal(counts->faults[CF_LINE_TOO_LONG], 1);
	assert_int_equal(counts->bytes, at);
	assert_int_equal(counts->lines, 7);
	cf_reader_close(reader);
	free(file);
	free(text);
	free(path);
}

static void damaged_gzip_fails_and_says_so(void **state)
{
	char *path = scratch_path(*state, "a.gz"), *packed;
	size_t len, packed_len;
	char *text = make_lines(1, 3000, &len);
	struct cf_reader *reader;
	struct cf_line line;
	enum cf_read got;

	write_gzip(path, text, len);
	packed = scratch_read(path, &packed_len);
	scratch_write(path, packed, packed_len / 2);
	reader = open_reader(path);
	while ((got = cf_reader_next(reader, NULL, &line)) == CF_READ_RECORD)
		;
	assert_int_equal(got, CF_READ_FAILED);
	assert_non_null(strstr(cf_reader_error(reader)->text, "ends early"));
	cf_reader_close(reader);
	free(packed);
	free(text);
	free(path);
}

/* How many records a file gives; its last result in got_out. */
static unsigned count_records(
    const char *path, const volatile int *stop, enum cf_read *got_out, struct cf_error *error)
{
	struct cf_reader *reader;
	struct cf_line line;
	unsigned count = 0;

	*error = (struct cf_error){0};
	*got_out = CF_READ_FAILED;
	if (cf_reader_open_until(path, stop, &reader, error) != CF_OK)
		return 0;
	while ((*got_out = cf_reader_next(reader, NULL, &line)) == CF_READ_RECORD ||
	    *got_out == CF_READ_SKIPPED)
		count++;
	*error = *cf_reader_error(reader);
	cf_reader_close(reader);
	return count;
}

/* The file packed by a program where there is one; false where not. */
static bool pack_by(const char *command, const char *folder)
{
	char *line;
	int result;

	assert_true(asprintf(&line, "cd '%s' && command -v %.*s >/dev/null && %s 2>/dev/null",
	                folder, (int)strcspn(command, " "), command, command) > 0);
	result = system(line); /* NOLINT(cert-env33-c): a test's own words */
	free(line);
	return result == 0;
}

static void xz_and_bzip2_read_alike_where_they_are_built_in(void **state)
{
	static const char *const commands[] = {"xz -k -c plain > packed",
	    "bzip2 -k -c plain > packed", "xz -0 -c plain > packed && xz -c plain >> packed",
	    "bzip2 -1 -c plain > packed && bzip2 -c plain >> packed"};
	char *plain = scratch_path(*state, "plain"), *packed = scratch_path(*state, "packed");
	size_t len;
	char *text = make_lines(0, 3000, &len), *bytes;
	struct cf_error error;
	enum cf_read got;

	scratch_write(plain, text, len);
	for (unsigned i = 0; i < 4; i++) {
		unsigned count;

		if (!pack_by(commands[i], *state))
			continue;
		count = count_records(packed, NULL, &got, &error);
		if (got == CF_READ_FAILED && strstr(error.text, "built without") != NULL)
			continue;
		assert_int_equal(got, CF_READ_END);
		assert_int_equal(count, i < 2 ? 3000 : 6000);
		/* Cut: what is there, and then that it ends early. */
		bytes = scratch_read(packed, &len);
		scratch_write(packed, bytes, len - 40);
		(void)count_records(packed, NULL, &got, &error); /* how many does not matter */
		assert_int_equal(got, CF_READ_FAILED);
		assert_true(error.status == CF_EMALFORMED);
		free(bytes);
	}
	free(text);
	free(plain);
	free(packed);
}

static void what_is_compressed_by_something_else_is_named(void **state)
{
	static const struct {
		const char *bytes, *name;
	} kinds[] = {{"\x04\x22\x4d\x18whatever", "lz4"}, {"\x1f\x9dwhatever", "compress"},
	    {"LZIP\1whatever", "lzip"}, {"PK\3\4whatever", "zip"}};
	char *path = scratch_path(*state, "packed");

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct cf_reader *reader;
		struct cf_error error;

		scratch_write(path, kinds[i].bytes, strlen(kinds[i].bytes));
		assert_int_equal(cf_reader_open(path, &reader, &error), CF_EUNSUPPORTED);
		assert_non_null(strstr(error.text, kinds[i].name));
		assert_non_null(strstr(error.text, path));
	}
	free(path);
}

/* 61 KB that would unpack for two minutes. */
static void a_bomb_is_put_away_after_a_moment(void **state)
{
	char *path = scratch_path(*state, "bomb"), *zeros = calloc(1, 1 << 20),
	     *packed = malloc(1 << 20);
	ZSTD_CCtx *packer = ZSTD_createCCtx();
	ZSTD_outBuffer out = {.dst = packed, .size = 1 << 20};
	ZSTD_inBuffer nothing = {.src = zeros};
	struct cf_error error;
	enum cf_read got;

	for (unsigned i = 0; i < 1500; i++) {
		ZSTD_inBuffer in = {.src = zeros, .size = 1 << 20};

		while (in.pos < in.size)
			assert_false(
			    ZSTD_isError(ZSTD_compressStream2(packer, &out, &in, ZSTD_e_continue)));
	}
	assert_int_equal(ZSTD_compressStream2(packer, &out, &nothing, ZSTD_e_end), 0);
	scratch_write(path, packed, out.pos);
	assert_int_equal(count_records(path, NULL, &got, &error), 0);
	assert_int_equal(got, CF_READ_FAILED);
	assert_int_equal(error.status, CF_ETOOBIG);
	ZSTD_freeCCtx(packer);
	free(zeros);
	free(packed);
	free(path);
}

static void a_pipe_and_a_device_are_refused_and_nothing_hangs(void **state)
{
	char *path = scratch_path(*state, "pipe");
	struct cf_error error;
	enum cf_read got;

	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60);
	assert_int_equal(count_records(path, NULL, &got, &error), 0);
	assert_int_equal(error.status, CF_EINVALID);
	assert_int_equal(count_records("/dev/zero", NULL, &got, &error), 0);
	assert_int_equal(error.status, CF_EINVALID);
	alarm(0);
	free(path);
}

static void reading_ends_when_it_is_told_to(void **state)
{
	const volatile int stop = 1;
	char *path = scratch_path(*state, "log"), name[32];
	size_t len;
	char *text = make_lines(0, 100, &len);
	struct cf_error error;
	enum cf_read got;
	int ends[2];

	scratch_write(path, text, len);
	assert_int_equal(count_records(path, &stop, &got, &error), 0);
	assert_int_equal(error.status, CF_EAGAIN);
	/* Also where nothing comes. */
	assert_int_equal(pipe(ends), 0);
	snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
	alarm(60);
	assert_int_equal(count_records(name, &stop, &got, &error), 0);
	alarm(0);
	assert_int_equal(error.status, CF_EAGAIN);
	close(ends[0]);
	close(ends[1]);
	free(text);
	free(path);
}

static void rotated_set_comes_oldest_first(void **state)
{
	static const char *const names[] = {"hits.jsonl", "hits.jsonl.1", "hits.jsonl.2.gz",
	    "hits.jsonl.10.zst", "hits.jsonl.2", "hits.jsonl-20241001.gz", "hits.jsonl-20240930",
	    "hits-20240929.jsonl", "hits.jsonl.new", "hits.jsonlx", "other.jsonl",
	    "hits.jsonl.1.bak"};
	static const char *const expected[] = {"hits-20240929.jsonl", "hits.jsonl-20240930",
	    "hits.jsonl-20241001.gz", "hits.jsonl.10.zst", "hits.jsonl.2", "hits.jsonl.1",
	    "hits.jsonl"};
	char *path = scratch_path(*state, "hits.jsonl");
	struct cf_log_set set;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *name = scratch_path(*state, names[i]);

		scratch_write(name, "x", 1);
		free(name);
	}
	assert_int_equal(cf_log_set_find(path, &set), CF_OK);
	assert_int_equal(set.count, sizeof expected / sizeof expected[0]);
	for (size_t i = 0; i < set.count; i++)
		assert_string_equal(strrchr(set.paths[i], '/') + 1, expected[i]);
	cf_log_set_done(&set);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(plain_gzip_and_zstd_read_alike, setup, teardown),
	    cmocka_unit_test_setup_teardown(reading_goes_on_at_an_offset, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        growing_file_is_read_on_and_a_tail_is_left_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        bad_lines_are_counted_and_stepped_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(damaged_gzip_fails_and_says_so, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        xz_and_bzip2_read_alike_where_they_are_built_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_is_compressed_by_something_else_is_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_bomb_is_put_away_after_a_moment, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_pipe_and_a_device_are_refused_and_nothing_hangs, setup, teardown),
	    cmocka_unit_test_setup_teardown(reading_ends_when_it_is_told_to, setup, teardown),
	    cmocka_unit_test_setup_teardown(rotated_set_comes_oldest_first, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
