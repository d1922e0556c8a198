/*
 * Asks the resolver that runs one name of each category, and compares its answers with what the
 * image demands: the only part of the doctor that leaves a trace, in the hit log. One thread;
 * libunbound keeps one of its own inside.
 */
#pragma once

#include "doctor/doctor.h"
#include "policy/decide.h"

/* One a category, and one nobody listed. */
#define CF_LIVE_PROBES (CF_CATEGORIES + 1)

struct cf_live_probe {
	char name[CF_NAME_TEXT_BYTES];
	const char *kind; /* the category, or "unlisted" */
	struct cf_decision decision;
	bool answered;
	char got[96];
	enum cf_known agrees; /* unknown: the answer can mean either */
};

struct cf_live {
	struct cf_image *image;
	char server[64];
	struct cf_addr client; /* our address as the resolver sees it */
	struct cf_question question;
	struct cf_live_probe probes[CF_LIVE_PROBES];
	unsigned probe_count;
	unsigned pending;
};

struct cf_live_question {
	const char *image_path;
	const char *server; /* address, or address@port; NULL: 127.0.0.1 */
	int64_t at_wall_s;
	void (*progress)(void *arg, unsigned done, unsigned of); /* may be NULL */
	void *arg;
};

/* Asks, and waits some seconds. Failures of cf_image_open(); CF_EIO, CF_ENOMEM. Free *live_out. */
enum cf_status cf_live_ask(const struct cf_live_question *asked, struct cf_live **live_out,
    struct cf_error *error) CF_MUST_CHECK;
/* NULL is fine. */
void cf_live_free(struct cf_live *live);

/* True when the resolver said anything at all. */
bool cf_live_was_heard(const struct cf_live *live);

/* True when an answer is not what the image demands, or there was none at all. */
bool cf_live_differs(const struct cf_live *live);
