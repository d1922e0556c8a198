/*
 * Which member of a line goes where in a struct cf_record, and how its text becomes a value there:
 * the schema of docs/FORMATS.md as a table. parse_line.c takes lines apart and asks here for each
 * key. For records/ only. Pure; any thread.
 */
#pragma once

#include "records/form/parse.h"

#include <stdbool.h>
#include <stddef.h>

/* A row of the table: one key in one group. Groups are the line itself and each inner object. */
struct cf_member;
#define CF_MEMBERS_TOP 0u /* the group of the line itself */

/* A record on its way; all but record is zero before the first member. */
struct cf_filling {
	struct cf_record *record;
	size_t next; /* where the search for the next key begins: lines have an order */
	bool has_event, has_time;
};

/*
 * The member of the group that begins at[0..end), if it is one of those that lines have next and is
 * written as we write it; *len_out is the length of its key with quotes and colon, behind which at
 * least a byte follows. NULL: to be read as any other.
 */
const struct cf_member *cf_member_expect(
    struct cf_filling *filling, unsigned group, const char *at, const char *end, size_t *len_out);

/* The member of this key in the group, or NULL: a key that only later versions know. */
const struct cf_member *cf_member_find(
    struct cf_filling *filling, unsigned group, struct cf_text key);

/* True for a key whose value may be an object with members of ours; then their group. */
bool cf_member_opens(const struct cf_member *member, unsigned *group_out);

/*
 * Puts a value (a text without its quotes, or a bare word) where it belongs; false when it is not
 * of its kind. The record keeps texts as they are, pointers included.
 */
bool cf_member_store(
    struct cf_filling *filling, const struct cf_member *member, struct cf_text text);
