/*
 * What a publisher says about a file: the trusted comment of its signature, one line of words.
 *
 *   curfew-pack 1 name=kaspersky serial=2026112901 made=2026-11-29T12:00:00Z
 *       until=2027-02-28T00:00:00Z sha256=<64 digits>
 *   curfew-image 1 name=stable serial=2026112901 made=... from=... until=... sha256=... shrink=yes
 *
 * The serial only rises, so that a former file, however well signed, is recognised as such; until
 * says when a reader should have heard of a newer one. The Update Framework's specification (TUF
 * 1.0, 1.5 "goals") names the attacks that each word is against: serial rollback, until freeze,
 * name and kind mix and match.
 *
 * Pure functions over the caller's memory; any thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a pack's or channel's name, terminator included: letters, digits, '-', '_', '.'. */
#define CF_STATEMENT_NAME_BYTES 64
/* The longest that cf_statement_format() writes, terminator included. */
#define CF_STATEMENT_TEXT_BYTES 512

enum cf_statement_kind { CF_STATEMENT_PACK, CF_STATEMENT_IMAGE };

struct cf_statement {
	enum cf_statement_kind kind;
	char name[CF_STATEMENT_NAME_BYTES];
	uint64_t serial; /* 1 or more */
	int64_t made_wall_s;
	int64_t from_wall_s;  /* not to be put in force before; INT64_MIN: at once */
	int64_t until_wall_s; /* a newer one should be there by then */
	uint8_t sha256[CF_SHA256_BYTES];
	bool shrink; /* the publisher means it to hold much less than the one before */
};

/*
 * Reads a trusted comment. Words that only later versions know are passed over; another first word
 * or version is CF_EVERSION; a missing, repeated or wrong word CF_EMALFORMED. *error says which.
 */
enum cf_status cf_statement_parse(
    const char *comment, struct cf_statement *statement_out, struct cf_error *error) CF_MUST_CHECK;

/* Writes it so that cf_statement_parse() gives it back, terminated. */
void cf_statement_format(const struct cf_statement *statement, char text[CF_STATEMENT_TEXT_BYTES]);

/* True for 1 to CF_STATEMENT_NAME_BYTES - 1 of the characters above, no dot first. */
bool cf_statement_name_ok(const char *name);

/* What a reader does with a file that is signed by a key it trusts. */
enum cf_fresh {
	CF_FRESH_NEW,     /* take it */
	CF_FRESH_SAME,    /* the serial that is in force: nothing to do */
	CF_FRESH_EARLY,   /* its time has not begun: keep it beside */
	CF_FRESH_OLD,     /* a lower serial than one seen: rollback, refused */
	CF_FRESH_EXPIRED, /* its time is over: frozen or forgotten, refused */
	CF_FRESH_FORKED,  /* the serial that was seen, with other bytes: refused */
	CF_FRESH_OTHER,   /* another kind or name than asked for: mixed up, refused */
	CF_FRESH_FUTURE,  /* made well after now: a wrong clock here or there, refused */
};

/* What the reader knows: of the highest serial it took with this key, of this kind and name. */
struct cf_fresh_seen {
	uint64_t serial; /* 0: none yet */
	uint8_t sha256[CF_SHA256_BYTES];
};

/* Clocks of publisher and reader may differ by this. */
#define CF_FRESH_CLOCK_S 86400

/* Judges statement for a reader that asked for kind and name at now. */
enum cf_fresh cf_fresh_judge(const struct cf_statement *statement, enum cf_statement_kind kind,
    const char *name, const struct cf_fresh_seen *seen, int64_t now_wall_s);

/* "serial 4 is older than 7, which was taken before" and the like: one phrase, static. */
const char *cf_fresh_text(enum cf_fresh fresh);
