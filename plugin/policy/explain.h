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
#include <stdint.h>

/* Spans of one verdict that are shown; a policy with more phases for one name is not for reading.
 */
#define CF_EXPLAINED_SPANS 64

/* One stretch of time with the same outcome, from from_wall_s (INT64_MIN for the first) on. */
struct cf_span {
	int64_t from_wall_s;
	struct cf_decision decision;
};

struct cf_explanation {
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
	struct cf_span spans[CF_EXPLAINED_SPANS];
	unsigned span_count;
};

/* Fills the rest from image, is_addr with name or addr, and question. */
void cf_explanation_fill(struct cf_explanation *explanation);

/*
 * True when the resolver would enforce a block: names always, addresses only where block-addresses
 * is on, and then in answers alone. Whoever connects to a literal address is seen by the monitor
 * and held by a firewall, if anybody.
 */
bool cf_explanation_is_enforced(const struct cf_explanation *explanation);

/* Place for "file:line", the file cut if need be. */
#define CF_EXPLAINED_SOURCE_BYTES 512

/* What was asked about, a name or an address; returns text. */
const char *cf_explanation_subject(
    const struct cf_explanation *explanation, char text[CF_NAME_TEXT_BYTES]);

/* "file:line"; returns text. */
const char *cf_explanation_source(
    const char *file, uint32_t line, char text[CF_EXPLAINED_SOURCE_BYTES]);

/* Why an entry that covers the name too did not decide; text is room that may be used for it. */
const char *cf_explanation_why_not(const struct cf_explanation *explanation,
    const struct cf_match *match, const struct cf_entry *entry, char text[128]);

/* What a span's outcome comes from: an exception's reason, a phase's name, or "baseline". */
const char *cf_explanation_span_reason(
    const struct cf_explanation *explanation, const struct cf_decision *decision);

/*
 * Why the exception did not decide at the question's instant ("lapsed at ..."), or that it did;
 * returns text.
 */
const char *cf_explanation_exception_state(
    const struct cf_explanation *explanation, uint32_t exception, char text[128]);
