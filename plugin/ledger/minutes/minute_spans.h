/*
 * Lists of intervals of minutes since 1970, for what ledger/minutes/coverage.h works out: collected
 * in any order, then joined, which the functions below the line need.
 *
 * Zeroed storage is an empty list; free items when done. One thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_span {
	uint32_t from_minute, to_minute; /* from <= t < to */
	const char *reason;              /* of a gap; static or the ledger's */
};

struct cf_minute_spans {
	struct cf_span *items;
	size_t count, size;
};

/* One more at the end; reason is borrowed. CF_ENOMEM, and the list as it was. */
enum cf_status cf_minute_spans_add(
    struct cf_minute_spans *spans, uint32_t from, uint32_t to, const char *reason) CF_MUST_CHECK;

/* Sorts, and makes one of those that overlap or touch, with the reason of the first. */
void cf_minute_spans_join(struct cf_minute_spans *spans);

/* ---- of joined lists */

/* Takes out of spans what is in others; reasons are lost. CF_ENOMEM, and the list as it was. */
enum cf_status cf_minute_spans_subtract(
    struct cf_minute_spans *spans, const struct cf_minute_spans *others) CF_MUST_CHECK;

/* Index of the last one that begins before minute, or -1. */
ptrdiff_t cf_minute_spans_before(const struct cf_minute_spans *spans, uint32_t minute);
