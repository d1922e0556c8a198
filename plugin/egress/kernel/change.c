/* What goes, then what comes: the kernel looks at each message as if those before had happened. */

#include "egress/kernel/change.h"

#include "egress/kernel/encode.h"

#include <string.h>

struct change {
	struct cf_transaction *batch;
	const struct cf_table *former, *wanted;
};

/* ---- elements */

static size_t element_bytes(const struct cf_table_set *set)
{
	return cf_set_key_bytes(set->type) * (set->ranges ? 2 : 1);
}

/* <0, 0, >0: element i of a comes before, is, comes behind element j of b. */
static int compare_elements(
    const struct cf_table_set *a, uint32_t i, const struct cf_table_set *b, uint32_t j)
{
	size_t len = element_bytes(a);

	if (i == a->count || j == b->count)
		return (i == a->count) - (j == b->count);
	return memcmp(a->keys + len * i, b->keys + len * j, len);
}

/* Sends the elements of from that are not, or lead elsewhere, in the other set. */
static void send_elements(struct cf_transaction *batch, const struct cf_table_set *from,
    const struct cf_table_set *other, bool gone)
{
	struct cf_encoding encoding = {.batch = batch, .set = from, .gone = gone};
	uint32_t j = 0;

	for (uint32_t i = 0; i < from->count; i++) {
		bool same = false;

		while (other != NULL && compare_elements(from, i, other, j) > 0)
			j++;
		same = other != NULL && compare_elements(from, i, other, j) == 0 &&
		    (!from->is_map || from->kinds[i] == other->kinds[j]);
		if (!same)
			cf_encode_element(&encoding, i);
	}
	cf_encode_elements_end(&encoding);
}

/* True when one set can become the other by elements alone. */
static bool has_shape_of(const struct cf_table_set *a, const struct cf_table_set *b)
{
	return a->type == b->type && a->ranges == b->ranges && a->is_map == b->is_map &&
	    (a->ranges || cf_set_capacity(a) == cf_set_capacity(b));
}

/* The set of the same name and shape, or NULL. */
static const struct cf_table_set *counterpart(
    const struct cf_table *table, const struct cf_table_set *set)
{
	const struct cf_table_set *other =
	    table == NULL ? NULL : cf_table_find_set(table, set->name);

	return other != NULL && has_shape_of(set, other) ? other : NULL;
}

/* ---- chains */

static bool is_same_term(const struct cf_term *a, const struct cf_term *b)
{
	return a->kind == b->kind && a->wall_s == b->wall_s && a->number == b->number &&
	    a->burst == b->burst && a->family == b->family && a->bits == b->bits &&
	    a->source == b->source && cf_addr_equal(&a->addr, &b->addr) &&
	    strcmp(a->name, b->name) == 0;
}

static bool is_same_rule(const struct cf_table *a, const struct cf_table_rule *rule_a,
    const struct cf_table *b, const struct cf_table_rule *rule_b)
{
	if (rule_a->term_count != rule_b->term_count)
		return false;
	for (uint32_t i = 0; i < rule_a->term_count; i++)
		if (!is_same_term(&a->terms[rule_a->terms_at + i], &b->terms[rule_b->terms_at + i]))
			return false;
	return true;
}

static bool is_same_chain(const struct cf_table *a, const struct cf_table_chain *chain_a,
    const struct cf_table *b, const struct cf_table_chain *chain_b)
{
	if (chain_a->rule_count != chain_b->rule_count)
		return false;
	for (uint32_t i = 0; i < chain_a->rule_count; i++)
		if (!is_same_rule(
		        a, &a->rules[chain_a->rules_at + i], b, &b->rules[chain_b->rules_at + i]))
			return false;
	return true;
}

static const struct cf_table_chain *find_chain(const struct cf_table *table, const char *name)
{
	for (uint32_t i = 0; table != NULL && i < table->chain_count; i++)
		if (strcmp(table->chains[i].name, name) == 0)
			return &table->chains[i];
	return NULL;
}

/* True when a rule of the chain asks a set that has to be made anew. */
static bool asks_new_set(const struct change *change, const struct cf_table_chain *chain)
{
	const struct cf_table *wanted = change->wanted;

	for (uint32_t i = 0; i < chain->rule_count; i++) {
		const struct cf_table_rule *rule = &wanted->rules[chain->rules_at + i];

		for (uint32_t n = 0; n < rule->term_count; n++) {
			const struct cf_term *term = &wanted->terms[rule->terms_at + n];
			const struct cf_table_set *set = term->kind <= CF_TERM_PORT_IN
			    ? cf_table_find_set(wanted, term->name)
			    : NULL;

			if (set != NULL && counterpart(change->former, set) == NULL)
				return true;
		}
	}
	return false;
}

/* True when the chain has to get its rules anew. */
static bool is_stale(const struct change *change, const struct cf_table_chain *chain)
{
	const struct cf_table_chain *former = find_chain(change->former, chain->name);

	return former == NULL || former->hook != chain->hook ||
	    !is_same_chain(change->former, former, change->wanted, chain) ||
	    asks_new_set(change, chain);
}

/* ---- both */

static void send_what_goes(const struct change *change)
{
	const struct cf_table *former = change->former;

	for (uint32_t i = 0; i < former->chain_count; i++) {
		const struct cf_table_chain *chain = &former->chains[i];
		const struct cf_table_chain *wanted = find_chain(change->wanted, chain->name);

		if (chain->rule_count > 0 && (wanted == NULL || is_stale(change, wanted)))
			cf_encode_rules_gone(change->batch, chain->name);
	}
	for (uint32_t i = 0; i < former->set_count; i++) {
		const struct cf_table_set *set = &former->sets[i];
		const struct cf_table_set *wanted = counterpart(change->wanted, set);

		if (wanted != NULL)
			send_elements(change->batch, set, wanted, true);
		else
			cf_encode_set_gone(change->batch, set->name);
	}
	for (uint32_t i = 0; i < former->chain_count; i++) {
		const struct cf_table_chain *chain = &former->chains[i];
		const struct cf_table_chain *wanted = find_chain(change->wanted, chain->name);

		if (wanted == NULL || wanted->hook != chain->hook)
			cf_encode_chain_gone(change->batch, chain->name);
	}
}

static void send_new_things(const struct change *change)
{
	const struct cf_table *wanted = change->wanted;

	for (uint32_t i = 0; i < wanted->set_count; i++)
		if (counterpart(change->former, &wanted->sets[i]) == NULL)
			cf_encode_set(change->batch, &wanted->sets[i], i + 1);
	for (uint32_t i = 0; i < wanted->chain_count; i++) {
		const struct cf_table_chain *former =
		    find_chain(change->former, wanted->chains[i].name);

		if (former == NULL || former->hook != wanted->chains[i].hook)
			cf_encode_chain(change->batch, &wanted->chains[i]);
	}
	for (uint32_t i = 0; i < wanted->set_count; i++)
		send_elements(change->batch, &wanted->sets[i],
		    counterpart(change->former, &wanted->sets[i]), false);
}

static enum cf_status send_rules(const struct change *change, struct cf_error *error)
{
	const struct cf_table *wanted = change->wanted;

	for (uint32_t i = 0; i < wanted->chain_count; i++) {
		const struct cf_table_chain *chain = &wanted->chains[i];

		if (!is_stale(change, chain))
			continue;
		for (uint32_t n = 0; n < chain->rule_count; n++)
			if (!cf_encode_rule(change->batch, wanted, chain,
			        &wanted->rules[chain->rules_at + n], error))
				return CF_EINVALID;
	}
	return CF_OK;
}

/* A table of the name that is not known, or none, makes room for an empty one. */
static void send_empty_table(const struct change *change)
{
	cf_encode_table(change->batch, false);
	cf_encode_table(change->batch, true);
	cf_encode_table(change->batch, false);
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		cf_encode_counter(change->batch, cf_egress_counter_text((enum cf_egress_counter)i),
		    &change->wanted->totals[i]);
}

enum cf_status cf_change_add(struct cf_transaction *batch, const struct cf_table *former,
    const struct cf_table *wanted, struct cf_error *error)
{
	const struct change change = {.batch = batch, .former = former, .wanted = wanted};
	enum cf_status status;

	if (former != NULL)
		send_what_goes(&change);
	else
		send_empty_table(&change);
	send_new_things(&change);
	status = send_rules(&change, error);
	if (status == CF_OK && !cf_transaction_is_whole(batch))
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
}
