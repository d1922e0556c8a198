/*
 * Why a name or address is decided as it is: the decision, what else could have decided and why it
 * did not, and how the decision changes in time. `curfew explain` prints it.
 *
 * Filled by cf_decide_*() and reading the image alone, so it cannot disagree with the module. One
 * thread; points into the image.
 */
#pragma once

#include "policy/decide.h"

#include <stdbool.h>
#include <stdio.h>

/* Spans of one verdict that are shown; a policy with more phases for one name is not for reading.
 */
#define CLI_SPANS 64

/* One stretch of time with the same outcome, from from_wall_s (INT64_MIN for the first) on. */
struct cli_span {
	int64_t from_wall_s;
	struct cf_decision decision;
};

struct cli_explanation {
	const struct cf_image *image;
	const char *image_path;
	bool is_addr;
	struct cf_name name; /* unless is_addr */
	struct cf_addr addr; /* if is_addr */
	struct cf_question question;
	struct cf_addr client; /* what question.client points to */
	struct cf_decision decision;
	struct cf_match matches[CF_MATCHES]; /* of a name, the deciding one among them */
	unsigned match_count;
	struct cli_span spans[CLI_SPANS];
	unsigned span_count;
};

/* Fills the rest from image, is_addr with name or addr, and question. */
void cli_explanation_fill(struct cli_explanation *explanation);

/* For people, with the reasons below one another. */
void cli_explanation_print(const struct cli_explanation *explanation, FILE *to);

/* One JSON object; the keys are in curfew-explain(1). */
void cli_explanation_print_json(const struct cli_explanation *explanation, FILE *to);

/*
 * Why the exception did not decide at the question's instant ("lapsed at ..."), or that it did;
 * returns text.
 */
const char *cli_explanation_exception_state(
    const struct cli_explanation *explanation, uint32_t exception, char text[128]);
