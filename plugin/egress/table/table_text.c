/* What the files that write the table share. */

#include "egress/table/table_text.h"

#include <string.h>

const struct cf_ruleset_family cf_ruleset_families[2] = {
    {CF_FAMILY_V4, CF_RANGES_NETWORKS_V4, CF_RANGES_CLIENTS_V4, "ipv4_addr", "ip", "4", "128,16"},
    {CF_FAMILY_V6, CF_RANGES_NETWORKS_V6, CF_RANGES_CLIENTS_V6, "ipv6_addr", "ip6", "6", "192,32"},
};

void cf_ruleset_log(
    const struct cf_egress_options *options, FILE *to, const char *verdict, const char *subject)
{
	if (options->log)
		fprintf(to,
		    "limit rate %u/second burst %u packets log group %u snaplen 256 prefix "
		    "\"curfew "
		    "%s %s \"",
		    options->log_per_second, options->log_per_second * 5, options->group, verdict,
		    subject);
}

static void write_refusal(const struct cf_egress_options *options, FILE *to)
{
	if (options->drop)
		fputs("\t\tdrop\n", to);
	else
		fputs("\t\tmeta l4proto tcp reject with tcp reset\n"
		      "\t\treject with icmpx admin-prohibited\n",
		    to);
}

void cf_ruleset_verdict_chain(const struct cf_egress_options *options, FILE *to, const char *chain,
    const char *verdict, const char *subject, enum cf_egress_counter counter)
{
	fprintf(to, "\tchain %s {\n\t\t", chain);
	cf_ruleset_log(options, to, verdict, subject);
	fprintf(to, "\n\t\tcounter name %s\n", cf_egress_counter_text(counter));
	if (strcmp(verdict, "stop") == 0)
		write_refusal(options, to);
	fputs("\t}\n", to);
}
