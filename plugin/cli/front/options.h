/*
 * The options of a verb as a table: what each is called and which member of the verb's request it
 * fills. All verbs read their command lines with this, so that they all behave alike: options may
 * stand among the arguments, --help prints the help on standard output, and whatever is wrong is
 * said on standard error. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h> /* optind */

/* The longest table, its end left out. */
#define CLI_OPTIONS_MOST 32

/* An option as it was given, for those that look at their value themselves. */
struct cli_given {
	const char *verb;  /* for messages: "list show" */
	const char *value; /* NULL when optional and absent */
	int letter;        /* of its row; 0: it has none */
};

/* place is the member named in the row. False after a message on standard error. */
typedef bool cli_take_fn(void *place, const struct cli_given *given);

enum cli_option_kind {
	CLI_OPTION_SWITCH,   /* bool: true once it is given */
	CLI_OPTION_CHOICE,   /* unsigned: becomes number; the last one given counts */
	CLI_OPTION_WORD,     /* const char *: the value as it is */
	CLI_OPTION_NUMBER,   /* unsigned: 1 to number */
	CLI_OPTION_VALUE,    /* a value that take understands */
	CLI_OPTION_OPTIONAL, /* the same, but the value may be absent: --live[=ADDR] */
};

struct cli_option {
	const char *name; /* without dashes; NULL ends the table */
	int letter;       /* of the short form; 0: long only */
	enum cli_option_kind kind;
	size_t place; /* offset in the request */
	cli_take_fn *take;
	unsigned number;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member has none */
/* The offset of a member; does not compile unless it has the type that its kind fills. */
#define CLI_PLACE(request, member, wanted) \
	(offsetof(request, member) + 0 * sizeof((wanted *)NULL == &((request *)NULL)->member))

#define CLI_SWITCH(name, letter, request, member) \
	{ \
		name, letter, CLI_OPTION_SWITCH, CLI_PLACE(request, member, bool), NULL, 0 \
	}
#define CLI_CHOICE(name, letter, request, member, number) \
	{ \
		name, letter, CLI_OPTION_CHOICE, CLI_PLACE(request, member, unsigned), NULL, \
		    number \
	}
#define CLI_WORD(name, letter, request, member) \
	{ \
		name, letter, CLI_OPTION_WORD, CLI_PLACE(request, member, const char *), NULL, 0 \
	}
#define CLI_NUMBER(name, letter, request, member, most) \
	{ \
		name, letter, CLI_OPTION_NUMBER, CLI_PLACE(request, member, unsigned), NULL, most \
	}
/* take gets the address of the member, */
#define CLI_VALUE(name, letter, request, member, take) \
	{ \
		name, letter, CLI_OPTION_VALUE, offsetof(request, member), take, 0 \
	}
/* or here of the whole request. */
#define CLI_TAKEN(name, letter, take) \
	{ \
		name, letter, CLI_OPTION_VALUE, 0, take, 0 \
	}
#define CLI_OPTIONAL(name, letter, take) \
	{ \
		name, letter, CLI_OPTION_OPTIONAL, 0, take, 0 \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
#define CLI_OPTIONS_END \
	{ \
		NULL, 0, CLI_OPTION_SWITCH, 0, NULL, 0 \
	}

/*
 * Reads all options of argv[1..argc) into *request. True to go on: the arguments proper are then
 * argv[optind..argc). False with the exit code in *exit_out when there is nothing more to do: after
 * -h or --help, which every verb has, and after a message that says what is wrong.
 */
bool cli_options_read(const struct cli_option *options, const char *verb, const char *help,
    void *request, int argc, char **argv, int *exit_out);

/* For CLI_VALUE: an instant with offset into an int64_t, in seconds. */
bool cli_take_instant(void *place, const struct cli_given *given);
