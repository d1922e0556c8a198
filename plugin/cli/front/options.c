/* A table of options in the words of getopt_long(). */

#include "cli/front/options.h"

#include "base/check.h"
#include "cli/front/cmd.h"
#include "cli/front/when.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long() returns for the row at index i when it has no letter. */
#define LONG_ONLY 256

/* The table as getopt_long() wants it, with --help behind its rows. */
struct translation {
	struct option known[CLI_OPTIONS_MOST + 2];
	char letters[3 * CLI_OPTIONS_MOST + 2];
};

static int has_argument(enum cli_option_kind kind)
{
	if (kind == CLI_OPTION_OPTIONAL)
		return optional_argument;
	return kind == CLI_OPTION_SWITCH || kind == CLI_OPTION_CHOICE ? no_argument
	                                                              : required_argument;
}

static void translate(const struct cli_option *options, struct translation *to)
{
	char *letter = to->letters;
	size_t count = 0;

	for (; options[count].name != NULL; count++) {
		const struct cli_option *option = &options[count];
		int argument = has_argument(option->kind);

		if (!cf_check(count < CLI_OPTIONS_MOST))
			break;
		to->known[count] = (struct option){.name = option->name,
		    .has_arg = argument,
		    .val = option->letter != 0 ? option->letter : LONG_ONLY + (int)count};
		if (option->letter == 0)
			continue;
		*letter++ = (char)option->letter;
		for (int colons = argument; colons > 0; colons--)
			*letter++ = ':'; /* one: required; two: optional, as the constants are */
	}
	to->known[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
	*letter = 'h';
}

static const struct cli_option *find(const struct cli_option *options, int value)
{
	if (value >= LONG_ONLY)
		return &options[value - LONG_ONLY];
	while (options->name != NULL && options->letter != value)
		options++;
	return options->name == NULL ? NULL : options;
}

static bool take_number(unsigned *place, unsigned most, const struct cli_given *given)
{
	char *end;
	unsigned long number = strtoul(given->value, &end, 10);

	if (given->value[0] < '0' || given->value[0] > '9' || *end != '\0' || number == 0 ||
	    number > most) {
		fprintf(stderr, "curfew %s: '%.100s' is not a number from 1 to %u\n", given->verb,
		    given->value, most);
		return false;
	}
	*place = (unsigned)number;
	return true;
}

static bool take(const struct cli_option *option, void *request, const struct cli_given *given)
{
	void *place = (char *)request + option->place;

	switch (option->kind) {
	case CLI_OPTION_SWITCH:
		*(bool *)place = true;
		return true;
	case CLI_OPTION_CHOICE:
		*(unsigned *)place = option->number;
		return true;
	case CLI_OPTION_WORD:
		*(const char **)place = given->value;
		return true;
	case CLI_OPTION_NUMBER:
		return take_number(place, option->number, given);
	case CLI_OPTION_VALUE:
	case CLI_OPTION_OPTIONAL:
		break;
	}
	return option->take(place, given);
}

bool cli_options_read(const struct cli_option *options, const char *verb, const char *help,
    void *request, int argc, char **argv, int *exit_out)
{
	struct translation to = {.letters = ""};
	int value;

	translate(options, &to);
	optind = 1;
	while ((value = getopt_long(argc, argv, to.letters, to.known, NULL)) != -1) {
		const struct cli_option *option = find(options, value);
		struct cli_given given = {.verb = verb, .value = optarg};

		if (value == 'h' && option == NULL) {
			fputs(help, stdout);
			*exit_out = CMD_OK;
			return false;
		}
		*exit_out = CMD_USAGE;
		if (option == NULL)
			return false; /* getopt has said why */
		given.letter = option->letter;
		if (!take(option, request, &given))
			return false;
	}
	return true;
}

bool cli_take_instant(void *place, const struct cli_given *given)
{
	return cli_parse_at(given->verb, given->value, place);
}
