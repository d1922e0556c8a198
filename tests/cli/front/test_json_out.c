/* What --json prints is JSON, whatever stands in the texts. */

#include "cli/front/json_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A stream whose text is compared. */
struct output {
	FILE *to;
	char *text;
	size_t len;
};

static struct output *open_output(void)
{
	struct output *output = calloc(1, sizeof *output);

	assert_non_null(output);
	output->to = open_memstream(&output->text, &output->len);
	assert_non_null(output->to);
	return output;
}

static void check_output(struct output *output, const char *wanted)
{
	assert_int_equal(fclose(output->to), 0);
	assert_string_equal(output->text, wanted);
	free(output->text);
	free(output);
}

static void members_are_separated_and_levels_closed(void **state)
{
	struct output *output = open_output();
	struct cli_json json = cli_json_start(output->to);

	(void)state;
	cli_json_open_object(&json, NULL);
	cli_json_text(&json, "a", "b");
	cli_json_open_array(&json, "c");
	cli_json_number(&json, NULL, -1);
	cli_json_bool(&json, NULL, true);
	cli_json_open_object(&json, NULL);
	cli_json_close_object(&json);
	cli_json_close_array(&json);
	cli_json_null(&json, "d");
	cli_json_close_object(&json);
	cli_json_end(&json);
	check_output(output, "{\n \"a\": \"b\",\n \"c\": [-1, true, {}],\n \"d\": null\n}\n");
}

static void every_text_becomes_plain_ascii(void **state)
{
	struct output *output = open_output();
	struct cli_json json = cli_json_start(output->to);

	(void)state;
	cli_json_text(&json, NULL, "\"\\\n\t\x1b\x7f \xc3\xbc \xf0\x9f\x98\x80");
	cli_json_end(&json);
	check_output(output, "\"\\\"\\\\\\n\\t\\u001b\\u007f \\u00fc \\ud83d\\ude00\"\n");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
	struct output *output = open_output();
	struct cli_json json = cli_json_start(output->to);

	(void)state;
	/* A lone continuation, an overlong slash, a surrogate, a cut sequence. */
	cli_json_text(&json, NULL, "\x80|\xc0\xaf|\xed\xa0\x80|\xe2\x82");
	cli_json_end(&json);
	check_output(output, "\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"\n");
}

static void instants_without_an_end_are_null(void **state)
{
	struct output *output = open_output();
	struct cli_json json = cli_json_start(output->to);

	(void)state;
	cli_json_open_array(&json, NULL);
	cli_json_instant(&json, NULL, 1727582400);
	cli_json_instant(&json, NULL, INT64_MAX);
	cli_json_instant(&json, NULL, INT64_MIN);
	cli_json_close_array(&json);
	cli_json_end(&json);
	check_output(output, "[\n \"2024-09-29T04:00:00Z\",\n null,\n null\n]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_are_separated_and_levels_closed),
	    cmocka_unit_test(every_text_becomes_plain_ascii),
	    cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
	    cmocka_unit_test(instants_without_an_end_are_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
