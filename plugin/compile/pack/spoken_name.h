/*
 * Names as people write and paste them. One grammar for every door: what puts names in force
 * (policy, presets, packs) takes a name and nothing else, what asks about them (explain, log)
 * understands what it can and says so.
 *
 * A name is labels of letters, digits, hyphens and underscores, parted by dots, with or without the
 * last one; letters of any script go through IDNA. Any other byte of a label is written with a
 * backslash before it, or as \DDD (RFC 1035 5.1): a;b.example is refused, a\;b.example is a name.
 * What ends in a number is no name (WHATWG URL 3.1): 10.0.0.256 is a mistyped address.
 *
 * Pure functions; any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"
#include "image/category.h"
#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>

/* Longest text looked at; URLs get long. */
#define CF_SPOKEN_BYTES 4096

/* What was understood. */
struct cf_spoken {
	bool is_addr; /* then addr, else name and scope */
	struct cf_addr addr;
	struct cf_name name;
	enum cf_scope scope; /* exact, or below for "*.x", subtree for ".x" and "||x^" */
	const char *form; /* what it was if no plain name: "a URL"; NULL for names and addresses */
};

/*
 * Understands text: names, addresses, and what holds one of them - URLs with user and port, host
 * and port, paths, mail addresses, rules of ad blockers, defanged spellings (hxxp://x[.]y), zone
 * ids, quotes and brackets. CF_EMALFORMED with *error (may be NULL) saying why not; CF_ENOMEM.
 */
enum cf_status cf_spoken_parse(
    const char *text, struct cf_spoken *spoken_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Takes a plain name alone. CF_EMALFORMED for everything else, *error saying what it is and what to
 * write instead.
 */
enum cf_status cf_spoken_name(
    const char *text, struct cf_name *name_out, struct cf_error *error) CF_MUST_CHECK;

/* The same, and "*.name" (below) and ".name" (it and below); *scope_out is exact for a name alone.
 */
enum cf_status cf_spoken_pattern(const char *text, struct cf_name *name_out,
    enum cf_scope *scope_out, struct cf_error *error) CF_MUST_CHECK;

/* True when the last label is digits or a hexadecimal number: no such top-level domain can be. */
bool cf_spoken_ends_in_number(const struct cf_name *name);

/* True for a name of letters, digits, hyphens and underscores alone. */
bool cf_spoken_is_plain(const struct cf_name *name);

/*
 * Writes name so that every door and every master file reads it back (RFC 1035 5.1): specials with
 * a backslash, unprintable bytes as \DDD, no last dot. Returns text.
 */
const char *cf_name_format_master(const struct cf_name *name, char text[CF_NAME_TEXT_BYTES]);
