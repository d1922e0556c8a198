/* What is remembered of a channel comes back as it was; what is none of ours is said. */

#include "update/channel_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/curfew-channel-XXXXXX";

static void write_file(const char *text)
{
	char path[CF_PATH_BYTES];
	FILE *file = fopen(cf_channel_state_path(folder, path), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void no_file_is_nothing_known(void **unused)
{
	struct cf_channel_state state;
	struct cf_error error;

	(void)unused;
	assert_int_equal(cf_channel_state_read(folder, &state, &error), CF_OK);
	assert_int_equal(state.serial, 0);
	assert_string_equal(state.channel, "");
}

static void comes_back_as_it_was(void **unused)
{
	struct cf_channel_state back,
	    state = {.channel = "stable",
	        .serial = 2026112901,
	        .until_wall_s = 1800000000,
	        .taken_wall_s = 1790000000,
	        .asked_wall_s = 1790000001};
	struct cf_error error;

	(void)unused;
	memset(state.sha256, 'a', sizeof state.sha256 - 1);
	cf_channel_state_refuse(&state, 1790000002, "serial 4 is\tolder\n\x1b[31mthan 7");
	assert_int_equal(cf_channel_state_write(folder, &state, &error), CF_OK);
	assert_int_equal(cf_channel_state_read(folder, &back, &error), CF_OK);
	assert_memory_equal(&back, &state, sizeof back);
	assert_string_equal(back.refusal, "serial 4 is?older??[31mthan 7");
	assert_int_equal(back.refused, 1);
}

static void refuse(const char *text, unsigned line)
{
	struct cf_channel_state state;
	struct cf_error error;

	write_file(text);
	assert_int_equal(cf_channel_state_read(folder, &state, &error), CF_EMALFORMED);
	assert_int_equal(error.line, line);
	assert_int_equal(state.serial, 0);
}

static void what_is_none_of_ours_is_said(void **unused)
{
	char text[2000];

	(void)unused;
	refuse("serial\t7\nserial\tmany\n", 2);
	refuse("serial\t-1\n", 1);
	refuse("serial\t99999999999999999999999\n", 1);
	refuse("sha256\tABC\n", 1);
	refuse("until\t2027\n", 1);
	refuse("channel\t../x\n", 1);
	refuse("refusal\t2027-01-01T00:00:00Z\n", 1);
	refuse("serial 7\n", 1);
	refuse("serial\t7", 1); /* cut */
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	refuse(text, 1);
}

static void later_keys_are_passed_over(void **unused)
{
	struct cf_channel_state state;
	struct cf_error error;

	(void)unused;
	write_file("# curfew fetch\nserial\t8\nmood\tgood\n");
	assert_int_equal(cf_channel_state_read(folder, &state, &error), CF_OK);
	assert_int_equal(state.serial, 8);
}

static int make(void **unused)
{
	(void)unused;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_it(void **unused)
{
	char path[CF_PATH_BYTES];

	(void)unused;
	(void)unlink(cf_channel_state_path(folder, path));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_file_is_nothing_known),
	    cmocka_unit_test(comes_back_as_it_was),
	    cmocka_unit_test(what_is_none_of_ours_is_said),
	    cmocka_unit_test(later_keys_are_passed_over),
	};

	return cmocka_run_group_tests(tests, make, remove_it);
}
