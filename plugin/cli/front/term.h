/*
 * The terminal: colour where it is wanted, a progress bar on long work, questions.
 *
 * Colour goes to a stream that is a terminal unless NO_COLOR is set or TERM is dumb; the progress
 * bar goes to stderr when that is a terminal, so results on stdout never mix with it. One thread.
 */
#pragma once

#include "image/category.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_YELLOW, CLI_GREEN };

/* True when styles have an effect on the stream. */
bool cli_term_has_colour(FILE *to);

/* The escape sequence that begins or (CLI_PLAIN) ends a style on the stream; "" without colour. */
const char *cli_term_style(FILE *to, enum cli_style style);

/* The style verdicts are shown in: block red, flag yellow, pass green. */
enum cli_style cli_term_verdict_style(enum cf_verdict verdict);

/* Writes foreign text, such as a file's name: what could steer a terminal becomes \xNN. */
void cli_term_put(FILE *to, const char *text);

/* A progress bar; total 0 when the end is not known. */
struct cli_progress {
	const char *what; /* "compiling", lower case */
	uint64_t total;
	bool shown; /* stderr is a terminal */
	unsigned last_percent;
	uint64_t last_done;
};

struct cli_progress cli_progress_start(const char *what, uint64_t total);
/* Redraws when something visible changed; cheap enough for every item. */
void cli_progress_update(struct cli_progress *progress, uint64_t done);
/* Wipes the bar away. */
void cli_progress_end(struct cli_progress *progress);

/* Asks on stderr and reads stdin: true for an answer that begins with y. False at end of input. */
bool cli_term_ask(const char *question);
