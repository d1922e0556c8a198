/* What people say about hosts and sensors, checked against the ledger and recorded. One thread. */
#pragma once

#include "ledger/action.h"
#include "ledger/store/ledger.h"

/*
 * Records the action, whose args name hosts as people do: actions are kept by what identifies a
 * host, so that they mean the same after a rebuild. CF_ENOTFOUND with the reason when there is no
 * such host, sensor or action, or both are one host already: nothing is recorded then. Otherwise as
 * cf_ledger_open(), cf_model_load() and cf_action_append(). Do not use action->args afterwards.
 */
enum cf_status cf_ledger_say(const char *ledger_path, int64_t now_wall_s,
    struct cf_ledger_action *action, struct cf_error *error) CF_MUST_CHECK;
