/* Chains for what asks others than the site's resolvers, and what leads it home. */

#include "egress/table/ways.h"

#include "egress/table/table_text.h"
#include "egress/table/verdict_chain.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_DNS = 53, PORT_HTTPS = 443, PORT_DOT = 853 };

static uint8_t all_bits(const struct cf_ruleset_family *family)
{
	return family->family == CF_FAMILY_V4 ? 32 : 128;
}

/* An address of the packet is in a set, both of the family. */
static void test_addr(
    struct cf_table *table, const struct cf_ruleset_family *family, bool source, const char *prefix)
{
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "%s%s", prefix, family->suffix); /* fits */
	cf_table_add_term(
	    table, cf_term_addr(CF_TERM_ADDR, family->family, source, all_bits(family), name));
}

static int by_bytes(const void *a, const void *b)
{
	return cf_addr_compare(a, b);
}

/* The public resolvers of a role, as sets. */
static void add_resolver_sets(const struct cf_plan *plan, struct cf_table *table, const char *role)
{
	uint32_t count = cf_image_info(plan->image)->resolvers;

	for (unsigned f = 0; f < 2; f++) {
		const struct cf_ruleset_family *family = &cf_ruleset_families[f];
		struct cf_addr *addrs = calloc(count + 1, sizeof *addrs);
		struct cf_table_set *set;
		uint32_t found = 0;
		char name[CF_TABLE_NAME];

		(void)snprintf(name, sizeof name, "%s%s", role, family->suffix); /* fits */
		set = cf_table_add_set(table, name, family->set_type, false, false);
		table->broken = table->broken || addrs == NULL;
		for (uint32_t i = 0; addrs != NULL && i < count; i++) {
			struct cf_resolver resolver;

			cf_image_resolver(plan->image, i, &resolver);
			if (strcmp(resolver.role, role) == 0 &&
			    resolver.addr.family == family->family)
				addrs[found++] = resolver.addr;
		}
		if (addrs != NULL)
			qsort(addrs, found, sizeof *addrs, by_bytes);
		for (uint32_t i = 0; addrs != NULL && i < found; i++)
			if (i == 0 || !cf_addr_equal(&addrs[i], &addrs[i - 1]))
				cf_table_add_key(table, set, addrs[i].bytes, 0);
		free(addrs);
	}
}

void cf_ways_sets(const struct cf_plan *plan, struct cf_table *table)
{
	static const uint16_t ports[] = {PORT_DNS, PORT_HTTPS, PORT_DOT};
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	struct cf_table_set *set;

	add_resolver_sets(plan, table, "fallback");
	add_resolver_sets(plan, table, "doh");
	set = cf_table_add_set(table, "asked", CF_SET_PORT, false, false);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t port[2] = {(uint8_t)(ports[i] >> 8), (uint8_t)ports[i]};

		cf_table_add_key(table, set, port, 0);
	}
	set = cf_table_add_set(table, "asking", CF_SET_PROTO, false, false);
	for (unsigned i = 0; i < 2; i++)
		cf_table_add_key(table, set, &protos[i], 0);
}

/*
 * What is redirected went to the site's resolver before it came here, so that what comes is of
 * connections that began before, or of a family without a resolver: refused.
 */
static void add_way(
    struct cf_table *table, const char *to_set, unsigned port, enum cf_way way, const char *chain)
{
	if (way == CF_WAY_OFF)
		return;
	for (unsigned f = 0; f < (to_set != NULL ? 2U : 1U); f++) {
		cf_table_add_rule(table);
		if (to_set != NULL)
			test_addr(table, &cf_ruleset_families[f], false, to_set);
		cf_table_add_term(table, cf_term_name(CF_TERM_PROTO_IN, "asking"));
		cf_table_add_term(table, cf_term_number(CF_TERM_PORT, port));
		cf_table_add_term(table, cf_term_name(CF_TERM_GOTO, chain));
	}
}

/* The chain that a way ends in. */
static void add_way_chain(struct cf_table *table, const struct cf_egress_options *options,
    const char *subject, enum cf_way way, enum cf_egress_counter counter)
{
	char chain[CF_TABLE_NAME];

	(void)snprintf(chain, sizeof chain, "way_%s_", subject); /* fits */
	cf_verdict_chain(
	    table, options, chain, way >= CF_WAY_REJECT ? "stop" : "flag", subject, counter);
}

static bool any_way(const struct cf_egress_options *options)
{
	return options->dns != CF_WAY_OFF || options->dot != CF_WAY_OFF ||
	    options->doh != CF_WAY_OFF || options->fallback != CF_WAY_OFF;
}

static void leave_own(struct cf_table *table, const struct cf_egress_options *options)
{
	for (unsigned f = 0; f < 2; f++) {
		if (!cf_prefixes_has(&options->resolvers, cf_ruleset_families[f].family))
			continue;
		for (unsigned side = 0; side < 2; side++) {
			cf_table_add_rule(table);
			test_addr(table, &cf_ruleset_families[f], side == 0, "own");
			cf_table_add_term(table, cf_term(CF_TERM_RETURN));
		}
	}
}

void cf_ways_chains(const struct cf_egress_options *options, struct cf_table *table)
{
	/* Over TLS the answer would be another's. */
	enum cf_way fallback_dot =
	    options->fallback == CF_WAY_REDIRECT ? CF_WAY_REJECT : options->fallback;

	if (!any_way(options))
		return;
	add_way_chain(table, options, "dns", options->dns, CF_COUNT_DNS);
	add_way_chain(table, options, "dot", options->dot, CF_COUNT_DOT);
	add_way_chain(table, options, "doh", options->doh, CF_COUNT_DOH);
	add_way_chain(table, options, "fallback", options->fallback, CF_COUNT_FALLBACK);
	cf_table_add_chain(table, "ways", CF_CHAIN_REGULAR);
	leave_own(table, options);
	add_way(table, "fallback", PORT_DNS, options->fallback, "way_fallback_");
	add_way(table, "fallback", PORT_DOT, fallback_dot, "way_fallback_");
	add_way(table, NULL, PORT_DNS, options->dns, "way_dns_");
	add_way(table, NULL, PORT_DOT, options->dot, "way_dot_");
	add_way(table, "doh", PORT_HTTPS, options->doh, "way_doh_");
}

void cf_ways_ask(const struct cf_egress_options *options, struct cf_table *table)
{
	if (!any_way(options))
		return;
	cf_table_add_rule(table);
	cf_table_add_term(table, cf_term_name(CF_TERM_PROTO_IN, "asking"));
	cf_table_add_term(table, cf_term_name(CF_TERM_PORT_IN, "asked"));
	cf_table_add_term(table, cf_term_name(CF_TERM_JUMP, "ways"));
}

/* ---- leading home */

/* The first resolver of a family. */
static const struct cf_addr *resolver_of(
    const struct cf_egress_options *options, enum cf_family family)
{
	for (unsigned i = 0; i < options->resolvers.count; i++)
		if (options->resolvers.items[i].addr.family == family)
			return &options->resolvers.items[i].addr;
	return NULL;
}

/* A rule for questions of the family, to anybody or to a set. */
static void begin_question(
    struct cf_table *table, const struct cf_ruleset_family *family, const char *to_set)
{
	struct cf_term of = cf_term(CF_TERM_FAMILY);

	of.family = (uint8_t)family->family;
	cf_table_add_rule(table);
	if (to_set != NULL)
		test_addr(table, family, false, to_set);
	else
		cf_table_add_term(table, of);
	cf_table_add_term(table, cf_term_name(CF_TERM_PROTO_IN, "asking"));
	cf_table_add_term(table, cf_term_number(CF_TERM_PORT, PORT_DNS));
}

/* Rules that log, and lead to the resolver. */
static void add_lead(struct cf_table *table, const struct cf_egress_options *options,
    const struct cf_ruleset_family *family, const char *to_set, const char *subject)
{
	struct cf_term lead = cf_term(CF_TERM_LEAD), count = cf_term(CF_TERM_COUNT);

	if (options->log) {
		begin_question(table, family, to_set);
		cf_verdict_log(table, options, "lead", subject);
	}
	(void)snprintf(count.name, sizeof count.name, "way_%s", subject); /* fits */
	lead.family = (uint8_t)family->family;
	lead.addr = *resolver_of(options, family->family);
	begin_question(table, family, to_set);
	cf_table_add_term(table, count);
	cf_table_add_term(table, lead);
}

static void add_redirects(struct cf_table *table, const struct cf_egress_options *options,
    const char *chain, enum cf_chain_hook hook)
{
	cf_table_add_chain(table, chain, hook);
	cf_table_add_rule(table);
	cf_table_add_term(table, cf_term(CF_TERM_LOCAL));
	cf_table_add_term(table, cf_term(CF_TERM_RETURN));
	if (options->resolver_user[0] != '\0' && hook == CF_CHAIN_LEAD_OUT) {
		cf_table_add_rule(table);
		cf_table_add_term(table, cf_term_name(CF_TERM_USER, options->resolver_user));
		cf_table_add_term(table, cf_term(CF_TERM_RETURN));
	}
	for (unsigned f = 0; f < 2; f++) {
		const struct cf_ruleset_family *family = &cf_ruleset_families[f];

		if (resolver_of(options, family->family) == NULL)
			continue;
		for (unsigned side = 0; side < 4; side++) {
			cf_table_add_rule(table);
			test_addr(table, family, side % 2 == 0, side < 2 ? "never" : "own");
			cf_table_add_term(table, cf_term(CF_TERM_RETURN));
		}
		if (options->fallback == CF_WAY_REDIRECT)
			add_lead(table, options, family, "fallback", "fallback");
		if (options->dns == CF_WAY_REDIRECT)
			add_lead(table, options, family, NULL, "dns");
	}
}

void cf_ways_redirects(const struct cf_egress_options *options, struct cf_table *table)
{
	if (options->dns != CF_WAY_REDIRECT && options->fallback != CF_WAY_REDIRECT)
		return;
	if (options->forward)
		add_redirects(table, options, "lead_home", CF_CHAIN_LEAD);
	if (options->output)
		add_redirects(table, options, "lead_home_out", CF_CHAIN_LEAD_OUT);
}
