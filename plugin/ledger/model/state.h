/*
 * The state of one host at one instant, from its days and from coverage. The only place that says
 * "clean", and it says so only with evidence: the host itself was seen alive, somebody who sees it
 * was watching, and nothing was found, for the whole window.
 */
#pragma once

#include "ledger/model/model.h"

struct cf_state_judgement {
	enum cf_state state;
	uint32_t since_minute; /* of clean; of the last hit otherwise; 0 none */
	const char *why;       /* static text */
	enum cf_lack lack;
	uint32_t silent_from, silent_to; /* of CF_LACK_SILENT: minutes between signs of life */
	uint32_t set;                    /* sensors that saw it in the window */
};

/*
 * Judges by the first day_count days of host, as if it were at_minute. with_since: look back past
 * the window to find since when a clean host is clean (slower).
 */
struct cf_state_judgement cf_state_judge(const struct cf_host *host, size_t day_count,
    uint32_t at_minute, struct cf_coverage *coverage, const struct cf_model_options *options,
    bool with_since);
