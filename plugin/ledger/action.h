/*
 * What people said about hosts: names, owners, notes, merges, splits, exceptions, sites of sensors.
 *
 * Actions cannot be derived from logs, so they do not live in the ledger but beside it, in
 * LEDGER.actions: append-only text, one action a line, each line sealed with a hash over itself and
 * the one before, and bound to who made it (docs/FORMATS.md, "ledger actions"). A rebuild therefore
 * keeps them. One thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_ACTION_ARGS 4

/* verb: "name" "owner" "note" "merge" "split" "except" "site" "plan" "undo". Texts belong to the
 * list. */
struct cf_ledger_action {
	uint32_t seq;
	int64_t at_wall_s;
	const char *who, *verb;
	const char *args[CF_ACTION_ARGS]; /* "" when not given */
	const char *by; /* whose process it was, as the kernel says; "" in files of before */
	char sha256[CF_SHA256_TEXT_BYTES]; /* of it, and through that of all before; filled in */
};

struct cf_actions;

/*
 * Reads the actions beside ledger_path; none is fine. CF_ECHECKSUM: a line does not follow from the
 * one before (somebody edited it); *error names the line.
 */
enum cf_status cf_actions_open(
    const char *ledger_path, struct cf_actions **actions_out, struct cf_error *error) CF_MUST_CHECK;
void cf_actions_close(struct cf_actions *actions);

/*
 * An action as it leaves the machine, for a witness: one line of text without its end,
 *   curfew-action-1 seq=N sha256=HEX
 * The chain ties all actions before to it.
 */
#define CF_ACTION_WITNESS_BYTES 128
void cf_action_witness(const struct cf_ledger_action *action, char text[CF_ACTION_WITNESS_BYTES]);
/* What a line with such a text in it says of the actions. */
enum cf_action_said {
	CF_ACTION_NOTHING, /* there is none in it, or it is damaged */
	CF_ACTION_HERE,
	CF_ACTION_OTHER,   /* the action of that number is another one */
	CF_ACTION_MISSING, /* there are not so many */
};
enum cf_action_said cf_actions_compare(
    const struct cf_actions *actions, const char *line, uint32_t *seq_out);

size_t cf_actions_count(const struct cf_actions *actions);
/* In order of seq. An action that a later "undo" names is left out of neither list; see is_undone.
 */
const struct cf_ledger_action *cf_actions_get(const struct cf_actions *actions, size_t index);
bool cf_actions_is_undone(const struct cf_actions *actions, size_t index);

/*
 * Appends one action durably (fsync) under a lock; seq and sha256 are filled in. Texts must not be
 * longer than CF_LEDGER_TEXT_BYTES. CF_ENOTFOUND: an undo of an action that is not there or taken
 * back already. CF_EIO, CF_ETOOBIG; on failure nothing is appended.
 */
enum cf_status cf_action_append(
    const char *ledger_path, struct cf_ledger_action *action, struct cf_error *error) CF_MUST_CHECK;
