/* Two packs side by side. */

#include "compile/list/list_diff.h"

#include "base/array.h"
#include "compile/pack/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry as a line of text: its place in the block of texts, and what may differ. */
struct item {
	size_t key_at;
	const char *what, *reach;
	const char *rest[5]; /* product, sources, as-of, note, confidence */
	unsigned line;
	enum cf_category category;
};

struct items {
	struct item *items;
	size_t count, capacity;
	char *text;
	size_t text_len, text_capacity;
	const struct cf_pack_name *name; /* being expanded */
	enum cf_status status;
};

const char *cf_list_change_text(enum cf_list_change change)
{
	static const char *const texts[CF_CHANGES] = {
	    "added", "removed", "moved", "reach", "reworded"};

	return (unsigned)change < CF_CHANGES ? texts[change] : "?";
}

static bool make_room(struct items *all, size_t text_len)
{
	if (all->count >= CF_PACK_ENTRIES) {
		all->status = CF_ETOOBIG;
		return false;
	}
	struct item *items =
	    cf_array_grow(all->items, all->count, 1, &all->capacity, sizeof *items);
	char *text = cf_array_grow(all->text, all->text_len, text_len + 1, &all->text_capacity, 1);

	if (items != NULL)
		all->items = items;
	if (text != NULL)
		all->text = text;
	if (items == NULL || text == NULL)
		all->status = CF_ENOMEM;
	return all->status == CF_OK;
}

static void add(struct items *all, const char *key, struct item item)
{
	size_t len = strlen(key);

	if (all->status != CF_OK || !make_room(all, len))
		return;
	item.key_at = all->text_len;
	memcpy(all->text + all->text_len, key, len + 1);
	all->text_len += len + 1;
	all->items[all->count++] = item;
}

static bool add_member(void *context, const struct cf_name *name)
{
	struct items *all = context;
	const struct cf_pack_name *n = all->name;
	char text[CF_NAME_TEXT_BYTES];

	add(all, cf_name_format(name, text),
	    (struct item){.what = "name",
	        .reach = cf_scope_text((enum cf_scope)n->scope),
	        .rest = {n->product, n->sources, n->as_of, n->note,
	            cf_confidence_text((enum cf_confidence)n->confidence)},
	        .line = n->line,
	        .category = (enum cf_category)n->category});
	return all->status == CF_OK;
}

static void add_networks(struct items *all, const struct cf_pack *pack)
{
	char text[CF_PREFIX_TEXT_BYTES];

	for (size_t i = 0; i < pack->network_count; i++) {
		const struct cf_pack_network *n = &pack->networks[i];

		if (n->until_wall_s == INT64_MAX) /* overlays are local and come and go */
			add(all, cf_prefix_format(&n->prefix, text),
			    (struct item){.what = "network",
			        .reach = cf_network_kind_text(n->kind),
			        .rest = {n->org, n->sources, n->as_of, n->note,
			            cf_confidence_text(n->confidence)},
			        .line = n->line,
			        .category = n->category});
	}
}

static void add_others(struct items *all, const struct cf_pack *pack)
{
	char key[512], addr[CF_ADDR_TEXT_BYTES];

	for (size_t i = 0; i < pack->asn_count; i++) {
		const struct cf_pack_asn *a = &pack->asns[i];

		(void)snprintf(key, sizeof key, "%u", a->asn); /* fits */
		add(all, key,
		    (struct item){.what = "asn",
		        .reach = "",
		        .rest = {a->org, a->sources, a->as_of, a->note,
		            cf_confidence_text(a->confidence)},
		        .line = a->line,
		        .category = a->category});
	}
	for (size_t i = 0; i < pack->port_count; i++) {
		const struct cf_pack_port *p = &pack->ports[i];

		(void)snprintf(key, sizeof key, "%u/%u-%u %s", p->proto, p->first, p->last,
		    p->role); /* fits */
		add(all, key,
		    (struct item){.what = "port",
		        .reach = p->internet ? "internet" : "lan",
		        .rest = {p->product, p->sources, p->as_of, p->note,
		            cf_confidence_text(p->confidence)},
		        .line = p->line,
		        .category = p->category});
	}
	for (size_t i = 0; i < pack->signature_count; i++) {
		const struct cf_pack_signature *s = &pack->signatures[i];

		(void)snprintf(
		    key, sizeof key, "%s %s", s->kind, s->value); /* cut: values differ early */
		add(all, key,
		    (struct item){.what = "signature",
		        .reach = s->match,
		        .rest = {s->product, s->sources, s->as_of, s->note,
		            cf_confidence_text(s->confidence)},
		        .line = s->line,
		        .category = s->category});
	}
	for (size_t i = 0; i < pack->resolver_count; i++) {
		const struct cf_pack_resolver *r = &pack->resolvers[i];

		(void)snprintf(key, sizeof key, "%s %s %s", r->role, cf_addr_format(&r->addr, addr),
		    r->name); /* fits */
		add(all, key,
		    (struct item){.what = "resolver",
		        .reach = "",
		        .rest = {r->operator_name, r->sources, r->as_of, r->note,
		            cf_confidence_text(r->confidence)},
		        .line = r->line,
		        .category = CF_CATEGORY_PRODUCT_SERVICE});
	}
}

static int compare(const struct items *a_all, const struct item *a, const struct items *b_all,
    const struct item *b)
{
	int order = strcmp(a->what, b->what);

	return order != 0 ? order : strcmp(a_all->text + a->key_at, b_all->text + b->key_at);
}

static int compare_items(const void *a, const void *b, void *context)
{
	return compare(context, a, context, b);
}

static void collect(struct items *all, const struct cf_pack *pack)
{
	for (size_t i = 0; i < pack->name_count && all->status == CF_OK; i++) {
		all->name = &pack->names[i];
		/* The reader has checked the pattern; a walk that ends early left its own status.
		 */
		if (cf_pattern_expand(all->name->name, all->name->name_len, add_member, all) !=
		        CF_OK &&
		    all->status == CF_OK)
			all->status = CF_EINTERNAL;
	}
	add_networks(all, pack);
	add_others(all, pack);
	if (all->status == CF_OK && all->count != 0)
		qsort_r(all->items, all->count, sizeof *all->items, compare_items, all);
}

/* What changed between two entries of one key; false when nothing did. */
static bool changed(const struct item *a, const struct item *b, enum cf_list_change *change_out)
{
	if (a->category != b->category) {
		*change_out = CF_CHANGE_MOVED;
		return true;
	}
	if (strcmp(a->reach, b->reach) != 0) {
		*change_out = CF_CHANGE_REACH;
		return true;
	}
	for (size_t i = 0; i < sizeof a->rest / sizeof a->rest[0]; i++) {
		if (strcmp(a->rest[i], b->rest[i]) != 0) {
			*change_out = CF_CHANGE_REWORDED;
			return true;
		}
	}
	return false;
}

/* One of a and b may be NULL: there the entry is missing. */
static struct cf_list_difference difference(const struct items *a_all, const struct item *a,
    const struct items *b_all, const struct item *b)
{
	struct cf_list_difference d = {.what = ""};

	if (a != NULL) {
		d.what = a->what;
		d.key = a_all->text + a->key_at;
		d.category_before = a->category;
		d.reach_before = a->reach;
		d.line_before = a->line;
	}
	if (b != NULL) {
		d.what = b->what;
		d.key = b_all->text + b->key_at;
		d.category_after = b->category;
		d.reach_after = b->reach;
		d.line_after = b->line;
	}
	return d;
}

static void walk(const struct items *a, const struct items *b, cf_list_difference_each *each,
    void *context, size_t counts[CF_CHANGES][CF_CATEGORIES])
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		const struct item *old = i < a->count ? &a->items[i] : NULL;
		const struct item *new = j < b->count ? &b->items[j] : NULL;
		struct cf_list_difference d;
		int order;

		if (old == NULL || new == NULL)
			order = old == NULL ? 1 : -1;
		else
			order = compare(a, old, b, new);
		i += order <= 0;
		j += order >= 0;
		d = difference(a, order <= 0 ? old : NULL, b, order >= 0 ? new : NULL);
		if (order != 0)
			d.change = order < 0 ? CF_CHANGE_REMOVED : CF_CHANGE_ADDED;
		else if (!changed(old, new, &d.change))
			continue;
		counts[d.change][order < 0 ? d.category_before : d.category_after]++;
		each(context, &d);
	}
}

enum cf_status cf_list_diff(const struct cf_pack *before, const struct cf_pack *after,
    cf_list_difference_each *each, void *context, size_t counts_out[CF_CHANGES][CF_CATEGORIES])
{
	struct items a = {.status = CF_OK}, b = {.status = CF_OK};
	enum cf_status status;

	collect(&a, before);
	collect(&b, after);
	status = a.status != CF_OK ? a.status : b.status;
	if (status == CF_OK) {
		memset(counts_out, 0, sizeof(size_t) * CF_CHANGES * CF_CATEGORIES);
		walk(&a, &b, each, context, counts_out);
	}
	free(a.items);
	free(a.text);
	free(b.items);
	free(b.text);
	return status;
}
