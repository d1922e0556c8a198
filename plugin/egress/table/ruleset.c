/* The text of the table, from the verdicts up to the hooks: nft wants chains before jumps to them.
 */

#include "egress/table/ruleset.h"

#include "egress/table/table_text.h"
#include "egress/table/ways.h"

#include <inttypes.h>
#include <string.h>

/* Of addresses, in a set: more would be nearly all. */
#define HEADS 16384U

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
		    cf_ruleset_families[f].suffix, cf_ruleset_families[f].type);
		for (unsigned i = 0; i < prefixes->count; i++) {
			if (prefixes->items[i].addr.family != cf_ruleset_families[f].family)
				continue;
			fprintf(to, "%s%s", between, cf_prefix_format(&prefixes->items[i], text));
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

/*
 * Heads of addresses under which networks lie: the first 16 bits of IPv4, the first 32 of IPv6.
 * One look into a bitmap or hash spares most packets the tree of intervals, whose every level may
 * cost a wait for memory.
 */
static uint32_t head_of(const struct cf_addr *addr)
{
	uint32_t head = (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
	    (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

	return addr->family == CF_FAMILY_V4 ? head >> 16 : head;
}

/* Writes the heads, unless to is NULL; their number, or HEADS + 1 when there are more. */
static uint32_t put_heads(const struct cf_plan *plan, FILE *to, enum cf_ranges which)
{
	uint32_t count = 0, next = 0; /* heads below next are in it, or empty */

	for (uint32_t i = 0; i < cf_image_span_count(plan->image, which); i++) {
		struct cf_image_span span;
		uint32_t first, last;

		cf_image_span(plan->image, which, i, &span);
		if (cf_plan_network_kind(plan, span.value) == CF_NONE)
			continue;
		first = head_of(&span.first);
		last = head_of(&span.last);
		if (first < next)
			first = next;
		if (last < first)
			continue;
		if (last - first >= HEADS - count)
			return HEADS + 1;
		for (uint32_t n = 0; n <= last - first; n++, count++)
			if (to != NULL)
				fprintf(to, "%s0x%" PRIx32, count == 0 ? "" : ", ", first + n);
		next = last == UINT32_MAX ? last : last + 1;
	}
	return count;
}

/* None when there are so many that nearly every address has one. */
static bool has_heads(const struct cf_plan *plan, enum cf_ranges which)
{
	uint32_t count = put_heads(plan, NULL, which);

	return count > 0 && count <= HEADS;
}

static void write_heads(const struct cf_plan *plan, FILE *to)
{
	for (unsigned f = 0; f < 2; f++) {
		if (!has_heads(plan, cf_ruleset_families[f].networks))
			continue;
		fprintf(to, "\tset h%s { typeof @nh,%s; elements = { ",
		    cf_ruleset_families[f].suffix, cf_ruleset_families[f].head);
		(void)put_heads(plan, to, cf_ruleset_families[f].networks); /* counted above */
		fputs(" }; }\n", to);
	}
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

/* The kernel counts nanoseconds in 63 bits: no packet is ever sent later, and nft(8) takes later
 * instants for earlier ones. */
#define LAST_WALL_S (INT64_MAX / 1000000000)

/* A rule for each step: before the next begins, this holds. */
static void write_course(const struct cf_plan *plan, uint32_t course, FILE *to)
{
	const struct cf_course *item = &plan->courses.items[course];
	const struct cf_course_step *steps = plan->courses.steps + item->steps_at;

	fprintf(to, "\tchain s%" PRIu32 " {\n", course);
	for (uint32_t i = 0; i < item->step_count; i++) {
		if (i + 1 == item->step_count || steps[i + 1].from_wall_s > LAST_WALL_S) {
			fprintf(to, "\t\t%s\n", fate_chain(steps[i].fate));
			break;
		}
		if (steps[i + 1].from_wall_s > 0) /* the kernel's clock begins in 1970 */
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
			if (has_clients(plan, cf_ruleset_families[f].clients, client))
				fprintf(to, "\t\t%s saddr @k%" PRIu32 "v%s goto s%" PRIu32 "\n",
				    cf_ruleset_families[f].header, client,
				    cf_ruleset_families[f].suffix, course);
	}
	fprintf(to, "\t\tgoto s%" PRIu32 "\n\t}\n", otherwise);
}

/* ---- the whole */

/* From the address to the chain of its kind of network. */
static void write_judging(
    const struct cf_plan *plan, FILE *to, const struct cf_ruleset_family *family)
{
	if (has_heads(plan, family->networks))
		fprintf(to, "\t\tmeta nfproto ipv%s @nh,%s @h%s %s daddr vmap @d%s\n",
		    family->suffix, family->head, family->suffix, family->header, family->suffix);
	else if (put_heads(plan, NULL, family->networks) > 0)
		fprintf(to, "\t\t%s daddr vmap @d%s\n", family->header, family->suffix);
}

static void write_base(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to, const char *hook)
{
	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority filter; policy accept;\n", hook,
	    hook);
	if (strcmp(hook, "output") == 0) {
		fputs("\t\toifname \"lo\" return\n", to);
		if (options->resolver_user[0] != '\0')
			fprintf(to, "\t\tmeta skuid \"%s\" return\n", options->resolver_user);
	}
	/* What every packet passes: nothing is asked that nobody can be in. */
	for (unsigned f = 0; f < 2; f++)
		if (cf_prefixes_has(&options->never, cf_ruleset_families[f].family))
			fprintf(to, "\t\t%s saddr @never%s return\n\t\t%s daddr @never%s return\n",
			    cf_ruleset_families[f].header, cf_ruleset_families[f].suffix,
			    cf_ruleset_families[f].header, cf_ruleset_families[f].suffix);
	for (unsigned f = 0; f < 2; f++)
		write_judging(plan, to, &cf_ruleset_families[f]);
	fputs(cf_ways_any(options) ? "\t\tjump ways\n\t}\n" : "\t}\n", to);
}

static void write_counters(const struct cf_egress_options *options, FILE *to)
{
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		fprintf(to, "\tcounter %s { packets %" PRIu64 " bytes %" PRIu64 " }\n",
		    cf_egress_counter_text((enum cf_egress_counter)i), options->totals[i].packets,
		    options->totals[i].bytes);
}

static void write_sets(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to)
{
	write_prefix_sets(to, "never", &options->never);
	write_prefix_sets(to, "own", &options->resolvers);
	cf_ways_sets(plan, to);
	for (uint32_t kind = 1; kind < plan->client_kind_count; kind++) {
		for (unsigned f = 0; f < 2; f++) {
			if (!has_clients(plan, cf_ruleset_families[f].clients, kind))
				continue;
			fprintf(to, "\tset k%" PRIu32 "v%s { type %s; flags interval;", kind,
			    cf_ruleset_families[f].suffix, cf_ruleset_families[f].type);
			write_spans(
			    plan, to, cf_ruleset_families[f].clients, cf_plan_client_kind, kind);
		}
	}
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
	cf_ruleset_verdict_chain(options, to, "stop", "stop", "network", CF_COUNT_STOPPED);
	cf_ruleset_verdict_chain(options, to, "flag", "flag", "network", CF_COUNT_FLAGGED);
	cf_ruleset_verdict_chain(options, to, "allow", "allow", "network", CF_COUNT_ALLOWED);
	for (uint32_t course = 0; course < plan->courses.count; course++)
		write_course(plan, course, to);
	for (uint32_t kind = 0; kind < plan->network_kind_count; kind++)
		write_network_kind(plan, kind, to);
	for (unsigned f = 0; f < 2; f++) {
		fprintf(to, "\tmap d%s { type %s : verdict; flags interval;",
		    cf_ruleset_families[f].suffix, cf_ruleset_families[f].type);
		write_spans(
		    plan, to, cf_ruleset_families[f].networks, cf_plan_network_kind, CF_NONE);
	}
	write_heads(plan, to);
	cf_ways_chains(options, to);
	cf_ways_redirects(options, to);
	if (options->forward)
		write_base(plan, options, to, "forward");
	if (options->output)
		write_base(plan, options, to, "output");
	fputs("}\n", to);
}
