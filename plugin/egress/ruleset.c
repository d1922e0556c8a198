/* The text of the table, from the verdicts up to the hooks: nft wants chains before jumps to them.
 */

#include "egress/ruleset.h"

#include "base/sha256.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const counter_words[] = {[CF_COUNT_STOPPED] = "stopped",
    [CF_COUNT_FLAGGED] = "flagged",
    [CF_COUNT_ALLOWED] = "allowed",
    [CF_COUNT_DNS] = "way_dns",
    [CF_COUNT_DOT] = "way_dot",
    [CF_COUNT_DOH] = "way_doh",
    [CF_COUNT_FALLBACK] = "way_fallback"};

const char *cf_egress_counter_text(enum cf_egress_counter counter)
{
	return counter_words[counter];
}

/* One family's words. */
struct family {
	enum cf_family family;
	enum cf_ranges networks, clients;
	const char *type, *header, *suffix;
};

static const struct family families[] = {
    {CF_FAMILY_V4, CF_RANGES_NETWORKS_V4, CF_RANGES_CLIENTS_V4, "ipv4_addr", "ip", "4"},
    {CF_FAMILY_V6, CF_RANGES_NETWORKS_V6, CF_RANGES_CLIENTS_V6, "ipv6_addr", "ip6", "6"},
};

static bool has_family(const struct cf_prefixes *prefixes, enum cf_family family)
{
	for (unsigned i = 0; i < prefixes->count; i++)
		if (prefixes->items[i].addr.family == family)
			return true;
	return false;
}

enum cf_status cf_egress_check_options(
    const struct cf_egress_options *options, struct cf_error *error)
{
	if (!options->forward && !options->output)
		return cf_error_set(error, CF_EINVALID, "no hook: say forward, output or both");
	if (options->dot == CF_WAY_REDIRECT || options->doh == CF_WAY_REDIRECT)
		return cf_error_set(error, CF_EINVALID,
		    "encrypted DNS cannot be redirected: the certificate would be another's; "
		    "observe or reject it");
	if ((options->dns == CF_WAY_REDIRECT || options->fallback == CF_WAY_REDIRECT) &&
	    options->resolvers.count == 0)
		return cf_error_set(
		    error, CF_EINVALID, "redirect needs a resolver of the site to lead to");
	if (options->dns >= CF_WAY_REJECT && options->resolvers.count == 0)
		return cf_error_set(error, CF_EINVALID,
		    "rejecting DNS to others needs to know the site's own resolvers");
	return CF_OK;
}

/* ---- sets */

static void write_range(FILE *to, const struct cf_addr *first, const struct cf_addr *last)
{
	char a[CF_ADDR_TEXT_BYTES], b[CF_ADDR_TEXT_BYTES];

	if (memcmp(first, last, sizeof *first) == 0)
		fputs(cf_addr_format(first, a), to);
	else
		fprintf(to, "%s-%s", cf_addr_format(first, a), cf_addr_format(last, b));
}

static void write_prefix_sets(FILE *to, const char *name, const struct cf_prefixes *prefixes)
{
	char text[CF_PREFIX_TEXT_BYTES];

	for (unsigned f = 0; f < 2; f++) {
		const char *between = " elements = { ";

		fprintf(to, "\tset %s%s { type %s; flags interval; auto-merge;", name,
		    families[f].suffix, families[f].type);
		for (unsigned i = 0; i < prefixes->count; i++) {
			if (prefixes->items[i].addr.family != families[f].family)
				continue;
			fprintf(to, "%s%s", between, cf_prefix_format(&prefixes->items[i], text));
			between = ", ";
		}
		fputs(between[0] == ',' ? " }; }\n" : " }\n", to);
	}
}

/* The public resolvers of a role, as sets. */
static void write_resolver_sets(const struct cf_plan *plan, FILE *to, const char *role)
{
	uint32_t count = cf_image_info(plan->image)->resolvers;

	for (unsigned f = 0; f < 2; f++) {
		const char *between = " elements = { ";

		fprintf(to, "\tset %s%s { type %s; flags interval; auto-merge;", role,
		    families[f].suffix, families[f].type);
		for (uint32_t i = 0; i < count; i++) {
			struct cf_resolver resolver;
			char text[CF_ADDR_TEXT_BYTES];

			cf_image_resolver(plan->image, i, &resolver);
			if (strcmp(resolver.role, role) != 0 ||
			    resolver.addr.family != families[f].family)
				continue;
			fprintf(to, "%s%s", between, cf_addr_format(&resolver.addr, text));
			between = ", ";
		}
		fputs(between[0] == ',' ? " }; }\n" : " }\n", to);
	}
}

/* Calls back for spans of one kind, neighbours joined. */
typedef uint32_t kind_of_value(const struct cf_plan *plan, uint32_t value);

struct joining {
	struct cf_addr first, last;
	uint32_t kind; /* CF_NONE: nothing to write */
	const char *between;
};

static void write_element(FILE *to, struct joining *joining, bool with_chain)
{
	if (joining->kind == CF_NONE)
		return;
	fputs(joining->between, to);
	write_range(to, &joining->first, &joining->last);
	if (with_chain)
		fprintf(to, " : jump n%" PRIu32, joining->kind);
	joining->between = ",\n\t\t";
}

/* Writes the elements of all spans with a kind, or of the one kind that is wanted. */
static void write_spans(const struct cf_plan *plan, FILE *to, enum cf_ranges which,
    kind_of_value *kind_of, uint32_t wanted)
{
	struct joining joining = {.kind = CF_NONE, .between = " elements = {\n\t\t"};
	uint32_t count = cf_image_span_count(plan->image, which);

	for (uint32_t i = 0; i < count; i++) {
		struct cf_image_span span;
		uint32_t kind;

		cf_image_span(plan->image, which, i, &span);
		kind = kind_of(plan, span.value);
		if (wanted != CF_NONE && kind != wanted)
			kind = CF_NONE;
		if (kind == joining.kind) {
			joining.last = span.last;
			continue;
		}
		write_element(to, &joining, wanted == CF_NONE);
		joining.first = span.first;
		joining.last = span.last;
		joining.kind = kind;
	}
	write_element(to, &joining, wanted == CF_NONE);
	fputs(joining.between[0] == ',' ? " }; }\n" : " }\n", to);
}

static bool has_clients(const struct cf_plan *plan, enum cf_ranges which, uint32_t kind)
{
	struct cf_image_span span;

	for (uint32_t i = 0; i < cf_image_span_count(plan->image, which); i++) {
		cf_image_span(plan->image, which, i, &span);
		if (cf_plan_client_kind(plan, span.value) == kind)
			return true;
	}
	return false;
}

/* ---- chains, verdicts first */

static void write_log(const struct cf_egress_options *options, FILE *to, const char *what)
{
	if (options->log)
		fprintf(to,
		    "\t\tlimit rate %u/second burst %u packets log group %u snaplen 256 "
		    "prefix \"curfew %s \"\n",
		    options->log_per_second, options->log_per_second * 5, options->group, what);
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

static void write_verdict_chain(const struct cf_egress_options *options, FILE *to,
    const char *chain, const char *word, enum cf_egress_counter counter, bool refuse)
{
	fprintf(to, "\tchain %s {\n", chain);
	write_log(options, to, word);
	fprintf(to, "\t\tcounter name %s\n", counter_words[counter]);
	if (refuse)
		write_refusal(options, to);
	fputs("\t}\n", to);
}

static const char *fate_chain(enum cf_fate fate)
{
	switch (fate) {
	case CF_FATE_LET:
		return "return";
	case CF_FATE_ALLOW:
		return "goto allow";
	case CF_FATE_FLAG:
		return "goto flag";
	case CF_FATE_STOP:
		return "goto stop";
	}
	return "return";
}

/* A rule for each step: before the next begins, this holds. */
static void write_course(const struct cf_plan *plan, uint32_t course, FILE *to)
{
	const struct cf_course *item = &plan->courses.items[course];
	const struct cf_course_step *steps = plan->courses.steps + item->steps_at;

	fprintf(to, "\tchain s%" PRIu32 " {\n", course);
	for (uint32_t i = 0; i < item->step_count; i++) {
		if (i + 1 == item->step_count)
			fprintf(to, "\t\t%s\n", fate_chain(steps[i].fate));
		else if (steps[i + 1].from_wall_s > 0) /* the kernel's clock begins in 1970 */
			fprintf(to, "\t\tmeta time < %" PRId64 " %s\n", steps[i + 1].from_wall_s,
			    fate_chain(steps[i].fate));
	}
	fputs("\t}\n", to);
}

static void write_network_kind(const struct cf_plan *plan, uint32_t kind, FILE *to)
{
	uint32_t otherwise = cf_plan_course(plan, kind, 0);

	fprintf(to, "\tchain n%" PRIu32 " {\n", kind);
	for (uint32_t client = 1; client < plan->client_kind_count; client++) {
		uint32_t course = cf_plan_course(plan, kind, client);

		for (unsigned f = 0; f < 2 && course != otherwise; f++)
			if (has_clients(plan, families[f].clients, client))
				fprintf(to, "\t\t%s saddr @k%" PRIu32 "v%s goto s%" PRIu32 "\n",
				    families[f].header, client, families[f].suffix, course);
	}
	fprintf(to, "\t\tgoto s%" PRIu32 "\n\t}\n", otherwise);
}

/* ---- ways round the site's resolvers */

static void write_way(FILE *to, const char *to_set, const char *ports, enum cf_way way,
    const char *chain, const struct cf_egress_options *options)
{
	if (way == CF_WAY_OFF)
		return;
	for (unsigned f = 0; f < 2; f++) {
		/* What is redirected is gone before; a family without a resolver is left. */
		if (way == CF_WAY_REDIRECT && has_family(&options->resolvers, families[f].family))
			continue;
		if (to_set != NULL)
			fprintf(to, "\t\t%s daddr @%s%s ", families[f].header, to_set,
			    families[f].suffix);
		else
			fprintf(to, "\t\tmeta nfproto ipv%s ", families[f].suffix);
		fprintf(to, "meta l4proto { tcp, udp } th dport %s goto %s\n", ports, chain);
	}
}

static void write_ways(const struct cf_egress_options *options, FILE *to)
{
	write_verdict_chain(
	    options, to, "way_dns_", "way-dns", CF_COUNT_DNS, options->dns >= CF_WAY_REJECT);
	write_verdict_chain(
	    options, to, "way_dot_", "way-dot", CF_COUNT_DOT, options->dot >= CF_WAY_REJECT);
	write_verdict_chain(
	    options, to, "way_doh_", "way-doh", CF_COUNT_DOH, options->doh >= CF_WAY_REJECT);
	write_verdict_chain(options, to, "way_fallback_", "way-fallback", CF_COUNT_FALLBACK,
	    options->fallback >= CF_WAY_REJECT);
	fputs("\tchain ways {\n", to);
	for (unsigned f = 0; f < 2; f++)
		fprintf(to, "\t\t%s saddr @own%s return\n\t\t%s daddr @own%s return\n",
		    families[f].header, families[f].suffix, families[f].header, families[f].suffix);
	write_way(to, "fallback", "53", options->fallback, "way_fallback_", options);
	write_way(to, "fallback", "853",
	    options->fallback == CF_WAY_OFF            ? CF_WAY_OFF
	        : options->fallback == CF_WAY_REDIRECT ? CF_WAY_REJECT
	                                               : options->fallback,
	    "way_fallback_", options);
	write_way(to, NULL, "53", options->dns, "way_dns_", options);
	write_way(to, NULL, "853", options->dot, "way_dot_", options);
	write_way(to, "doh", "443", options->doh, "way_doh_", options);
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

static void write_redirects(
    const struct cf_egress_options *options, FILE *to, const char *chain, const char *hook)
{
	char text[CF_ADDR_TEXT_BYTES];

	fprintf(to,
	    "\tchain %s {\n\t\ttype nat hook %s priority dstnat; policy accept;\n"
	    "\t\tfib daddr type local return\n",
	    chain, hook);
	if (options->resolver_user[0] != '\0' && strcmp(hook, "output") == 0)
		fprintf(to, "\t\tmeta skuid \"%s\" return\n", options->resolver_user);
	for (unsigned f = 0; f < 2; f++) {
		const struct family *family = &families[f];
		const struct cf_addr *resolver = resolver_of(options, family->family);

		if (resolver == NULL)
			continue;
		fprintf(to, "\t\t%s saddr @never%s return\n", family->header, family->suffix);
		fprintf(to,
		    "\t\t%s daddr @never%s return\n\t\t%s saddr @own%s return\n\t\t%s daddr @own%s "
		    "return\n",
		    family->header, family->suffix, family->header, family->suffix, family->header,
		    family->suffix);
		cf_addr_format(resolver, text);
		if (options->fallback == CF_WAY_REDIRECT)
			fprintf(to,
			    "\t\t%s daddr @fallback%s meta l4proto { tcp, udp } th dport 53 "
			    "counter "
			    "name way_fallback dnat %s to %s\n",
			    family->header, family->suffix, family->header, text);
		if (options->dns == CF_WAY_REDIRECT)
			fprintf(to,
			    "\t\tmeta nfproto ipv%s meta l4proto { tcp, udp } th dport 53 counter "
			    "name way_dns dnat %s to %s\n",
			    family->suffix, family->header, text);
	}
	fputs("\t}\n", to);
}

/* ---- the whole */

static void write_base(const struct cf_egress_options *options, FILE *to, const char *hook)
{
	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority filter; policy accept;\n", hook,
	    hook);
	if (strcmp(hook, "output") == 0) {
		fputs("\t\toifname \"lo\" return\n", to);
		if (options->resolver_user[0] != '\0')
			fprintf(to, "\t\tmeta skuid \"%s\" return\n", options->resolver_user);
	}
	for (unsigned f = 0; f < 2; f++)
		fprintf(to, "\t\t%s saddr @never%s return\n\t\t%s daddr @never%s return\n",
		    families[f].header, families[f].suffix, families[f].header, families[f].suffix);
	for (unsigned f = 0; f < 2; f++)
		fprintf(to, "\t\t%s daddr vmap @d%s\n", families[f].header, families[f].suffix);
	fputs("\t\tjump ways\n\t}\n", to);
}

static void write_counters(const struct cf_egress_options *options, FILE *to)
{
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		fprintf(to, "\tcounter %s { packets %" PRIu64 " bytes %" PRIu64 " }\n",
		    counter_words[i], options->totals[i].packets, options->totals[i].bytes);
}

static void write_sets(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to)
{
	write_prefix_sets(to, "never", &options->never);
	write_prefix_sets(to, "own", &options->resolvers);
	write_resolver_sets(plan, to, "fallback");
	write_resolver_sets(plan, to, "doh");
	for (uint32_t kind = 1; kind < plan->client_kind_count; kind++) {
		for (unsigned f = 0; f < 2; f++) {
			if (!has_clients(plan, families[f].clients, kind))
				continue;
			fprintf(to, "\tset k%" PRIu32 "v%s { type %s; flags interval;", kind,
			    families[f].suffix, families[f].type);
			write_spans(plan, to, families[f].clients, cf_plan_client_kind, kind);
		}
	}
}

static void add_prefixes(
    struct cf_sha256 *sha, const char *name, const struct cf_prefixes *prefixes)
{
	char text[CF_PREFIX_TEXT_BYTES];

	cf_sha256_update(sha, name, strlen(name));
	for (unsigned i = 0; i < prefixes->count; i++) {
		cf_prefix_format(&prefixes->items[i], text);
		cf_sha256_update(sha, text, strlen(text) + 1);
	}
}

/* Everything that makes another table of the same image; totals do not. */
static void digest_options(const struct cf_plan *plan, const struct cf_egress_options *options,
    char text[CF_SHA256_TEXT_BYTES])
{
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	char words[160];

	text[0] = '\0'; /* without libcrypto every table is another */
	if (sha == NULL)
		return;
	(void)snprintf(words, sizeof words, "1 %d%d%d%d%d %u %u %d%d%d%d %s", plan->all_enforced,
	    options->forward, options->output, options->drop, options->log, options->group,
	    options->log_per_second, options->dns, options->dot, options->doh, options->fallback,
	    options->resolver_user); /* fits */
	cf_sha256_update(sha, words, strlen(words));
	add_prefixes(sha, "never", &options->never);
	add_prefixes(sha, "own", &options->resolvers);
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	cf_sha256_format(digest, text);
}

void cf_egress_comment(const struct cf_plan *plan, const struct cf_egress_options *options,
    char comment[CF_EGRESS_COMMENT_BYTES])
{
	char image[CF_SHA256_TEXT_BYTES], asked[CF_SHA256_TEXT_BYTES];

	digest_options(plan, options, asked);
	(void)snprintf(comment, CF_EGRESS_COMMENT_BYTES, "curfew 1 image=%.16s options=%.16s",
	    cf_sha256_format(cf_image_info(plan->image)->digest, image), asked);
}

void cf_ruleset_write(const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to)
{
	char comment[CF_EGRESS_COMMENT_BYTES];

	cf_egress_comment(plan, options, comment);
	fprintf(to,
	    "table inet curfew\ndelete table inet curfew\ntable inet curfew {\n\tcomment \"%s\"\n",
	    comment);
	write_counters(options, to);
	write_sets(plan, options, to);
	write_verdict_chain(options, to, "stop", "stop", CF_COUNT_STOPPED, true);
	write_verdict_chain(options, to, "flag", "flag", CF_COUNT_FLAGGED, false);
	write_verdict_chain(options, to, "allow", "allow", CF_COUNT_ALLOWED, false);
	for (uint32_t course = 0; course < plan->courses.count; course++)
		write_course(plan, course, to);
	for (uint32_t kind = 0; kind < plan->network_kind_count; kind++)
		write_network_kind(plan, kind, to);
	for (unsigned f = 0; f < 2; f++) {
		fprintf(to, "\tmap d%s { type %s : verdict; flags interval;", families[f].suffix,
		    families[f].type);
		write_spans(plan, to, families[f].networks, cf_plan_network_kind, CF_NONE);
	}
	write_ways(options, to);
	if (options->dns == CF_WAY_REDIRECT || options->fallback == CF_WAY_REDIRECT) {
		if (options->forward)
			write_redirects(options, to, "lead_home", "prerouting");
		if (options->output)
			write_redirects(options, to, "lead_home_out", "output");
	}
	if (options->forward)
		write_base(options, to, "forward");
	if (options->output)
		write_base(options, to, "output");
	fputs("}\n", to);
}
