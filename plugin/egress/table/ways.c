/* Chains for what asks others than the site's resolvers, and what leads it home. */

#include "egress/table/ways.h"

#include "egress/table/table_text.h"

#include <string.h>

/* The public resolvers of a role, as sets. */
static void write_resolver_sets(const struct cf_plan *plan, FILE *to, const char *role)
{
	uint32_t count = cf_image_info(plan->image)->resolvers;

	for (unsigned f = 0; f < 2; f++) {
		const char *between = " elements = { ";

		fprintf(to, "\tset %s%s { type %s; flags interval; auto-merge;", role,
		    cf_ruleset_families[f].suffix, cf_ruleset_families[f].type);
		for (uint32_t i = 0; i < count; i++) {
			struct cf_resolver resolver;
			char text[CF_ADDR_TEXT_BYTES];

			cf_image_resolver(plan->image, i, &resolver);
			if (strcmp(resolver.role, role) != 0 ||
			    resolver.addr.family != cf_ruleset_families[f].family)
				continue;
			fprintf(to, "%s%s", between, cf_addr_format(&resolver.addr, text));
			between = ", ";
		}
		fputs(between[0] == ',' ? " }; }\n" : " }\n", to);
	}
}

void cf_ways_sets(const struct cf_plan *plan, FILE *to)
{
	write_resolver_sets(plan, to, "fallback");
	write_resolver_sets(plan, to, "doh");
}

/*
 * What is redirected went to the site's resolver before it came here, so that what comes is of
 * connections that began before, or of a family without a resolver: refused.
 */
static void write_way(
    FILE *to, const char *to_set, const char *ports, enum cf_way way, const char *chain)
{
	if (way == CF_WAY_OFF)
		return;
	for (unsigned f = 0; f < 2; f++) {
		if (to_set != NULL)
			fprintf(to, "\t\t%s daddr @%s%s ", cf_ruleset_families[f].header, to_set,
			    cf_ruleset_families[f].suffix);
		else
			fprintf(to, "\t\tmeta nfproto ipv%s ", cf_ruleset_families[f].suffix);
		fprintf(to, "meta l4proto { tcp, udp } th dport %s goto %s\n", ports, chain);
	}
}

/* The chain that a way ends in. */
static void write_way_chain(const struct cf_egress_options *options, FILE *to, const char *subject,
    enum cf_way way, enum cf_egress_counter counter)
{
	char chain[32];

	(void)snprintf(chain, sizeof chain, "way_%s_", subject); /* fits */
	cf_ruleset_verdict_chain(
	    options, to, chain, way >= CF_WAY_REJECT ? "stop" : "flag", subject, counter);
}

bool cf_ways_any(const struct cf_egress_options *options)
{
	return options->dns != CF_WAY_OFF || options->dot != CF_WAY_OFF ||
	    options->doh != CF_WAY_OFF || options->fallback != CF_WAY_OFF;
}

void cf_ways_chains(const struct cf_egress_options *options, FILE *to)
{
	write_way_chain(options, to, "dns", options->dns, CF_COUNT_DNS);
	write_way_chain(options, to, "dot", options->dot, CF_COUNT_DOT);
	write_way_chain(options, to, "doh", options->doh, CF_COUNT_DOH);
	write_way_chain(options, to, "fallback", options->fallback, CF_COUNT_FALLBACK);
	fputs("\tchain ways {\n", to);
	for (unsigned f = 0; f < 2; f++)
		if (cf_prefixes_has(&options->resolvers, cf_ruleset_families[f].family))
			fprintf(to, "\t\t%s saddr @own%s return\n\t\t%s daddr @own%s return\n",
			    cf_ruleset_families[f].header, cf_ruleset_families[f].suffix,
			    cf_ruleset_families[f].header, cf_ruleset_families[f].suffix);
	write_way(to, "fallback", "53", options->fallback, "way_fallback_");
	write_way(to, "fallback", "853",
	    options->fallback == CF_WAY_OFF            ? CF_WAY_OFF
	        : options->fallback == CF_WAY_REDIRECT ? CF_WAY_REJECT
	                                               : options->fallback,
	    "way_fallback_");
	write_way(to, NULL, "53", options->dns, "way_dns_");
	write_way(to, NULL, "853", options->dot, "way_dot_");
	write_way(to, "doh", "443", options->doh, "way_doh_");
	fputs("\t}\n", to);
}

/* The first resolver of a family. */
static const struct cf_addr *resolver_of(
    const struct cf_egress_options *options, enum cf_family family)
{
	for (unsigned i = 0; i < options->resolvers.count; i++)
		if (options->resolvers.items[i].addr.family == family)
			return &options->resolvers.items[i].addr;
	return NULL;
}

/* Rules that log, and lead to the resolver, what the match says. */
static void write_lead(const struct cf_egress_options *options, FILE *to,
    const struct cf_ruleset_family *family, const char *match, const char *subject)
{
	char text[CF_ADDR_TEXT_BYTES];

	cf_addr_format(resolver_of(options, family->family), text);
	if (options->log) {
		fprintf(to, "\t\t%s meta l4proto { tcp, udp } th dport 53 ", match);
		cf_ruleset_log(options, to, "lead", subject);
		fputc('\n', to);
	}
	fprintf(to,
	    "\t\t%s meta l4proto { tcp, udp } th dport 53 counter name way_%s dnat %s to %s\n",
	    match, subject, family->header, text);
}

static void write_redirects(
    const struct cf_egress_options *options, FILE *to, const char *chain, const char *hook)
{
	char match[64];

	fprintf(to,
	    "\tchain %s {\n\t\ttype nat hook %s priority dstnat; policy accept;\n"
	    "\t\tfib daddr type local return\n",
	    chain, hook);
	if (options->resolver_user[0] != '\0' && strcmp(hook, "output") == 0)
		fprintf(to, "\t\tmeta skuid \"%s\" return\n", options->resolver_user);
	for (unsigned f = 0; f < 2; f++) {
		const struct cf_ruleset_family *family = &cf_ruleset_families[f];

		if (resolver_of(options, family->family) == NULL)
			continue;
		for (unsigned side = 0; side < 4; side++)
			fprintf(to, "\t\t%s %s @%s%s return\n", family->header,
			    side % 2 == 0 ? "saddr" : "daddr", side < 2 ? "never" : "own",
			    family->suffix);
		if (options->fallback == CF_WAY_REDIRECT) {
			(void)snprintf(match, sizeof match, "%s daddr @fallback%s", family->header,
			    family->suffix); /* fits */
			write_lead(options, to, family, match, "fallback");
		}
		if (options->dns == CF_WAY_REDIRECT) {
			(void)snprintf(match, sizeof match, "meta nfproto ipv%s", family->suffix);
			write_lead(options, to, family, match, "dns");
		}
	}
	fputs("\t}\n", to);
}

void cf_ways_redirects(const struct cf_egress_options *options, FILE *to)
{
	if (options->dns != CF_WAY_REDIRECT && options->fallback != CF_WAY_REDIRECT)
		return;
	if (options->forward)
		write_redirects(options, to, "lead_home", "prerouting");
	if (options->output)
		write_redirects(options, to, "lead_home_out", "output");
}
