/*
 * Which parts of a buffer are filled: a short sorted list of byte ranges that never touch.
 *
 * For putting datagrams, TCP streams and QUIC CRYPTO frames together when pieces come in any order,
 * twice or overlapping: a byte that is there stays as it is, so the first copy wins. One list
 * belongs to one thread.
 */
#pragma once

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from..to of the buffer, to not included. */
struct cf_byte_span {
	uint16_t from;
	uint16_t to;
};

/* Empty when count is 0, so a zeroed one is ready. */
struct cf_spans {
	uint16_t count;
	struct cf_byte_span at[CF_SPANS];
};

/*
 * Copies len bytes to buffer + from where buffer is not filled yet, and notes them. The caller has
 * checked that from + len fits the buffer and is at most 65,535. False, with nothing changed, when
 * there would be more than CF_SPANS ranges.
 */
bool cf_spans_fill(
    struct cf_spans *spans, uint8_t *buffer, size_t from, const uint8_t *data, size_t len);

/* The range that holds offset at, or NULL. Valid until the next fill. */
const struct cf_byte_span *cf_spans_find(const struct cf_spans *spans, size_t at);
