/* What chains of verdicts share: the log and the refusal. Private to table/. */
#pragma once

#include "egress/plan/options.h"
#include "egress/table/table.h"

/*
 * What sends a packet to the log, as terms of the rule that was begun; nothing without a log. The
 * prefix "curfew VERDICT SUBJECT " is what the monitor reads (monitor/packet/edge.h).
 */
void cf_verdict_log(struct cf_table *table, const struct cf_egress_options *options,
    const char *verdict, const char *subject);

/* A chain that logs, counts, and with the verdict "stop" refuses. */
void cf_verdict_chain(struct cf_table *table, const struct cf_egress_options *options,
    const char *chain, const char *verdict, const char *subject, enum cf_egress_counter counter);
