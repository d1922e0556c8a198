/* Rotated files in the order they were written, whatever scheme gave them their names. */

#include "records/files/log_set.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST 12

/* Names of the files from the oldest on; each holds one line of its day. "" marks nothing. */
static char *make(char *folder, const char *const names[])
{
	for (unsigned i = 0; names[i] != NULL; i++) {
		char line[96], *path = scratch_path(folder, names[i]);
		int len = snprintf(line, sizeof line,
		    "{\"v\":1,\"timestamp\":\"2024-09-%02uT04:00:00.000000Z\"}\n", i + 1);

		scratch_write(path, line, (size_t)len);
		free(path);
	}
	return folder;
}

/* Does the set of base hold just names, in this order? */
static void expect(char *folder, const char *base, const char *const names[])
{
	char *path = scratch_path(folder, base);
	struct cf_log_set set;
	size_t at = strlen(folder) + 1;

	assert_int_equal(cf_log_set_find(path, &set), CF_OK);
	for (size_t i = 0; i < set.count || names[i] != NULL; i++) {
		if (i >= set.count || names[i] == NULL || strcmp(set.paths[i] + at, names[i]) != 0)
			fail_msg("place %zu of %s: '%s', not '%s'", i, base,
			    i < set.count ? set.paths[i] + at : "nothing",
			    names[i] == NULL ? "nothing" : names[i]);
	}
	cf_log_set_done(&set);
	free(path);
}

static void each_scheme_is_read_from_the_oldest_file_on(void **state)
{
	static const char *const schemes[][MOST] = {
	    {"h.jsonl.12", "h.jsonl.11", "h.jsonl.10", "h.jsonl.9", "h.jsonl.2", "h.jsonl.1",
	        "h.jsonl"},
	    {"h.10.jsonl", "h.9.jsonl", "h.1.jsonl", "h.0.jsonl", "h.jsonl"},
	    {"h.jsonl-20240929", "h.jsonl-20240930", "h.jsonl-20241001", "h.jsonl"},
	    {"h-20240929.jsonl", "h-20240930.jsonl", "h-20241001.jsonl", "h.jsonl"},
	    {"h.jsonl.20240930235959", "h.jsonl.20241001000000", "h.jsonl.20241001000001",
	        "h.jsonl"},
	    {"h.jsonl.20240930", "h.jsonl.20241001", "h.jsonl"},
	    {"h.jsonl-1727582400", "h.jsonl-1727582401", "h.jsonl-1727586000", "h.jsonl"},
	    {"h.jsonl-30-09-2024", "h.jsonl-01-10-2024", "h.jsonl-02-10-2024", "h.jsonl"},
	    {"h.jsonl-09302024", "h.jsonl-10012024", "h.jsonl-10022024", "h.jsonl"},
	    /* A year turns, and dates without one do not rise: what the files say decides. */
	    {"h.jsonl-1230", "h.jsonl-1231", "h.jsonl-0101", "h.jsonl-0102", "h.jsonl"},
	    {"h.jsonl-52", "h.jsonl-01", "h.jsonl-02", "h.jsonl"},
	    /* Weeks that look like rotation numbers. */
	    {"h.jsonl.37", "h.jsonl.38", "h.jsonl.39", "h.jsonl"},
	    {"h.jsonl.52", "h.jsonl.01", "h.jsonl.02", "h.jsonl"},
	    {"h.jsonl.2022", "h.jsonl.2023", "h.jsonl.2024", "h.jsonl"},
	    /* Numbers once, dates since; and the other way round. */
	    {"h.jsonl.3", "h.jsonl.2", "h.jsonl.1", "h.jsonl-20240929", "h.jsonl-20240930",
	        "h.jsonl"},
	    {"h.jsonl-20240929", "h.jsonl-20240930", "h.jsonl.2", "h.jsonl.1", "h.jsonl"},
	    {"h.jsonl-2024-W39", "h.jsonl-2024-W40", "h.jsonl"},
	    {"h.jsonl-of-20240929", "h.jsonl-of-20240930", "h.jsonl"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		char *folder = make(scratch_make(), schemes[i]);

		expect(folder, "h.jsonl", schemes[i]);
		scratch_remove(folder);
	}
}

static void olddir_inside_is_found(void **state)
{
	static const char *const names[] = {"old/h.jsonl.2", "old/h.jsonl.1", "h.jsonl", NULL};
	char *folder = scratch_make(), *old = scratch_path(folder, "old"),
	     *other = scratch_path(folder, "site"), *inside;

	(void)state;
	assert_int_equal(mkdir(old, 0700), 0);
	assert_int_equal(mkdir(other, 0700), 0);
	/* A folder with a log of that name is somebody else's. */
	inside = scratch_path(other, "h.jsonl");
	scratch_write(inside, "\n", 1);
	free(inside);
	inside = scratch_path(other, "h.jsonl.1");
	scratch_write(inside, "\n", 1);
	free(inside);
	expect(make(folder, names), "h.jsonl", names);
	for (size_t i = 0; names[i] != NULL; i++) {
		char *path = scratch_path(folder, names[i]);

		unlink(path);
		free(path);
	}
	scratch_remove(other);
	rmdir(old);
	free(old);
	scratch_remove(folder);
}

static void olddir_elsewhere_is_found_when_it_is_named(void **state)
{
	static const char *const here[] = {"h.jsonl", NULL}, *const there[] = {"h.jsonl.1", NULL};
	char *folder = make(scratch_make(), here), *other = make(scratch_make(), there),
	     *path = scratch_path(folder, "h.jsonl");
	struct cf_log_set set;

	(void)state;
	assert_int_equal(cf_log_set_find_also(path, other, &set), CF_OK);
	assert_int_equal(set.count, 2);
	assert_int_equal(strncmp(set.paths[0], other, strlen(other)), 0);
	assert_string_equal(set.paths[1], path);
	cf_log_set_done(&set);
	assert_int_equal(cf_log_set_find_also(path, "/nowhere/at/all", &set), CF_EIO);
	free(path);
	scratch_remove(folder);
	scratch_remove(other);
}

static void another_log_s_files_are_left_to_it(void **state)
{
	static const char *const names[] = {
	    "h-guest-20240929.jsonl", "h-guest.jsonl", "h-20240930.jsonl", "h.jsonl", NULL};
	static const char *const own[] = {"h-20240930.jsonl", "h.jsonl", NULL};
	static const char *const guest[] = {"h-guest-20240929.jsonl", "h-guest.jsonl", NULL};
	char *folder = make(scratch_make(), names);

	(void)state;
	expect(folder, "h.jsonl", own);
	expect(folder, "h-guest.jsonl", guest);
	scratch_remove(folder);
}

static void a_plain_file_wins_over_what_was_being_compressed(void **state)
{
	static const char *const names[] = {
	    "h.jsonl.2.gz", "h.jsonl.2", "h.jsonl.1.xz", "h.jsonl.1", "h.jsonl", NULL};
	static const char *const kept[] = {"h.jsonl.2", "h.jsonl.1", "h.jsonl", NULL};
	char *folder = make(scratch_make(), names);

	(void)state;
	expect(folder, "h.jsonl", kept);
	scratch_remove(folder);
}

static void files_of_unknown_compressors_are_not_left_out(void **state)
{
	static const char *const names[] = {"h.jsonl.5.lz4", "h.jsonl.4.zpaq", "h.jsonl.3.br",
	    "h.jsonl.2.xz", "h.jsonl.1", "h.jsonl", NULL};
	char *folder = make(scratch_make(), names);

	(void)state;
	expect(folder, "h.jsonl", names);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_scheme_is_read_from_the_oldest_file_on),
	    cmocka_unit_test(olddir_inside_is_found),
	    cmocka_unit_test(olddir_elsewhere_is_found_when_it_is_named),
	    cmocka_unit_test(another_log_s_files_are_left_to_it),
	    cmocka_unit_test(a_plain_file_wins_over_what_was_being_compressed),
	    cmocka_unit_test(files_of_unknown_compressors_are_not_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
