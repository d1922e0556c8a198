/* Settings in unbound.conf's dynlib clause. */
#include "../scratch_template.h"
#include "resolver/state/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct cf_options options;

static int set_up(void **state)
{
	(void)state;
	return cf_options_init(&options) == CF_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	cf_options_done(&options);
	return 0;
}

static enum cf_status read_line(const char *line, const char *chroot_dir)
{
	return cf_options_read(&options, line, chroot_dir, NULL);
}

static void the_defaults_need_no_line(void **state)
{
	(void)state;
	assert_string_equal(options.image_path, "/var/lib/curfew/curfew.img");
	assert_null(options.log_path);
	assert_int_equal(options.syslog, -1);
	assert_int_equal(options.lane_bytes, 16 << 20);
}

static void every_setting_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_line("curfew-image=/a/b.img", NULL), CF_OK);
	assert_int_equal(read_line("curfew-log=/l", ""), CF_OK);
	assert_int_equal(read_line("curfew-status=/s", NULL), CF_OK);
	assert_int_equal(read_line("curfew-sensor=edge 1=x", NULL), CF_OK);
	assert_string_equal(options.key_path, "/var/lib/curfew/keys/resolver.key");
	assert_int_equal(read_line("curfew-key=/k", NULL), CF_OK);
	assert_string_equal(options.key_path, "/k");
	assert_int_equal(read_line("curfew-key=none", NULL), CF_OK);
	assert_string_equal(options.key_path, "");
	assert_int_equal(read_line("curfew-seals=syslog", NULL), CF_OK);
	assert_false(options.keep_seals);
	assert_int_equal(read_line("curfew-seals=none", NULL), CF_OK);
	assert_true(options.keep_seals);
	assert_int_equal(read_line("curfew-seals=somewhere", NULL), CF_EINVALID);
	assert_int_equal(read_line("curfew-syslog=yes", NULL), CF_OK);
	assert_int_equal(read_line("curfew-lane-mb=4", NULL), CF_OK);
	assert_int_equal(read_line("curfew-fold=0", NULL), CF_OK);
	assert_int_equal(read_line("curfew-clock-offset=-5", NULL), CF_OK);
	assert_string_equal(options.image_path, "/a/b.img");
	assert_string_equal(options.log_path, "/l");
	assert_string_equal(options.status_path, "/s");
	assert_string_equal(options.sensor, "edge 1=x");
	assert_int_equal(options.syslog, 1);
	assert_int_equal(options.lane_bytes, 4 << 20);
	assert_true(options.has_fold);
	assert_int_equal(options.clock_offset_s, -5);
	assert_false(options.log_off);
	assert_int_equal(read_line("curfew-log=none", NULL), CF_OK);
	assert_true(options.log_off);
}

static void paths_lose_the_chroot_in_front(void **state)
{
	(void)state;
	assert_string_equal(cf_options_inside("/var/unbound/x/y", "/var/unbound"), "/x/y");
	assert_string_equal(cf_options_inside("/var/unbound/x", "/var/unbound/"), "/x");
	assert_string_equal(
	    cf_options_inside("/var/unbound2/x", "/var/unbound"), "/var/unbound2/x");
	assert_string_equal(cf_options_inside("/x", NULL), "/x");
	assert_int_equal(read_line("curfew-image=/var/unbound/c.img", "/var/unbound"), CF_OK);
	assert_string_equal(options.image_path, "/c.img");
}

static void bad_lines_are_refused_and_change_nothing(void **state)
{
	static const char *const lines[] = {"curfew-", "curfew-image",
	    "curfew-image=", "curfew-imag=/x", "curfew-images=/x", "curfew-syslog=maybe",
	    "curfew-lane-mb=0", "curfew-lane-mb=4097", "curfew-lane-mb=1x", "curfew-fold=-1",
	    "curfew-fold=", "curfew-clock-offset=9999999999999999999", "image=/x", ""};
	struct cf_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(cf_options_read(&options, lines[i], NULL, &error), CF_EINVALID);
		assert_true(error.text[0] != '\0');
	}
	the_defaults_need_no_line(state);
}

static void a_clock_file_is_read_again(void **state)
{
	char path[SCRATCH_BYTES], line[SCRATCH_COMMAND_BYTES];
	int fd = mkstemp(scratch_template(path, "clock"));

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(line, sizeof(line), "curfew-clock-offset=@%s", path);
	assert_int_equal(read_line(line, NULL), CF_OK);
	assert_int_equal(write(fd, "77\n", 3), 3);
	cf_options_reread_clock(&options);
	assert_int_equal(options.clock_offset_s, 77);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	cf_options_reread_clock(&options);
	assert_int_equal(options.clock_offset_s, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_defaults_need_no_line, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(every_setting_is_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(paths_lose_the_chroot_in_front, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        bad_lines_are_refused_and_change_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_clock_file_is_read_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
