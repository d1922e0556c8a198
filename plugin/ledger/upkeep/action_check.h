/* Actions beside a ledger, held against what was witnessed of them elsewhere. One thread. */
#pragma once

#include "ledger/action.h"

/* An action that is another one than was witnessed, or missing. */
typedef void cf_action_wrong(void *arg, uint32_t seq, enum cf_action_said said);

/*
 * Every line of the file at path against the actions; what is wrong is told. CF_ECHECKSUM:
 * something is; CF_EINVALID: no action is in the file; CF_EIO.
 */
enum cf_status cf_actions_check(const struct cf_actions *actions, const char *path,
    cf_action_wrong *tell, void *arg, struct cf_error *error) CF_MUST_CHECK;

/* How many actions are of a version that did not record whose process it was. */
size_t cf_actions_nameless(const struct cf_actions *actions);

/*
 * "except HOST UNTIL WHY", as who said it, in the form that is kept; until_text holds the instant
 * and must live as long as the action.
 */
#define CF_ACTION_UNTIL_BYTES 24
void cf_action_except(struct cf_ledger_action *action, const char *host, int64_t until_wall_s,
    const char *why, char until_text[CF_ACTION_UNTIL_BYTES]);
