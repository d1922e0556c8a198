/*
 * Lint for packs. One file: each finding is a short function over the same pack, and the list of
 * them is what is read.
 */

#include "compile/pack_check.h"

#include "base/instant.h"
#include "compile/list/list_set.h"
#include "compile/pack/pattern.h"
#include "compile/policy/preset.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>
#include <libpsl.h>

/* Wider than this nobody's own space is: a mistake in a length. */
#define WIDEST_V4 12
#define WIDEST_V6 24

struct check {
	const struct cf_pack *pack;
	struct cf_diags *diags;
	struct cf_list_set *set; /* every name, patterns expanded, with its index in the pack */
	char today[CF_INSTANT_TEXT_BYTES];
	enum cf_status status;
	uint32_t index; /* of the entry being expanded */
};

static bool add_member(void *context, const struct cf_name *name)
{
	struct check *check = context;
	enum cf_status status = cf_list_set_add(
	    check->set, name, (enum cf_scope)check->pack->names[check->index].scope, check->index);

	if (status != CF_OK && status != CF_EINVALID)
		check->status = status;
	return check->status == CF_OK;
}

static void check_public_suffix(
    struct check *check, const psl_ctx_t *psl, const struct cf_pack_name *name)
{
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name canon;

	/* A pattern's members have the labels of its text around them; a suffix holds no numbers.
	 */
	if (name->pattern || psl == NULL ||
	    cf_name_from_text(name->name, name->name_len, &canon) != CF_OK)
		return;
	if (psl_is_public_suffix(psl, cf_name_format(&canon, text)) != 0)
		cf_diag_add(check->diags, CF_DIAG_ERROR, name->file, name->line, "name",
		    "'%s' is a public suffix: others register names below it", text);
}

/* The spelling: what any other list would write for the same name. */
static void check_spelling(struct check *check, const struct cf_pack_name *name)
{
	char *unicode = NULL;

	for (const char *at = name->name; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z') {
			cf_diag_add(check->diags, CF_DIAG_WARNING, name->file, name->line, "name",
			    "'%s' has capitals; write names in lower case", name->name);
			break;
		}
	}
	if (name->name_len > 0 && name->name[name->name_len - 1] == '.')
		cf_diag_add(check->diags, CF_DIAG_WARNING, name->file, name->line, "name",
		    "'%s' ends with a dot; leave it out", name->name);
	if (strstr(name->name, "xn--") == NULL)
		return;
	if (idn2_to_unicode_8z8z(name->name, &unicode, IDN2_NONTRANSITIONAL) != IDN2_OK)
		cf_diag_add(check->diags, CF_DIAG_ERROR, name->file, name->line, "name",
		    "'%s' holds a label that IDNA does not know", name->name);
	idn2_free(unicode);
}

static void check_date(struct check *check, const char *as_of, const char *file, unsigned line)
{
	if (strncmp(as_of, check->today, strlen(as_of)) > 0)
		cf_diag_add(check->diags, CF_DIAG_WARNING, file, line, "as-of",
		    "'%s' is still to come", as_of);
}

static const char *category_of(const struct cf_pack_name *name)
{
	return cf_category_text((enum cf_category)name->category);
}

/* Two entries for one name. */
static void check_pair(struct check *check, const struct cf_pack_name *a,
    const struct cf_pack_name *b, const char *text)
{
	bool overlap =
	    a->scope == b->scope || a->scope == CF_SCOPE_SUBTREE || b->scope == CF_SCOPE_SUBTREE;

	if (a == b)
		cf_diag_add(check->diags, CF_DIAG_WARNING, a->file, a->line, "name",
		    "'%s' is a member twice", text);
	else if (overlap && a->category != b->category)
		cf_diag_add(check->diags, CF_DIAG_ERROR, b->file, b->line, "category",
		    "'%s' is %s here and %s in line %u", text, category_of(b), category_of(a),
		    a->line);
	else if (overlap)
		cf_diag_add(check->diags, CF_DIAG_WARNING, b->file, b->line, "name",
		    "'%s' stands in line %u already", text, a->line);
}

/* An entry below one that covers it and says the same at least as surely. */
static void check_shadow(struct check *check, const struct cf_pack_name *wide,
    const struct cf_pack_name *name, const char *text)
{
	if (wide == name || wide->scope == CF_SCOPE_EXACT || wide->category != name->category ||
	    wide->confidence < name->confidence || strcmp(wide->product, name->product) != 0)
		return;
	cf_diag_add(check->diags, CF_DIAG_NOTE, name->file, name->line, "name",
	    "'%s' adds nothing to '%s' in line %u", text, wide->name, wide->line);
}

/*
 * Walks the names sorted by domain with the chain of their ancestors at hand: the nearest one that
 * covers what is below it is what an entry repeats or refines.
 */
static void check_relations(struct check *check)
{
	size_t chain[CF_NAME_LABELS], depth = 0, count = cf_list_set_count(check->set);
	char text[CF_NAME_TEXT_BYTES];
	enum cf_scope scope;

	for (size_t i = 0; i < count; i++) {
		const struct cf_pack_name *name =
		    &check->pack->names[cf_list_set_tag(check->set, i)];

		cf_list_set_get(check->set, i, text, &scope);
		if (i > 0 && cf_list_set_same(check->set, i, i - 1))
			check_pair(check, &check->pack->names[cf_list_set_tag(check->set, i - 1)],
			    name, text);
		while (depth > 0 && !cf_list_set_below(check->set, i, chain[depth - 1]))
			depth--;
		for (size_t d = depth; d-- > 0;) {
			const struct cf_pack_name *wide =
			    &check->pack->names[cf_list_set_tag(check->set, chain[d])];

			if (wide->scope == CF_SCOPE_EXACT)
				continue;
			check_shadow(check, wide, name, text);
			break;
		}
		if (depth < CF_NAME_LABELS)
			chain[depth++] = i;
	}
}

/* Compares names label by label from the right, as they stand in the file. */
static int compare_by_domain(const char *a, size_t a_len, const char *b, size_t b_len)
{
	for (;;) {
		const char *a_dot = memrchr(a, '.', a_len), *b_dot = memrchr(b, '.', b_len);
		const char *a_label = a_dot == NULL ? a : a_dot + 1,
		           *b_label = b_dot == NULL ? b : b_dot + 1;
		size_t a_part = (size_t)(a + a_len - a_label),
		       b_part = (size_t)(b + b_len - b_label);
		int order = memcmp(a_label, b_label, a_part < b_part ? a_part : b_part);

		if (order != 0)
			return order;
		if (a_part != b_part)
			return a_part < b_part ? -1 : 1;
		if (a_dot == NULL || b_dot == NULL)
			return (a_dot != NULL) - (b_dot != NULL);
		a_len = (size_t)(a_dot - a);
		b_len = (size_t)(b_dot - b);
	}
}

/* Inside a block of lines that no comment parts, names stand sorted by domain. */
static void check_order(struct check *check)
{
	for (size_t i = 1; i < check->pack->name_count; i++) {
		const struct cf_pack_name *before = &check->pack->names[i - 1],
		                          *name = &check->pack->names[i];

		if (name->line == before->line + 1 &&
		    compare_by_domain(before->name, before->name_len, name->name, name->name_len) >
		        0)
			cf_diag_add(check->diags, CF_DIAG_NOTE, name->file, name->line, "name",
			    "'%s' stands behind '%s'; sort by domain", name->name, before->name);
	}
}

static void check_names(struct check *check)
{
	const psl_ctx_t *psl = psl_builtin();

	for (size_t i = 0; i < check->pack->name_count && check->status == CF_OK; i++) {
		const struct cf_pack_name *name = &check->pack->names[i];

		check_public_suffix(check, psl, name);
		check_spelling(check, name);
		check_date(check, name->as_of, name->file, name->line);
		check->index = (uint32_t)i;
		/* The reader has checked the pattern; a walk that ends early left its own status.
		 */
		if (cf_pattern_expand(name->name, name->name_len, add_member, check) != CF_OK &&
		    check->status == CF_OK)
			check->status = CF_EINTERNAL;
	}
	if (check->status != CF_OK)
		return;
	cf_list_set_sort(check->set);
	check_relations(check);
	check_order(check);
}

static int compare_networks(const void *a_, const void *b_)
{
	const struct cf_pack_network *a = *(const struct cf_pack_network *const *)a_;
	const struct cf_pack_network *b = *(const struct cf_pack_network *const *)b_;
	int order = cf_addr_compare(&a->prefix.addr, &b->prefix.addr);

	return order != 0 ? order : a->prefix.bits - b->prefix.bits;
}

static void check_network(struct check *check, const struct cf_pack_network *network)
{
	unsigned widest = network->prefix.addr.family == CF_FAMILY_V4 ? WIDEST_V4 : WIDEST_V6;
	char text[CF_PREFIX_TEXT_BYTES], until[CF_INSTANT_TEXT_BYTES];

	cf_prefix_format(&network->prefix, text);
	check_date(check, network->as_of, network->file, network->line);
	if (network->prefix.bits < widest)
		cf_diag_add(check->diags, CF_DIAG_ERROR, network->file, network->line, "prefix",
		    "'%s' is wider than any vendor's own space", text);
	if (network->until_wall_s == INT64_MAX)
		return;
	cf_instant_format(network->until_wall_s, until);
	if (strcmp(until, check->today) <= 0)
		cf_diag_add(check->diags, CF_DIAG_NOTE, network->file, network->line, "until",
		    "'%s' expired on %.10s", text, until);
}

static void check_networks(struct check *check)
{
	size_t count = check->pack->network_count;
	const struct cf_pack_network **sorted = calloc(count + 1,
	    sizeof *sorted); /* NOLINT(bugprone-sizeof-expression): an array of pointers */
	char text[CF_PREFIX_TEXT_BYTES];

	if (sorted == NULL) {
		check->status = CF_ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = &check->pack->networks[i];
		check_network(check, sorted[i]);
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	qsort(sorted, count, sizeof *sorted, compare_networks);
	for (size_t i = 1; i < count; i++) {
		const struct cf_pack_network *a = sorted[i - 1], *b = sorted[i];

		/* Overlays repeat addresses from day to day. */
		if (compare_networks(&sorted[i - 1], &sorted[i]) != 0 ||
		    a->until_wall_s != INT64_MAX || b->until_wall_s != INT64_MAX)
			continue;
		cf_prefix_format(&b->prefix, text);
		if (a->line > b->line) {
			const struct cf_pack_network *swap = a;

			a = b;
			b = swap;
		}
		if (a->category != b->category || a->kind != b->kind)
			cf_diag_add(check->diags, CF_DIAG_ERROR, b->file, b->line, "category",
			    "'%s' is %s %s here and %s %s in line %u", text,
			    cf_network_kind_text(b->kind), cf_category_text(b->category),
			    cf_network_kind_text(a->kind), cf_category_text(a->category), a->line);
		else
			cf_diag_add(check->diags, CF_DIAG_WARNING, b->file, b->line, "prefix",
			    "'%s' stands in line %u already", text, a->line);
	}
	free(sorted);
}

static bool cell_names(const char *cell, const char *id)
{
	size_t len = strlen(id);

	while (*cell != '\0') {
		size_t part = strcspn(cell, ",");

		if (part == len && memcmp(cell, id, len) == 0)
			return true;
		cell += part + (cell[part] == ',');
	}
	return false;
}

/* Linear in entries for each source: packs have dozens of sources, imports of millions one. */
static bool is_used(const struct cf_pack *pack, const char *id)
{
	for (size_t i = 0; i < pack->name_count; i++)
		if (cell_names(pack->names[i].sources, id))
			return true;
	for (size_t i = 0; i < pack->network_count; i++)
		if (cell_names(pack->networks[i].sources, id))
			return true;
	for (size_t i = 0; i < pack->asn_count; i++)
		if (cell_names(pack->asns[i].sources, id))
			return true;
	for (size_t i = 0; i < pack->port_count; i++)
		if (cell_names(pack->ports[i].sources, id))
			return true;
	for (size_t i = 0; i < pack->signature_count; i++)
		if (cell_names(pack->signatures[i].sources, id))
			return true;
	for (size_t i = 0; i < pack->resolver_count; i++)
		if (cell_names(pack->resolvers[i].sources, id))
			return true;
	return false;
}

/* "none stated", "unknown" and the like are no licence, whatever stands behind them. */
static bool has_licence(const char *licence)
{
	static const char *const none[] = {"-", "none", "not ", "unknown", "no licence"};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		if (strncasecmp(licence, none[i], strlen(none[i])) == 0)
			return false;
	if (strncmp(licence, "facts:", 6) == 0)
		licence += 6;
	return licence[strspn(licence, " ")] != '\0';
}

static void check_sources(struct check *check)
{
	char path[CF_PATH_BYTES];

	(void)snprintf(
	    path, sizeof path, "%s/sources.tsv", check->pack->dir); /* was read as such */
	for (size_t i = 0; i < check->pack->source_count; i++) {
		const struct cf_pack_source *source = &check->pack->sources[i];

		if (!has_licence(source->licence))
			cf_diag_add(check->diags, CF_DIAG_NOTE, path, source->line, "licence",
			    "'%s' has no licence: say which (an SPDX id), or `facts: ` and why "
			    "single facts of it may be given on, or leave it out",
			    source->id);
		check_date(check, source->as_of, path, source->line);
		if (!is_used(check->pack, source->id))
			cf_diag_add(check->diags, CF_DIAG_NOTE, path, source->line, "id",
			    "no entry cites '%s'", source->id);
	}
}

/* The vendor's sequence of resolvers runs 1, 2, 3... */
static void check_resolvers(struct check *check)
{
	uint32_t expected = 1;

	for (size_t i = 0; i < check->pack->resolver_count; i++) {
		const struct cf_pack_resolver *resolver = &check->pack->resolvers[i];

		check_date(check, resolver->as_of, resolver->file, resolver->line);
		if (strcmp(resolver->role, "fallback") != 0)
			continue;
		if (resolver->order != expected)
			cf_diag_add(check->diags, CF_DIAG_ERROR, resolver->file, resolver->line,
			    "order", "%u in the sequence; expected %u", resolver->order, expected);
		expected = resolver->order + 1;
	}
}

static int is_preset(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && end != NULL && strcmp(end, ".yaml") == 0;
}

static void check_presets(struct check *check)
{
	char dir[CF_PATH_BYTES], name[64];
	struct dirent **found = NULL;
	bool has_default = check->pack->default_preset[0] == '\0';
	int count;

	(void)snprintf(
	    dir, sizeof dir, "%s/presets", check->pack->dir); /* a path too long does not open */
	count = scandir(dir, &found, is_preset, alphasort);
	for (int i = 0; i < count; i++) {
		struct cf_preset *preset = NULL;

		(void)snprintf(name, sizeof name, "%.*s", (int)strlen(found[i]->d_name) - 5,
		    found[i]->d_name); /* cut: then it does not read, and that is said */
		if (cf_preset_read(check->pack->dir, name, &preset, check->diags) == CF_OK &&
		    strcmp(name, check->pack->default_preset) == 0)
			has_default = true;
		cf_preset_free(preset);
		free(found[i]);
	}
	free(found);
	if (!has_default)
		cf_diag_add(check->diags, CF_DIAG_ERROR, dir, 0, "default-preset",
		    "'%s' is no preset of this pack", check->pack->default_preset);
}

enum cf_status cf_pack_check(
    const struct cf_pack *pack, int64_t today_wall_s, struct cf_diags *diags)
{
	struct check check = {.pack = pack, .diags = diags};

	cf_instant_format(today_wall_s, check.today);
	check.status = cf_list_set_new(&check.set);
	if (check.status != CF_OK)
		return check.status;
	check_names(&check);
	if (check.status == CF_OK)
		check_networks(&check);
	check_sources(&check);
	check_resolvers(&check);
	check_presets(&check);
	cf_list_set_free(check.set);
	return check.status;
}
