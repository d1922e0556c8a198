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

/*
 * True when the resolver would enforce a block: names always, addresses only where block-addresses
 * is on, and then in answers alone. Whoever connects to a literal address is seen by the monitor
 * and held by a firewall, if anybody.
 */
bool cli_explanation_is_enforced(const struct cli_explanation *explanation);

/* For people, with the reasons below one another. */
void cli_explanation_print(const struct cli_explanation *explanation, FILE *to);

/* One JSON object; the keys are in curfew-explain(1). */
void cli_explanation_print_json(const struct cli_explanation *explanation, FILE *to);

/* Place for "file:line", the file cut if need be. */
#define CLI_SOURCE_BYTES 512

/* What was asked about, a name or an address; returns text. */
const char *cli_explanation_subject(
    const struct cli_explanation *explanation, char text[CF_NAME_TEXT_BYTES]);

/* "file:line"; returns text. */
const char *cli_explanation_source(const char *file, uint32_t line, char text[CLI_SOURCE_BYTES]);

/* Why an entry that covers the name too did not decide; text is room that may be used for it. */
const char *cli_explanation_why_not(const struct cli_explanation *explanation,
    const struct cf_match *match, const struct cf_entry *entry, char text[128]);

/* What a span's outcome comes from: an exception's reason, a phase's name, or "baseline". */
const char *cli_explanation_span_reason(
    const struct cli_explanation *explanation, const struct cf_decision *decision);

/*
 * Why the exception did not decide at the question's instant ("lapsed at ..."), or that it did;
 * returns text.
 */
const char *cli_explanation_exception_state(
    const struct cli_explanation *explanation, uint32_t exception, char text[128]);
