/* Log, count, refuse. */

#include "egress/table/verdict_chain.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void cf_verdict_log(struct cf_table *table, const struct cf_egress_options *options,
    const char *verdict, const char *subject)
{
	struct cf_term limit = cf_term_number(CF_TERM_LIMIT, options->log_per_second);
	struct cf_term log = cf_term_number(CF_TERM_LOG, options->group);

	if (!options->log)
		return;
	limit.burst = options->log_per_second * 5;
	(void)snprintf(log.name, sizeof log.name, "curfew %s %s ", verdict, subject); /* fits */
	cf_table_add_term(table, limit);
	cf_table_add_term(table, log);
}

static void add_refusal(struct cf_table *table, const struct cf_egress_options *options)
{
	cf_table_add_rule(table);
	if (options->drop) {
		cf_table_add_term(table, cf_term(CF_TERM_DROP));
		return;
	}
	cf_table_add_term(table, cf_term_number(CF_TERM_PROTO, IPPROTO_TCP));
	cf_table_add_term(table, cf_term(CF_TERM_RESET));
	cf_table_add_rule(table);
	cf_table_add_term(table, cf_term(CF_TERM_PROHIBIT));
}

void cf_verdict_chain(struct cf_table *table, const struct cf_egress_options *options,
    const char *chain, const char *verdict, const char *subject, enum cf_egress_counter counter)
{
	cf_table_add_chain(table, chain, CF_CHAIN_REGULAR);
	if (options->log) {
		cf_table_add_rule(table);
		cf_verdict_log(table, options, verdict, subject);
	}
	cf_table_add_rule(table);
	cf_table_add_term(table, cf_term_name(CF_TERM_COUNT, cf_egress_counter_text(counter)));
	if (strcmp(verdict, "stop") == 0)
		add_refusal(table, options);
}
