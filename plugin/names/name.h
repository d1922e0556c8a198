/*
 * A DNS name in canonical form: lower case wire format (RFC 1035 3.1, RFC 4034 6.2), with the place
 * of every label remembered, so that its suffixes can be walked without parsing again.
 *
 * Any byte may stand in a label. Text follows RFC 1035 5.1: a dot or backslash in a label is
 * escaped with a backslash, other unprintable bytes as \DDD. Pure functions; any thread.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * wire holds wire_len bytes, the root label included. label_at[i] is the offset of label i, counted
 * from the left; label_count leaves the root out, so the root name has wire_len 1 and no label.
 */
struct cf_name {
	uint8_t wire_len;
	uint8_t label_count;
	uint8_t label_at[CF_NAME_LABELS];
	uint8_t wire[CF_NAME_WIRE_BYTES];
};

/*
 * From an uncompressed wire name at the start of wire[0..len): canonicalises and fills *name_out.
 * CF_EMALFORMED: it runs past len, has a label over 63 bytes (so also a compression pointer) or is
 * longer than 255 bytes. Bytes after the name are ignored.
 */
enum cf_status cf_name_from_wire(
    const uint8_t *wire, size_t len, struct cf_name *name_out) CF_MUST_CHECK;

/*
 * From text of len bytes, with or without the last dot; "." is the root. CF_EMALFORMED: an empty
 * label, a label over 63 bytes, a bad escape, a byte outside printable ASCII that is not escaped,
 * or too long. Does no IDN conversion.
 */
enum cf_status cf_name_from_text(
    const char *text, size_t len, struct cf_name *name_out) CF_MUST_CHECK;

/* Writes the name as text without the last dot (the root as "."), terminated; returns text. */
const char *cf_name_format(const struct cf_name *name, char text[CF_NAME_TEXT_BYTES]);
/* As above for canonical wire bytes that are known good (an image's); never reads past the root
 * label. */
const char *cf_name_format_wire(const uint8_t *wire, char text[CF_NAME_TEXT_BYTES]);

bool cf_name_equal(const struct cf_name *a, const struct cf_name *b);

/* True when name equals parent or lies below it. */
bool cf_name_is_subdomain(const struct cf_name *name, const struct cf_name *parent);

/*
 * The suffix of the last label_count labels of name: a pointer into name->wire, its length in
 * *len_out. label_count is at most name->label_count; 0 gives the root.
 */
const uint8_t *cf_name_suffix(const struct cf_name *name, unsigned label_count, size_t *len_out);
