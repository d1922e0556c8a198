/* The table from the verdicts up to the hooks. */

#include "egress/table/ruleset.h"

#include "egress/table/elements.h"
#include "egress/table/table_text.h"
#include "egress/table/verdict_chain.h"
#include "egress/table/ways.h"

#include <inttypes.h>
#include <string.h>

/* What is made, and of what. */
struct making {
	struct cf_table *table;
	const struct cf_plan *plan;
	const struct cf_egress_options *options;
	struct cf_lookup lookups[2]; /* of the families */
};

static void act(struct cf_table *table, enum cf_fate fate)
{
	static const char *const chains[] = {
	    [CF_FATE_ALLOW] = "allow", [CF_FATE_FLAG] = "flag", [CF_FATE_STOP] = "stop"};

	cf_table_add_term(table,
	    fate == CF_FATE_LET ? cf_term(CF_TERM_RETURN)
	                        : cf_term_name(CF_TERM_GOTO, chains[fate]));
}

/* The kernel counts nanoseconds in 63 bits: no packet is ever sent later, and nft(8) takes later
 * instants for earlier ones. */
#define LAST_WALL_S (INT64_MAX / 1000000000)

/* A rule for each step: before the next begins, this holds. */
static void add_course(const struct making *m, uint32_t course)
{
	const struct cf_course *item = &m->plan->courses.items[course];
	const struct cf_course_step *steps = m->plan->courses.steps + item->steps_at;
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "s%" PRIu32, course); /* fits */
	cf_table_add_chain(m->table, name, CF_CHAIN_REGULAR);
	for (uint32_t i = 0; i < item->step_count; i++) {
		struct cf_term before = cf_term(CF_TERM_BEFORE);
		bool last = i + 1 == item->step_count || steps[i + 1].from_wall_s > LAST_WALL_S;

		if (!last && steps[i + 1].from_wall_s <= 0) /* the kernel's clock begins in 1970 */
			continue;
		cf_table_add_rule(m->table);
		if (!last) {
			before.wall_s = steps[i + 1].from_wall_s;
			cf_table_add_term(m->table, before);
		}
		act(m->table, steps[i].fate);
		if (last)
			break;
	}
}

static void go_to_course(const struct making *m, uint32_t course)
{
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "s%" PRIu32, course); /* fits */
	cf_table_add_term(m->table, cf_term_name(CF_TERM_GOTO, name));
}

static void add_network_kind(const struct making *m, uint32_t kind)
{
	uint32_t otherwise = cf_plan_course(m->plan, kind, 0);
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "n%" PRIu32, kind); /* fits */
	cf_table_add_chain(m->table, name, CF_CHAIN_REGULAR);
	for (uint32_t client = 1; client < m->plan->client_kind_count; client++) {
		uint32_t course = cf_plan_course(m->plan, kind, client);

		for (unsigned f = 0; f < 2 && course != otherwise; f++) {
			const struct cf_ruleset_family *family = &cf_ruleset_families[f];

			(void)snprintf(name, sizeof name, "k%" PRIu32 "v%s", client,
			    family->suffix); /* fits */
			if (cf_table_find_set(m->table, name) == NULL)
				continue;
			cf_table_add_rule(m->table);
			cf_table_add_term(m->table,
			    cf_term_addr(CF_TERM_ADDR, family->family, true,
			        family->family == CF_FAMILY_V4 ? 32 : 128, name));
			go_to_course(m, course);
		}
	}
	cf_table_add_rule(m->table);
	go_to_course(m, otherwise);
}

/* ---- from packets to networks */

/* At most one map has the address, so that their order is only one of speed. */
static void add_nets(const struct making *m, unsigned f)
{
	const struct cf_ruleset_family *family = &cf_ruleset_families[f];
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "nets%s", family->suffix); /* fits */
	cf_table_add_chain(m->table, name, CF_CHAIN_REGULAR);
	for (unsigned i = 0; i < m->lookups[f].length_count; i++) {
		uint8_t length = m->lookups[f].lengths[i];

		cf_elements_map_name(family, length, name);
		cf_table_add_rule(m->table);
		cf_table_add_term(
		    m->table, cf_term_addr(CF_TERM_VERDICT, family->family, false, length, name));
	}
}

/* What every packet passes: as little as can be. */
static void add_judging(const struct making *m, unsigned f)
{
	const struct cf_ruleset_family *family = &cf_ruleset_families[f];
	struct cf_term any = cf_term(CF_TERM_FAMILY);
	char heads[CF_TABLE_NAME], nets[CF_TABLE_NAME];

	if (m->lookups[f].length_count == 0)
		return;
	(void)snprintf(heads, sizeof heads, "h%s", family->suffix);  /* fits */
	(void)snprintf(nets, sizeof nets, "nets%s", family->suffix); /* fits */
	any.family = (uint8_t)family->family;
	cf_table_add_rule(m->table);
	cf_table_add_term(m->table,
	    m->lookups[f].head_bits == 0 ? any
	                                 : cf_term_addr(CF_TERM_ADDR, family->family, false,
	                                       m->lookups[f].head_bits, heads));
	cf_table_add_term(m->table, cf_term_name(CF_TERM_JUMP, nets));
}

static void leave_alone(const struct making *m, const char *prefix, unsigned f, bool source)
{
	const struct cf_ruleset_family *family = &cf_ruleset_families[f];
	char name[CF_TABLE_NAME];

	(void)snprintf(name, sizeof name, "%s%s", prefix, family->suffix); /* fits */
	cf_table_add_rule(m->table);
	cf_table_add_term(m->table,
	    cf_term_addr(CF_TERM_ADDR, family->family, source,
	        family->family == CF_FAMILY_V4 ? 32 : 128, name));
	cf_table_add_term(m->table, cf_term(CF_TERM_RETURN));
}

static void add_base(const struct making *m, const char *name, enum cf_chain_hook hook)
{
	cf_table_add_chain(m->table, name, hook);
	if (hook == CF_CHAIN_OUTPUT) {
		cf_table_add_rule(m->table);
		cf_table_add_term(m->table, cf_term(CF_TERM_LOOPBACK));
		cf_table_add_term(m->table, cf_term(CF_TERM_RETURN));
	}
	if (hook == CF_CHAIN_OUTPUT && m->options->resolver_user[0] != '\0') {
		cf_table_add_rule(m->table);
		cf_table_add_term(m->table, cf_term_name(CF_TERM_USER, m->options->resolver_user));
		cf_table_add_term(m->table, cf_term(CF_TERM_RETURN));
	}
	/* Nothing is asked that nobody can be in. */
	for (unsigned f = 0; f < 2; f++) {
		if (!cf_prefixes_has(&m->options->never, cf_ruleset_families[f].family))
			continue;
		leave_alone(m, "never", f, true);
		leave_alone(m, "never", f, false);
	}
	for (unsigned f = 0; f < 2; f++)
		add_judging(m, f);
	cf_ways_ask(m->options, m->table);
}

/* ---- the whole */

static void add_sets(struct making *m)
{
	char name[CF_TABLE_NAME];

	for (unsigned f = 0; f < 2; f++) {
		const struct cf_ruleset_family *family = &cf_ruleset_families[f];

		(void)snprintf(name, sizeof name, "never%s", family->suffix); /* fits */
		cf_elements_prefixes(m->table, name, family, &m->options->never);
		(void)snprintf(name, sizeof name, "own%s", family->suffix); /* fits */
		cf_elements_prefixes(m->table, name, family, &m->options->resolvers);
	}
	cf_ways_sets(m->plan, m->table);
	for (uint32_t kind = 1; kind < m->plan->client_kind_count; kind++)
		for (unsigned f = 0; f < 2; f++)
			(void)cf_elements_clients(
			    m->table, m->plan, &cf_ruleset_families[f], kind, name);
	for (unsigned f = 0; f < 2; f++)
		cf_elements_networks(m->table, m->plan, &cf_ruleset_families[f], &m->lookups[f]);
}

/* Whose table it is: a rule that no packet comes to, since it can be replaced with the others. */
static void add_about(const struct making *m)
{
	struct cf_term about = cf_term(CF_TERM_RETURN);

	memcpy(about.name, m->table->comment, sizeof about.name);
	cf_table_add_chain(m->table, "about", CF_CHAIN_REGULAR);
	cf_table_add_rule(m->table);
	cf_table_add_term(m->table, about);
}

static void add_chains(const struct making *m)
{
	add_about(m);
	cf_verdict_chain(m->table, m->options, "stop", "stop", "network", CF_COUNT_STOPPED);
	cf_verdict_chain(m->table, m->options, "flag", "flag", "network", CF_COUNT_FLAGGED);
	cf_verdict_chain(m->table, m->options, "allow", "allow", "network", CF_COUNT_ALLOWED);
	for (uint32_t course = 0; course < m->plan->courses.count; course++)
		add_course(m, course);
	for (uint32_t kind = 0; kind < m->plan->network_kind_count; kind++)
		add_network_kind(m, kind);
	for (unsigned f = 0; f < 2; f++)
		if (m->lookups[f].length_count > 0)
			add_nets(m, f);
	cf_ways_chains(m->options, m->table);
	cf_ways_redirects(m->options, m->table);
	if (m->options->forward)
		add_base(m, "forward", CF_CHAIN_FORWARD);
	if (m->options->output)
		add_base(m, "output", CF_CHAIN_OUTPUT);
}

enum cf_status cf_ruleset_make(
    const struct cf_plan *plan, const struct cf_egress_options *options, struct cf_table *table_out)
{
	struct cf_table table = {.set_count = 0};
	struct making making = {.table = &table, .plan = plan, .options = options};

	cf_egress_comment(plan, options, table.comment);
	add_sets(&making);
	add_chains(&making);
	if (!cf_table_is_whole(&table)) {
		cf_table_done(&table);
		return CF_ENOMEM;
	}
	*table_out = table;
	return CF_OK;
}

enum cf_status cf_ruleset_write(
    const struct cf_plan *plan, const struct cf_egress_options *options, FILE *to)
{
	struct cf_table table;
	enum cf_status status = cf_ruleset_make(plan, options, &table);

	if (status != CF_OK)
		return status;
	cf_table_write(&table, to);
	cf_table_done(&table);
	return CF_OK;
}
