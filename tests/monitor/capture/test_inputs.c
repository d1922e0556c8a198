/* Captures of one run: opened together, and known by what they are. */

#include "monitor/capture/inputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A pcap head (little endian, Ethernet) and one packet of 60 bytes at second 1,000. */
static const uint8_t capture[24 + 16 + 60] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, [17] = 0,
    1, [20] = 1, [24] = 0xe8, 3, [32] = 60, [36] = 60};

static char folder[] = "/tmp/curfew-inputs-XXXXXX";

struct named {
	char path[sizeof folder + 32];
};

static struct named inside(const char *name)
{
	struct named named;

	snprintf(named.path, sizeof named.path, "%s/%s", folder, name);
	return named;
}

static struct named put(const char *name, size_t packets, uint8_t last_byte)
{
	struct named named = inside(name);
	FILE *to = fopen(named.path, "we");

	assert_non_null(to);
	assert_int_equal(fwrite(capture, 24, 1, to), 1);
	for (size_t i = 0; i < packets; i++) {
		assert_int_equal(fwrite(capture + 24, sizeof capture - 25, 1, to), 1);
		putc(i + 1 == packets ? last_byte : 0, to);
	}
	assert_int_equal(fclose(to), 0);
	return named;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int clear(void **state)
{
	static const char *const names[] = {"a", "b", "c", "pipe"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(inside(names[i]).path); /* not every test makes each */
	return rmdir(folder);
}

static struct named id_of(const char *const *paths, unsigned count)
{
	struct cf_inputs *inputs;
	struct named id;

	assert_int_equal(cf_inputs_open(paths, count, &inputs), CF_OK);
	snprintf(id.path, sizeof id.path, "%.40s", cf_inputs_id(inputs));
	cf_inputs_close(inputs);
	return id;
}

static void captures_that_begin_alike_are_told_apart(void **state)
{
	struct named a = put("a", 3, 0), b = put("b", 3, 1), c = put("c", 4, 0);
	const char *const alone[] = {a.path}, *const other[] = {b.path}, *const longer[] = {c.path},
	                  *const both[] = {a.path, b.path}, *const turned[] = {b.path, a.path};
	const struct named ids[] = {
	    id_of(alone, 1), id_of(other, 1), id_of(longer, 1), id_of(both, 2), id_of(turned, 2)};

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i].path, ids[j].path);
	assert_string_equal(ids[0].path, id_of(alone, 1).path);
}

static void size_tells_captures_apart_whose_first_64_kib_are_the_same(void **state)
{
	struct named a = put("a", 2000, 0), b = put("b", 2001, 0);
	const char *const one[] = {a.path}, *const two[] = {b.path};

	(void)state;
	assert_string_not_equal(id_of(one, 1).path, id_of(two, 1).path);
}

static void a_file_is_read_from_its_beginning_after_it_was_looked_at(void **state)
{
	struct named a = put("a", 5, 7);
	const char *const paths[] = {a.path};
	struct cf_capture_file *file;
	struct cf_inputs *inputs;
	struct cf_error error;
	struct cf_frame frame;
	unsigned count = 0;

	(void)state;
	assert_int_equal(cf_inputs_open(paths, 1, &inputs), CF_OK);
	assert_int_equal(unlink(a.path), 0); /* and needs its name no more */
	assert_int_equal(cf_inputs_take(inputs, 0, &file, &error), CF_OK);
	while (cf_capture_file_next(file, &frame, &error) == CF_OK)
		count++;
	assert_int_equal(count, 5);
	cf_capture_file_close(file);
	cf_inputs_close(inputs);
}

static void a_pipe_is_known_by_what_comes_through_it(void **state)
{
	const char *paths[1];
	char path[32];
	struct named ids[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t copy[sizeof capture];
		struct cf_capture_file *file;
		struct cf_inputs *inputs;
		struct cf_error error;
		struct cf_frame frame;
		int ends[2];

		memcpy(copy, capture, sizeof copy);
		copy[sizeof copy - 1] = i == 2;
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], copy, sizeof copy), sizeof copy);
		close(ends[1]);
		snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
		paths[0] = path;
		assert_int_equal(cf_inputs_open(paths, 1, &inputs), CF_OK);
		snprintf(ids[i].path, sizeof ids[i].path, "%.40s", cf_inputs_id(inputs));
		assert_int_equal(cf_inputs_take(inputs, 0, &file, &error), CF_OK);
		assert_int_equal(cf_capture_file_next(file, &frame, &error), CF_OK);
		assert_int_equal(frame.captured_bytes, 60);
		cf_capture_file_close(file);
		cf_inputs_close(inputs);
		close(ends[0]);
	}
	assert_string_equal(ids[0].path, ids[1].path);
	assert_string_not_equal(ids[0].path, ids[2].path);
}

static void what_cannot_be_opened_is_told_in_its_turn(void **state)
{
	struct named pipe_name = inside("pipe"), a = put("a", 1, 0), none = inside("none");
	const char *const paths[] = {pipe_name.path, a.path, none.path};
	struct cf_capture_file *file;
	struct cf_inputs *inputs;
	struct cf_error error;

	(void)state;
	assert_int_equal(mkfifo(pipe_name.path, 0600), 0);
	alarm(60);
	assert_int_equal(cf_inputs_open(paths, 3, &inputs), CF_OK);
	alarm(0);
	assert_int_equal(cf_inputs_take(inputs, 0, &file, &error), CF_EINVALID);
	assert_non_null(strstr(error.text, "named pipe"));
	assert_int_equal(cf_inputs_take(inputs, 1, &file, &error), CF_OK);
	cf_capture_file_close(file);
	assert_int_equal(cf_inputs_take(inputs, 2, &file, &error), CF_EIO);
	cf_inputs_close(inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(captures_that_begin_alike_are_told_apart),
	    cmocka_unit_test(size_tells_captures_apart_whose_first_64_kib_are_the_same),
	    cmocka_unit_test(a_file_is_read_from_its_beginning_after_it_was_looked_at),
	    cmocka_unit_test(a_pipe_is_known_by_what_comes_through_it),
	    cmocka_unit_test(what_cannot_be_opened_is_told_in_its_turn),
	};

	return cmocka_run_group_tests(tests, set_up, clear);
}
