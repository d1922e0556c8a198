/* Options as tables: every kind of row, and every way to get one wrong. */

#include "cli/front/cmd.h"
#include "cli/front/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct request {
	bool quiet, has_live;
	const char *file, *live;
	unsigned rate, format;
	int64_t at_wall_s;
	int letter;
};

static bool take_live(void *place, const struct cli_given *given)
{
	struct request *request = place;

	request->has_live = true;
	request->live = given->value;
	request->letter = given->letter;
	return given->value == NULL || strcmp(given->value, "bad") != 0;
}

static const struct cli_option options[] = {
    CLI_SWITCH("quiet", 'q', struct request, quiet),
    CLI_WORD("file", 'f', struct request, file),
    CLI_CHOICE("csv", 'c', struct request, format, 3),
    CLI_CHOICE("json", 'j', struct request, format, 4),
    CLI_NUMBER("rate", 0, struct request, rate, 100),
    CLI_VALUE("at", 'a', struct request, at_wall_s, cli_take_instant),
    CLI_OPTIONAL("live", 'L', take_live),
    CLI_OPTIONS_END,
};

/* Reads up to seven words after the verb; the exit code, or -1 to go on. */
static int read_words(struct request *request, const char *words[8])
{
	char verb[] = "verb", *argv[9] = {verb};
	int argc = 1, code = 99;

	while (argc < 8 && words[argc - 1] != NULL) {
		argv[argc] = (char *)words[argc - 1]; /* getopt moves them, and writes to none */
		argc++;
	}
	*request = (struct request){.rate = 7};
	if (!cli_options_read(options, "verb", "the help\n", request, argc, argv, &code))
		return code;
	for (int i = optind; i < argc; i++)
		words[i - optind] = argv[i];
	words[argc - optind] = NULL;
	return -1;
}

#define READ(request, ...) read_words(request, (const char *[8]){__VA_ARGS__, NULL})

static void each_kind_fills_its_member(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(
	    READ(&r, "-q", "--file", "x", "--rate=100", "-a", "1970-01-01T00:01:00Z"), -1);
	assert_true(r.quiet);
	assert_string_equal(r.file, "x");
	assert_int_equal(r.rate, 100);
	assert_int_equal(r.at_wall_s, 60);
	assert_false(r.has_live);
}

static void absent_options_leave_their_members(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(READ(&r, "argument"), -1);
	assert_int_equal(r.rate, 7);
	assert_null(r.file);
	assert_false(r.quiet);
}

static void an_optional_value_may_be_absent(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(READ(&r, "--live"), -1);
	assert_true(r.has_live);
	assert_null(r.live);
	assert_int_equal(r.letter, 'L');
	assert_int_equal(READ(&r, "--live=here"), -1);
	assert_string_equal(r.live, "here");
}

static void of_two_choices_the_last_counts(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(READ(&r, "-j"), -1);
	assert_int_equal(r.format, 4);
	assert_int_equal(READ(&r, "--json", "--csv"), -1);
	assert_int_equal(r.format, 3);
}

static void arguments_may_stand_among_options(void **state)
{
	struct request r;
	const char *words[8] = {"one", "-q", "two", "-fx", "--", "-q", NULL};

	(void)state;
	assert_int_equal(read_words(&r, words), -1);
	assert_string_equal(words[0], "one");
	assert_string_equal(words[1], "two");
	assert_string_equal(words[2], "-q");
	assert_null(words[3]);
	assert_string_equal(r.file, "x");
}

static void help_ends_well_and_is_always_there(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(READ(&r, "--help"), CMD_OK);
	assert_int_equal(READ(&r, "-qh"), CMD_OK);
}

static void what_is_not_understood_is_bad_usage(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(READ(&r, "--other"), CMD_USAGE);
	assert_int_equal(READ(&r, "-x"), CMD_USAGE);
	assert_int_equal(READ(&r, "--file"), CMD_USAGE);
	assert_int_equal(READ(&r, "--quiet=yes"), CMD_USAGE);
	assert_int_equal(READ(&r, "--rate", "0"), CMD_USAGE);
	assert_int_equal(READ(&r, "--rate", "101"), CMD_USAGE);
	assert_int_equal(READ(&r, "--rate", "1x"), CMD_USAGE);
	assert_int_equal(READ(&r, "--rate", "-1"), CMD_USAGE);
	assert_int_equal(READ(&r, "--rate", "18446744073709551617"), CMD_USAGE);
	assert_int_equal(READ(&r, "-a", "1970-01-01T00:01:00"), CMD_USAGE);
	assert_int_equal(READ(&r, "--live=bad"), CMD_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_fills_its_member),
	    cmocka_unit_test(absent_options_leave_their_members),
	    cmocka_unit_test(an_optional_value_may_be_absent),
	    cmocka_unit_test(of_two_choices_the_last_counts),
	    cmocka_unit_test(arguments_may_stand_among_options),
	    cmocka_unit_test(help_ends_well_and_is_always_there),
	    cmocka_unit_test(what_is_not_understood_is_bad_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
