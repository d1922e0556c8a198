/*
 * What each gap in coverage costs: which stretches without anybody watching keep hosts from being
 * called clean, the dearest first, so that a report can say "234 clean but for 10 minutes on
 * 24 November". Owned by the caller; one thread.
 */
#pragma once

#include "ledger/model/model.h"

struct cf_gap_cost {
	uint32_t from_minute, to_minute;
	uint64_t hosts;     /* would be clean had somebody watched in it */
	const char *sensor; /* one of those that should have, with the reason it gives */
	const char *source, *reason;
};

struct cf_gap_costs {
	struct cf_gap_cost *items;
	size_t count;
	uint64_t several;      /* hosts that more than one such stretch keeps from being clean */
	uint64_t by_dns_alone; /* clean hosts, of which for some time only DNS was watched */
};

/* CF_ENOMEM, and nothing to free. */
enum cf_status cf_gap_costs_find(
    struct cf_model *model, struct cf_gap_costs *costs_out) CF_MUST_CHECK;
void cf_gap_costs_done(struct cf_gap_costs *costs);
