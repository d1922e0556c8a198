/*
 * Random policies, and deciding over them by looking at everything. One file: the random policy
 * and the naive decision over it must not share code with what they judge, only with each other.
 */

#include "model.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned model_choose(struct model_source *source, unsigned limit)
{
	if (source->bytes != NULL) {
		if (source->left == 0)
			return 0;
		source->left--;
		return *source->bytes++ % limit;
	}
	/* splitmix64 */
	source->state += 0x9e3779b97f4a7c15U;
	uint64_t z = source->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (unsigned)((z ^ z >> 31) >> 33) % limit;
}

struct cf_name model_name(struct model_source *source)
{
	static const char *const labels[] = {"a", "b", "c", "verylonglabel-0123456789", "1234567"};
	unsigned count = model_choose(source, 5);
	char text[256] = "";
	struct cf_name name;

	if (model_choose(source, 40) == 1)
		count = 20;
	for (unsigned i = 0; i < count; i++) {
		unsigned pick = model_choose(source, 12);

		strcat(text, labels[pick < 5 && count < 8 ? pick : pick % 2]);
		strcat(text, ".");
	}
	if (text[0] == '\0')
		strcpy(text, ".");
	if (cf_name_from_text(text, strlen(text), &name) != CF_OK)
		abort();
	return name;
}

struct cf_addr model_addr(struct model_source *source)
{
	static const uint8_t values[] = {0, 1, 10, 127, 128, 192, 254, 255};
	bool v4 = model_choose(source, 2) == 0;
	uint8_t bytes[16];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = v4 || i < 8 || i == 15 ? values[model_choose(source, i < 2 ? 2 : 8)] : 0;
	return v4 ? cf_addr_v4(bytes) : cf_addr_v6(bytes);
}

static struct cf_prefix make_prefix(struct model_source *source)
{
	static const uint8_t v4_bits[] = {0, 8, 15, 16, 17, 24, 31, 32};
	static const uint8_t v6_bits[] = {0, 15, 31, 32, 33, 64, 127, 128};
	struct cf_addr addr = model_addr(source), last;
	struct cf_prefix prefix = {.addr = addr};

	prefix.bits = (addr.family == CF_FAMILY_V4 ? v4_bits : v6_bits)[model_choose(source, 8)];
	cf_prefix_range(&prefix, &addr, &last);
	prefix.addr = addr;
	return prefix;
}

/* The address before or after: adds step to the lowest byte, with carry, round the whole space. */
static struct cf_addr step_addr(struct cf_addr addr, int step)
{
	for (unsigned i = cf_addr_length(&addr); i-- > 0;) {
		int sum = addr.bytes[i] + step;

		addr.bytes[i] = (uint8_t)sum;
		if (sum >= 0 && sum <= 255)
			break;
	}
	return addr.family == CF_FAMILY_V6 ? cf_addr_v6(addr.bytes) : addr;
}

struct cf_addr model_addr_near(struct model_source *source, const struct model *model)
{
	struct cf_prefix prefix;
	struct cf_addr first, last;
	unsigned group;

	if (model_choose(source, 2) == 0 && model->network_count > 0) {
		prefix = model->networks[model_choose(source, model->network_count)].prefix;
	} else {
		if (model->group_count == 0)
			return model_addr(source);
		group = model_choose(source, model->group_count);
		if (model->group_sizes[group] == 0)
			return model_addr(source);
		prefix = model->groups[group][model_choose(source, model->group_sizes[group])];
	}
	cf_prefix_range(&prefix, &first, &last);
	switch (model_choose(source, 4)) {
	case 0:
		return first;
	case 1:
		return last;
	case 2:
		return step_addr(first, -1);
	default:
		return step_addr(last, 1);
	}
}

int64_t model_instant(struct model_source *source)
{
	return (int64_t)model_choose(source, 24) - 2;
}

uint16_t model_type(struct model_source *source)
{
	static const uint16_t types[] = {0, 1, 28, 65};

	return types[model_choose(source, 4)];
}

static uint32_t make_categories(struct model_source *source)
{
	return 1U << model_choose(source, CF_CATEGORIES) | 1U << model_choose(source, 3);
}

static void make_exception(
    struct model_source *source, const struct model *model, struct model_exception *exception)
{
	*exception = (struct model_exception){
	    .verdict = (enum cf_verdict)model_choose(source, 3),
	    .everybody = model->group_count == 0 || model_choose(source, 3) == 0,
	    .categories = model_choose(source, 2) == 0 ? 0 : make_categories(source),
	    .from_wall_s = INT64_MIN,
	    .until_wall_s = INT64_MAX,
	};
	if (model_choose(source, 2) == 0)
		exception->from_wall_s = model_instant(source);
	if (model_choose(source, 2) == 0)
		exception->until_wall_s = model_instant(source);
	if (exception->from_wall_s >= exception->until_wall_s)
		exception->until_wall_s = exception->from_wall_s + 1;
	while (!exception->everybody && exception->group_count < 2)
		exception->groups[exception->group_count++] =
		    model_choose(source, model->group_count);
	exception->schedule =
	    model_choose(source, 6) == 0 ? (int)model_choose(source, model->schedule_count) : -1;
	if (model_choose(source, 4) == 0)
		while (exception->type_count < 2)
			exception->types[exception->type_count++] =
			    (uint16_t)(1 + 27 * model_choose(source, 2));
}

/* Packs, schedules, and who is under which; after the groups. */
static void make_scopes(struct model_source *source, struct model *model)
{
	model->scoped_count = model->group_count == 0 ? 0 : model_choose(source, MODEL_SCOPED + 1);
	for (unsigned i = 0; i < model->scoped_count; i++)
		model->scoped[i] =
		    (struct model_scoped){.pack = model_choose(source, model->pack_count),
		        .group = model_choose(source, model->group_count),
		        .schedule = model_choose(source, model->schedule_count)};
}

void model_make(struct model_source *source, struct model *model)
{
	*model = (struct model){0};
	model->schedule_count = 1 + model_choose(source, MODEL_SCHEDULES);
	model->pack_count = 1 + model_choose(source, MODEL_PACKS);
	for (unsigned k = 0; k < model->pack_count; k++)
		model->pack_schedules[k] = model_choose(source, model->schedule_count);
	for (unsigned k = 0; k < model->schedule_count; k++)
		for (unsigned i = 0; i < CF_CATEGORIES; i++)
			model->baseline[k][i] = (enum cf_verdict)model_choose(source, 3);
	model->phase_count = model_choose(source, MODEL_PHASES + 1);
	for (unsigned i = 0; i < model->phase_count; i++)
		model->phases[i] = (struct model_phase){.from_wall_s = model_instant(source),
		    .verdict = (enum cf_verdict)model_choose(source, 3),
		    .categories = make_categories(source),
		    .schedules = 1 + model_choose(source, (1U << model->schedule_count) - 1)};
	model->group_count = model_choose(source, MODEL_GROUPS + 1);
	for (unsigned i = 0; i < model->group_count; i++) {
		model->group_sizes[i] = model_choose(source, MODEL_PREFIXES + 1);
		for (unsigned k = 0; k < model->group_sizes[i]; k++)
			model->groups[i][k] = make_prefix(source);
	}
	make_scopes(source, model);
	model->exception_count = model_choose(source, MODEL_EXCEPTIONS + 1);
	for (unsigned i = 0; i < model->exception_count; i++)
		make_exception(source, model, &model->exceptions[i]);
	model->network_count = model_choose(source, MODEL_NETWORKS + 1);
	for (unsigned i = 0; i < model->network_count; i++)
		model->networks[i] = (struct model_network){.prefix = make_prefix(source),
		    .pack = model_choose(source, model->pack_count),
		    .category = (enum cf_category)model_choose(source, 3),
		    .until_wall_s =
		        model_choose(source, 2) == 0 ? INT64_MAX : model_instant(source)};
	model->entry_count = model_choose(source, MODEL_ENTRIES + 1);
	for (unsigned i = 0; i < model->entry_count; i++) {
		struct model_entry *entry = &model->entries[i];

		*entry = (struct model_entry){.name = model_name(source),
		    .scope = (enum cf_scope)model_choose(source, 3),
		    .pack = model_choose(source, model->pack_count),
		    .category = (enum cf_category)model_choose(source, 4),
		    .exception = CF_NONE};
		if (model->exception_count > 0 && model_choose(source, 3) == 0)
			entry->exception = model_choose(source, model->exception_count);
	}
}

static void must(enum cf_status status)
{
	if (status == CF_OK)
		return;
	fprintf(stderr, "model: the builder says: %s\n", cf_status_text(status));
	abort();
}

static void build_policy(const struct model *model, struct cf_image_builder *builder)
{
	uint32_t id;

	for (unsigned k = 0; k < model->schedule_count; k++)
		must(cf_image_builder_add_schedule(
		    builder, &(struct cf_image_schedule){.preset = "preset"}, &id));
	for (unsigned k = 0; k < model->schedule_count; k++)
		for (unsigned i = 0; i < CF_CATEGORIES; i++)
			must(cf_image_builder_set_baseline(
			    builder, k, (enum cf_category)i, model->baseline[k][i]));
	for (unsigned k = 0; k < model->pack_count; k++)
		must(cf_image_builder_add_pack(builder,
		    &(struct cf_image_pack){.vendor = "pack", .schedule = model->pack_schedules[k]},
		    &id));
	for (unsigned i = 0; i < model->phase_count; i++) {
		struct cf_phase phase = {.name = "phase",
		    .line = i + 1,
		    .from_wall_s = model->phases[i].from_wall_s,
		    .verdict = model->phases[i].verdict,
		    .categories = model->phases[i].categories,
		    .schedules = model->phases[i].schedules};

		must(cf_image_builder_add_phase(builder, &phase));
	}
	for (unsigned i = 0; i < model->group_count; i++)
		must(cf_image_builder_add_group(
		    builder, "group", model->groups[i], model->group_sizes[i], &id));
	for (unsigned i = 0; i < model->scoped_count; i++)
		must(cf_image_builder_scope_schedule(builder, model->scoped[i].pack,
		    model->scoped[i].group, model->scoped[i].schedule));
	for (unsigned i = 0; i < model->exception_count; i++) {
		const struct model_exception *from = &model->exceptions[i];
		struct cf_image_exception exception = {.verdict = from->verdict,
		    .everybody = from->everybody,
		    .of_schedule = from->schedule >= 0,
		    .schedule = from->schedule < 0 ? 0 : (uint32_t)from->schedule,
		    .groups = from->groups,
		    .group_count = from->group_count,
		    .categories = from->categories,
		    .types = from->types,
		    .type_count = from->type_count,
		    .from_wall_s = from->from_wall_s,
		    .until_wall_s = from->until_wall_s,
		    .owner = "owner",
		    .file = "policy.yaml"};

		must(cf_image_builder_add_exception(builder, &exception, &id));
	}
}

void model_build(const struct model *model, void **data_out, size_t *len_out)
{
	struct cf_image_builder *builder = NULL;

	must(cf_image_builder_new(&builder));
	build_policy(model, builder);
	for (unsigned i = 0; i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];
		struct cf_image_attr attr = {.category = entry->category,
		    .pack = entry->pack,
		    .list = "pack",
		    .source = i % 3 == 0 ? "book" : "page"};

		if (entry->exception == CF_NONE)
			must(cf_image_builder_add_name(
			    builder, &entry->name, entry->scope, &attr, i + 1));
		else
			must(cf_image_builder_add_exception_name(
			    builder, entry->exception, &entry->name, entry->scope, i + 1));
	}
	for (unsigned i = 0; i < model->network_count; i++) {
		struct cf_network network = {.prefix = model->networks[i].prefix,
		    .pack = model->networks[i].pack,
		    .category = model->networks[i].category,
		    .line = i + 1,
		    .until_wall_s = model->networks[i].until_wall_s};

		must(cf_image_builder_add_network(builder, &network));
	}
	must(cf_image_builder_to_memory(builder, data_out, len_out, NULL));
	cf_image_builder_free(builder);
}

/* What is known of one thing that covers the question, and whether it beats another. */
struct candidate {
	struct model_decision decision;
	unsigned specificity;
	unsigned rank;
	bool by_name;
	unsigned scope;
	unsigned index; /* of the entry or network */
};

static bool beats(const struct candidate *a, const struct candidate *b)
{
	if (!b->decision.matched)
		return true;
	if (a->specificity != b->specificity)
		return a->specificity > b->specificity;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->by_name != b->by_name)
		return a->by_name;
	if (a->scope != b->scope)
		return a->scope < b->scope;
	if (a->index != b->index)
		return a->index < b->index;
	return a->decision.exception < b->decision.exception;
}

/* nearness is -1 without an exception. */
static unsigned rank_of(enum cf_verdict verdict, int nearness)
{
	unsigned rank = nearness < 0 ? 10000 : 10 * (unsigned)(500 - nearness);

	if (verdict == CF_VERDICT_BLOCK)
		rank += 1;
	if (verdict == CF_VERDICT_FLAG)
		rank += 2;
	return rank;
}

/* The length of the group's longest prefix around the client, or -1. */
static int bits_around(const struct model *model, const struct cf_addr *client, unsigned group)
{
	int bits = -1;

	for (unsigned i = 0; client != NULL && i < model->group_sizes[group]; i++)
		if (cf_prefix_contains(&model->groups[group][i], client) &&
		    model->groups[group][i].bits > bits)
			bits = model->groups[group][i].bits;
	return bits;
}

/* The schedule of a pack for a client: that of the longest prefix, of the last group, of the last
 * word on that group. */
static unsigned schedule_of(const struct model *model, const struct cf_addr *client, unsigned pack)
{
	unsigned best = model->pack_schedules[pack], best_group = 0;
	int best_bits = -1;

	for (unsigned i = 0; i < model->scoped_count; i++) {
		const struct model_scoped *scoped = &model->scoped[i];
		int bits = bits_around(model, client, scoped->group);

		if (scoped->pack != pack || bits < 0 || bits < best_bits ||
		    (bits == best_bits && scoped->group < best_group))
			continue;
		best = scoped->schedule;
		best_bits = bits;
		best_group = scoped->group;
	}
	return best;
}

/* The first pack that follows a schedule, for everybody or for a group; 0 when none does. */
static unsigned pack_of(const struct model *model, unsigned schedule)
{
	for (unsigned i = 0; i < model->pack_count; i++)
		if (model->pack_schedules[i] == schedule)
			return i;
	for (unsigned i = 0; i < model->scoped_count; i++)
		if (model->scoped[i].schedule == schedule)
			return model->scoped[i].pack;
	return 0;
}

/* How near an exception is to the client: -1 not meant, 0 everybody, 1 and more by prefix. */
static int nearness(const struct model *model, const struct model_exception *exception,
    const struct cf_addr *client)
{
	int best = exception->everybody ? 0 : -1;

	if (exception->schedule >= 0 &&
	    schedule_of(model, client, pack_of(model, (unsigned)exception->schedule)) !=
	        (unsigned)exception->schedule)
		return -1;
	for (unsigned i = 0; i < exception->group_count; i++) {
		int bits = bits_around(model, client, exception->groups[i]);

		if (bits >= 0 && bits + 1 > best)
			best = bits + 1;
	}
	return best;
}

static bool applies(const struct model *model, const struct model_exception *exception,
    const struct cf_addr *client, uint16_t qtype, int64_t at_wall_s)
{
	bool client_fits = nearness(model, exception, client) >= 0;
	bool type_fits = exception->type_count == 0;

	for (unsigned i = 0; i < exception->type_count; i++)
		type_fits = type_fits || (qtype != 0 && exception->types[i] == qtype);
	return client_fits && type_fits && at_wall_s >= exception->from_wall_s &&
	    at_wall_s < exception->until_wall_s;
}

/* The phase of a schedule in force for a category, -1 for the baseline. */
static int phase_of(
    const struct model *model, unsigned schedule, enum cf_category category, int64_t at_wall_s)
{
	int best = -1;

	for (unsigned i = 0; i < model->phase_count; i++) {
		const struct model_phase *phase = &model->phases[i];

		if ((phase->categories & 1U << category) == 0 || phase->from_wall_s > at_wall_s ||
		    (phase->schedules & UINT64_C(1) << schedule) == 0)
			continue;
		if (best < 0 || phase->from_wall_s >= model->phases[best].from_wall_s)
			best = (int)i;
	}
	return best;
}

struct question {
	const struct model *model;
	const struct cf_addr *client;
	uint16_t qtype;
	int64_t at_wall_s;
};

static void offer(struct candidate *best, const struct candidate *candidate)
{
	if (beats(candidate, best))
		*best = *candidate;
}

/* The category's verdict, and each exception for the category, at the level of c. */
static void offer_category(const struct question *q, struct candidate *best, struct candidate c,
    unsigned pack, enum cf_category category)
{
	const struct model *model = q->model;
	unsigned schedule = schedule_of(model, q->client, pack);

	c.decision.matched = true;
	c.decision.schedule = (int)schedule;
	c.decision.category = category;
	c.decision.phase = phase_of(model, schedule, category, q->at_wall_s);
	c.decision.exception = -1;
	c.decision.verdict = c.decision.phase < 0 ? model->baseline[schedule][category]
	                                          : model->phases[c.decision.phase].verdict;
	c.rank = rank_of(c.decision.verdict, -1);
	offer(best, &c);
	for (unsigned i = 0; i < model->exception_count; i++) {
		const struct model_exception *exception = &model->exceptions[i];

		if ((exception->categories & 1U << category) == 0 ||
		    !applies(model, exception, q->client, q->qtype, q->at_wall_s))
			continue;
		c.decision.exception = (int)i;
		c.decision.verdict = exception->verdict;
		c.rank = rank_of(exception->verdict, nearness(model, exception, q->client));
		offer(best, &c);
	}
}

static bool covers(const struct model_entry *entry, const struct cf_name *name)
{
	if (entry->scope == CF_SCOPE_EXACT)
		return cf_name_equal(&entry->name, name);
	if (entry->scope == CF_SCOPE_BELOW && cf_name_equal(&entry->name, name))
		return false;
	return cf_name_is_subdomain(name, &entry->name);
}

/* The entry of a pack that lends its category to a policy name of some specificity. */
static const struct model_entry *lender(
    const struct model *model, const struct cf_name *name, unsigned specificity)
{
	const struct model_entry *best = NULL;

	for (unsigned i = 0; i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];

		if (entry->exception != CF_NONE || !covers(entry, name) ||
		    entry->name.label_count > specificity)
			continue;
		if (best == NULL || entry->name.label_count > best->name.label_count ||
		    (entry->name.label_count == best->name.label_count &&
		        entry->scope < best->scope))
			best = entry;
	}
	return best;
}

static const struct candidate nothing = {.decision = {.verdict = CF_VERDICT_PASS,
                                             .entry = -1,
                                             .network = -1,
                                             .schedule = -1,
                                             .phase = -1,
                                             .exception = -1}};

void model_decide_name(const struct model *model, const struct cf_addr *client, uint16_t qtype,
    int64_t at_wall_s, const struct cf_name *name, struct model_decision *decision_out)
{
	struct question q = {model, client, qtype, at_wall_s};
	struct candidate best = nothing;

	for (unsigned i = 0; i < model->entry_count; i++) {
		const struct model_entry *entry = &model->entries[i];
		struct candidate c = nothing;

		if (!covers(entry, name))
			continue;
		c.decision.entry = (int)i;
		c.specificity = entry->name.label_count;
		c.scope = entry->scope;
		c.index = i;
		if (entry->exception == CF_NONE) {
			offer_category(&q, &best, c, entry->pack, entry->category);
			continue;
		}
		const struct model_exception *exception = &model->exceptions[entry->exception];
		if (!applies(model, exception, client, qtype, at_wall_s))
			continue;
		c.decision.matched = true;
		c.decision.exception = (int)entry->exception;
		c.decision.verdict = exception->verdict;
		c.decision.category = exception->categories == 0
		    ? CF_CATEGORY_UPDATES
		    : (enum cf_category)__builtin_ctz(exception->categories);
		c.rank = rank_of(exception->verdict, nearness(model, exception, client));
		c.by_name = true;
		offer(&best, &c);
	}
	if (best.by_name) {
		const struct model_entry *entry = lender(model, name, best.specificity);

		if (entry != NULL) {
			unsigned schedule = schedule_of(model, client, entry->pack);

			best.decision.category = entry->category;
			best.decision.schedule = (int)schedule;
			best.decision.phase = phase_of(model, schedule, entry->category, at_wall_s);
		}
	}
	*decision_out = best.decision;
}

void model_decide_addr(const struct model *model, const struct cf_addr *client, uint16_t qtype,
    int64_t at_wall_s, const struct cf_addr *addr, struct model_decision *decision_out)
{
	struct question q = {model, client, qtype, at_wall_s};
	struct candidate best = nothing;

	for (unsigned i = 0; i < model->network_count; i++) {
		const struct model_network *network = &model->networks[i];
		struct candidate c = nothing;

		if (!cf_prefix_contains(&network->prefix, addr) ||
		    at_wall_s >= network->until_wall_s)
			continue;
		c.decision.network = (int)i;
		c.specificity = network->prefix.bits;
		/* Of equal networks the one added last is looked at first. */
		c.index = MODEL_NETWORKS - i;
		offer_category(&q, &best, c, network->pack, network->category);
	}
	*decision_out = best.decision;
}

bool model_decision_equal(const struct model_decision *a, const struct model_decision *b)
{
	return a->matched == b->matched && a->verdict == b->verdict &&
	    (!a->matched || a->category == b->category) && a->entry == b->entry &&
	    a->network == b->network && a->schedule == b->schedule && a->phase == b->phase &&
	    a->exception == b->exception;
}

struct model_decision model_decision_of(
    const struct cf_image *image, const struct model *model, const struct cf_decision *decision)
{
	struct model_decision result = {.matched = decision->matched,
	    .verdict = decision->verdict,
	    .category = decision->category,
	    .entry = -1,
	    .network = -1,
	    .schedule = decision->schedule == CF_NONE ? -1 : (int)decision->schedule,
	    .phase = -1,
	    .exception = -1};
	struct cf_entry entry;
	struct cf_network network;
	struct cf_phase phase;

	(void)model;
	if (decision->entry != CF_NONE) {
		cf_image_entry(image, decision->entry, &entry);
		result.entry = (int)entry.line - 1;
	}
	if (decision->network != CF_NONE) {
		cf_image_network(image, decision->network, &network);
		result.network = (int)network.line - 1;
	}
	if (decision->phase != CF_NONE) {
		cf_image_phase(image, decision->phase, &phase);
		result.phase = (int)phase.line - 1;
	}
	if (decision->exception != CF_NONE)
		result.exception = (int)decision->exception;
	return result;
}
