/*
 * How far the store has one writer's log, as a collector tells it: the answer to GET, and to a PUT
 * that it does not take. One flat JSON object (docs/FORMATS.md, "Fleet"). Pure; any thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest object, terminator included. */
#define CF_HEAD_TEXT_BYTES 256

enum cf_head_why {
	CF_HEAD_ASKED, /* it was asked for */
	CF_HEAD_TAKEN, /* the bundle is in the store */
	CF_HEAD_KNOWN, /* it was there before */
	CF_HEAD_HOLE,  /* something between it and what the store has is missing */
	CF_HEAD_FORK,  /* the store has another seal of that number */
	CF_HEAD_WHYS
};

struct cf_fleet_head {
	enum cf_head_why why;
	uint64_t seq;                      /* of the last seal; 0: nothing of this writer yet */
	char sha256[CF_SHA256_TEXT_BYTES]; /* of it; zeros */
};

/* "asked" "taken" "known" "hole" "fork"; static. */
const char *cf_head_why_text(enum cf_head_why why);

/* Writes the object with a newline, terminated; returns its length. */
size_t cf_head_format(const struct cf_fleet_head *head, char text[CF_HEAD_TEXT_BYTES]);
/* Reads exactly such an object; CF_EMALFORMED. */
enum cf_status cf_head_parse(
    const char *text, size_t len, struct cf_fleet_head *head_out) CF_MUST_CHECK;
