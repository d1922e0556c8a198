/* Sets, chains and terms in the words of nft. */

#include "egress/table/table_text.h"

#include <inttypes.h>
#include <string.h>

const struct cf_ruleset_family cf_ruleset_families[2] = {
    {CF_FAMILY_V4, CF_RANGES_NETWORKS_V4, CF_RANGES_CLIENTS_V4, CF_SET_ADDR_V4, "ip", "4"},
    {CF_FAMILY_V6, CF_RANGES_NETWORKS_V6, CF_RANGES_CLIENTS_V6, CF_SET_ADDR_V6, "ip6", "6"},
};

static const char *header_of(const struct cf_term *term)
{
	return cf_ruleset_families[term->family == CF_FAMILY_V6].header;
}

/* ---- sets */

static void write_key(enum cf_set_type type, const uint8_t *key, FILE *to)
{
	struct cf_addr addr = {.family = type == CF_SET_ADDR_V4 ? CF_FAMILY_V4 : CF_FAMILY_V6};
	char text[CF_ADDR_TEXT_BYTES];

	switch (type) {
	case CF_SET_ADDR_V4:
	case CF_SET_ADDR_V6:
		memcpy(addr.bytes, key, cf_set_key_bytes(type));
		fputs(cf_addr_format(&addr, text), to);
		return;
	case CF_SET_PROTO:
		fprintf(to, "%u", key[0]);
		return;
	case CF_SET_PORT:
		fprintf(to, "%u", (unsigned)key[0] << 8 | key[1]);
		return;
	}
}

static void write_element(const struct cf_table_set *set, uint32_t i, FILE *to)
{
	size_t bytes = cf_set_key_bytes(set->type);
	const uint8_t *key = set->keys + bytes * (set->ranges ? 2 : 1) * i;

	write_key(set->type, key, to);
	if (set->ranges && memcmp(key, key + bytes, bytes) != 0) {
		fputc('-', to);
		write_key(set->type, key + bytes, to);
	}
	if (set->is_map)
		fprintf(to, " : goto n%" PRIu32, set->kinds[i]);
}

static void write_set(const struct cf_table_set *set, FILE *to)
{
	static const char *const types[] = {[CF_SET_ADDR_V4] = "ipv4_addr",
	    [CF_SET_ADDR_V6] = "ipv6_addr",
	    [CF_SET_PROTO] = "inet_proto",
	    [CF_SET_PORT] = "inet_service"};

	fprintf(to, "\t%s %s { type %s%s;", set->is_map ? "map" : "set", set->name,
	    types[set->type], set->is_map ? " : verdict" : "");
	if (set->ranges)
		fputs(" flags interval;", to);
	else
		fprintf(to, " size %" PRIu32 ";", cf_set_capacity(set));
	for (uint32_t i = 0; i < set->count; i++) {
		fputs(i == 0 ? " elements = { " : i % 8 == 0 ? ",\n\t\t" : ", ", to);
		write_element(set, i, to);
	}
	fputs(set->count > 0 ? " }; }\n" : " }\n", to);
}

/* ---- rules */

static void write_addr(const struct cf_term *term, FILE *to)
{
	unsigned all = term->family == CF_FAMILY_V4 ? 32 : 128;
	struct cf_addr mask = {.family = term->family};
	char text[CF_ADDR_TEXT_BYTES];

	fprintf(to, "%s %s ", header_of(term), term->source ? "saddr" : "daddr");
	for (unsigned i = 0; i < term->bits; i++)
		mask.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (term->bits < all)
		fprintf(to, "& %s ", cf_addr_format(&mask, text));
	fprintf(to, "%s@%s", term->kind == CF_TERM_VERDICT ? "vmap " : "", term->name);
}

static void write_test(const struct cf_term *term, FILE *to)
{
	switch (term->kind) {
	case CF_TERM_FAMILY:
		fprintf(to, "meta nfproto ipv%u", term->family);
		break;
	case CF_TERM_ADDR:
	case CF_TERM_VERDICT:
		write_addr(term, to);
		break;
	case CF_TERM_PROTO_IN:
		fprintf(to, "meta l4proto @%s", term->name);
		break;
	case CF_TERM_PROTO:
		fprintf(to, "meta l4proto %" PRIu32, term->number);
		break;
	case CF_TERM_PORT_IN:
		fprintf(to, "th dport @%s", term->name);
		break;
	case CF_TERM_PORT:
		fprintf(to, "th dport %" PRIu32, term->number);
		break;
	case CF_TERM_LOOPBACK:
		fputs("oifname \"lo\"", to);
		break;
	case CF_TERM_USER:
		fprintf(to, "meta skuid \"%s\"", term->name);
		break;
	case CF_TERM_LOCAL:
		fputs("fib daddr type local", to);
		break;
	case CF_TERM_BEFORE:
		fprintf(to, "meta time < %" PRId64, term->wall_s);
		break;
	case CF_TERM_LIMIT:
	case CF_TERM_LOG:
	case CF_TERM_COUNT:
	case CF_TERM_RESET:
	case CF_TERM_PROHIBIT:
	case CF_TERM_DROP:
	case CF_TERM_RETURN:
	case CF_TERM_GOTO:
	case CF_TERM_JUMP:
	case CF_TERM_LEAD: /* what is done */
		break;
	}
}

static void write_act(const struct cf_term *term, FILE *to)
{
	char text[CF_ADDR_TEXT_BYTES];

	switch (term->kind) {
	case CF_TERM_LIMIT:
		fprintf(to, "limit rate %" PRIu32 "/second burst %" PRIu32 " packets", term->number,
		    term->burst);
		break;
	case CF_TERM_LOG:
		fprintf(to, "log prefix \"%s\" group %" PRIu32 " snaplen 256", term->name,
		    term->number);
		break;
	case CF_TERM_COUNT:
		fprintf(to, "counter name %s", term->name);
		break;
	case CF_TERM_RESET:
		fputs("reject with tcp reset", to);
		break;
	case CF_TERM_PROHIBIT:
		fputs("reject with icmpx admin-prohibited", to);
		break;
	case CF_TERM_DROP:
		fputs("drop", to);
		break;
	case CF_TERM_RETURN:
		fputs("return", to);
		if (term->name[0] != '\0')
			fprintf(to, " comment \"%s\"", term->name);
		break;
	case CF_TERM_GOTO:
		fprintf(to, "goto %s", term->name);
		break;
	case CF_TERM_JUMP:
		fprintf(to, "jump %s", term->name);
		break;
	case CF_TERM_LEAD:
		fprintf(to, "dnat %s to %s", header_of(term), cf_addr_format(&term->addr, text));
		break;
	case CF_TERM_FAMILY:
	case CF_TERM_ADDR:
	case CF_TERM_VERDICT:
	case CF_TERM_PROTO_IN:
	case CF_TERM_PROTO:
	case CF_TERM_PORT_IN:
	case CF_TERM_PORT:
	case CF_TERM_LOOPBACK:
	case CF_TERM_USER:
	case CF_TERM_LOCAL:
	case CF_TERM_BEFORE: /* a test */
		break;
	}
}

static void write_rule(const struct cf_table *table, const struct cf_table_rule *rule, FILE *to)
{
	fputs("\t\t", to);
	for (uint32_t i = 0; i < rule->term_count; i++) {
		const struct cf_term *term = &table->terms[rule->terms_at + i];

		fputs(i == 0 ? "" : " ", to);
		write_test(term, to);
		write_act(term, to);
	}
	fputc('\n', to);
}

static void write_chain(const struct cf_table *table, const struct cf_table_chain *chain, FILE *to)
{
	static const char *const hooks[] = {
	    [CF_CHAIN_FORWARD] = "filter hook forward priority filter",
	    [CF_CHAIN_OUTPUT] = "filter hook output priority filter",
	    [CF_CHAIN_LEAD] = "nat hook prerouting priority dstnat",
	    [CF_CHAIN_LEAD_OUT] = "nat hook output priority -100"};

	fprintf(to, "\tchain %s {\n", chain->name);
	if (chain->hook != CF_CHAIN_REGULAR)
		fprintf(to, "\t\ttype %s; policy accept;\n", hooks[chain->hook]);
	for (uint32_t i = 0; i < chain->rule_count; i++)
		write_rule(table, &table->rules[chain->rules_at + i], to);
	fputs("\t}\n", to);
}

void cf_table_write(const struct cf_table *table, FILE *to)
{
	fputs("table inet curfew\ndelete table inet curfew\ntable inet curfew {\n", to);
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		fprintf(to, "\tcounter %s { packets %" PRIu64 " bytes %" PRIu64 " }\n",
		    cf_egress_counter_text((enum cf_egress_counter)i), table->totals[i].packets,
		    table->totals[i].bytes);
	for (uint32_t i = 0; i < table->set_count; i++)
		write_set(&table->sets[i], to);
	for (uint32_t i = 0; i < table->chain_count; i++)
		write_chain(table, &table->chains[i], to);
	fputs("}\n", to);
}
