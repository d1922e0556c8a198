/* An image at an instant, name by name. */

#include "compile/list/exporting.h"

#include "base/array.h"
#include "compile/list/client_prefixes.h"
#include "compile/list/list_set.h"
#include "compile/pack/spoken_name.h"
#include "policy/decide.h"

#include <stdlib.h>
#include <string.h>

/* The tag of names that are not listed themselves. */
#define BETWEEN UINT32_MAX

/* A label that nobody lists, to ask what happens below a name. */
static const uint8_t probe_label[] = "\x0f"
                                     "curfew-probe-q7";

struct cf_exporting {
	const struct cf_image *image;
	struct cf_export export;
	struct cf_export_name *names;
	struct cf_export_network *networks;
	bool without_inferred;
	char *text; /* the names, one after the other */
	size_t text_len, text_capacity;
	char **unsaid;
	size_t unsaid_count, unsaid_room;
	struct cf_client_prefixes clients;
	struct cf_list_set *set;
	struct cf_question question;
};

void cf_exporting_free(struct cf_exporting *export)
{
	if (export == NULL)
		return;
	cf_list_set_free(export->set);
	free(export->names);
	free(export->networks);
	free(export->text);
	for (size_t i = 0; i < export->unsaid_count; i++)
		free(export->unsaid[i]);
	free(export->unsaid);
	free(export->clients.items);
	free(export);
}

struct cf_export *cf_exporting_get(struct cf_exporting *export)
{
	return &export->export;
}

static struct cf_decision decide(const struct cf_exporting *export, const struct cf_name *name)
{
	struct cf_decision decision;

	cf_decide_name(export->image, &export->question, name, &decision);
	return decision;
}

/*
 * The verdict for an unlisted name right below. A name that leaves no room for a label has nothing
 * below it; then what is said around it holds, so that nothing is made wider.
 */
static enum cf_verdict verdict_below(
    const struct cf_exporting *export, const struct cf_name *name, enum cf_verdict around)
{
	uint8_t wire[CF_NAME_WIRE_BYTES + sizeof probe_label];
	size_t probe_len = sizeof probe_label - 1, room = CF_NAME_WIRE_BYTES - name->wire_len;
	struct cf_name below;

	if (room < 2)
		return around;
	if (probe_len > room)
		probe_len = room;
	memcpy(wire, probe_label, probe_len);
	wire[0] = (uint8_t)(probe_len - 1);
	memcpy(wire + probe_len, name->wire, name->wire_len);
	if (cf_name_from_wire(wire, probe_len + name->wire_len, &below) != CF_OK)
		return around;
	return decide(export, &below).verdict;
}

/* A name that the set cannot hold, kept for the list of what is left out. */
static enum cf_status keep_unsaid(struct cf_exporting *export, const struct cf_name *name)
{
	char text[CF_NAME_TEXT_BYTES], **unsaid;

	unsaid = cf_array_grow(
	    export->unsaid, export->unsaid_count, 1, &export->unsaid_room, sizeof *unsaid);
	if (unsaid == NULL)
		return CF_ENOMEM;
	export->unsaid = unsaid;
	unsaid[export->unsaid_count] = strdup(cf_name_format_master(name, text));
	if (unsaid[export->unsaid_count] == NULL)
		return CF_ENOMEM;
	export->unsaid_count++;
	return CF_OK;
}

/* Collects every listed name once, with the entry that it has first. */
static enum cf_status collect_listed(struct cf_exporting *export)
{
	uint32_t i = cf_image_first_entry(export->image);
	enum cf_status status = CF_OK;

	for (; i != CF_NONE && status == CF_OK; i = cf_image_next_entry(export->image, i)) {
		struct cf_entry entry;
		struct cf_name name;

		cf_image_entry(export->image, i, &entry);
		if (cf_name_from_wire(entry.name_wire, CF_NAME_WIRE_BYTES, &name) != CF_OK)
			return CF_EINTERNAL; /* the image was verified */
		status = cf_list_set_add(export->set, &name, CF_SCOPE_EXACT, i);
		if (status == CF_EINVALID)
			status = keep_unsaid(export, &name); /* a zero byte */
	}
	return status;
}

/*
 * Adds the names between a listed name and its nearest listed ancestor: RPZ needs them. Sorted by
 * domain, the ancestor is the last one above in the chain.
 */
static enum cf_status collect_between(struct cf_exporting *export)
{
	size_t count = cf_list_set_count(export->set), chain[CF_NAME_LABELS], depth = 0;
	char text[CF_NAME_TEXT_BYTES];
	enum cf_scope scope;

	for (size_t i = 0; i < count; i++) {
		struct cf_name name, ancestor, middle;

		while (depth > 0 && !cf_list_set_below(export->set, i, chain[depth - 1]))
			depth--;
		cf_list_set_get(export->set, i, text, &scope);
		if (cf_name_from_text(text, strlen(text), &name) != CF_OK)
			return CF_EINTERNAL;
		if (depth > 0) {
			cf_list_set_get(export->set, chain[depth - 1], text, &scope);
			if (cf_name_from_text(text, strlen(text), &ancestor) != CF_OK)
				return CF_EINTERNAL;
			for (unsigned labels = ancestor.label_count + 1U; labels < name.label_count;
			     labels++) {
				size_t len;
				const uint8_t *wire = cf_name_suffix(&name, labels, &len);
				enum cf_status status = cf_name_from_wire(wire, len, &middle);

				if (status == CF_OK)
					status = cf_list_set_add(
					    export->set, &middle, CF_SCOPE_EXACT, BETWEEN);
				if (status != CF_OK)
					return status;
			}
		}
		if (depth < CF_NAME_LABELS)
			chain[depth++] = i;
	}
	return CF_OK;
}

/* text is the name as the set has it, written where its master form has been put. */
static void fill_name(const struct cf_exporting *export, size_t i, const struct cf_name *name,
    const char *written, struct cf_export_name *out)
{
	uint32_t tag = cf_list_set_tag(export->set, i);
	struct cf_image_pack pack;
	struct cf_entry entry;
	struct cf_name parent;
	size_t len;
	const uint8_t *wire;

	*out = (struct cf_export_name){.name = written,
	    .wire_len = name->wire_len,
	    .plain = cf_spoken_is_plain(name),
	    .product = "",
	    .source = "",
	    .between = tag == BETWEEN};
	wire = cf_name_suffix(name, name->label_count - 1U, &len);
	if (cf_name_from_wire(wire, len, &parent) == CF_OK)
		out->inherited = verdict_below(export, &parent, CF_VERDICT_PASS);
	out->self = decide(export, name).verdict;
	out->below = verdict_below(export, name, out->inherited);
	if (tag == BETWEEN)
		return;
	cf_image_entry(export->image, tag, &entry);
	out->category = entry.category;
	out->product = entry.product;
	out->source = entry.source;
	cf_image_pack(export->image, entry.pack, &pack);
	out->canary = entry.exception == CF_NONE && pack.nodata;
}

/* The i-th name of the set, and its master form. */
static bool name_at(const struct cf_exporting *export, size_t i, struct cf_name *name_out,
    char written[CF_NAME_TEXT_BYTES])
{
	char text[CF_NAME_TEXT_BYTES];
	enum cf_scope scope;

	cf_list_set_get(export->set, i, text, &scope);
	if (cf_name_from_text(text, strlen(text), name_out) != CF_OK)
		return false; /* the set made this text */
	cf_name_format_master(name_out, written);
	return true;
}

static enum cf_status fill_names(struct cf_exporting *export)
{
	size_t count = cf_list_set_count(export->set), at = 0;
	char written[CF_NAME_TEXT_BYTES];
	struct cf_name name;

	export->names = calloc(count + 1, sizeof *export->names);
	if (export->names == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!name_at(export, i, &name, written))
			return CF_EINTERNAL;
		export->text_capacity += strlen(written) + 1;
	}
	export->text = malloc(export->text_capacity + 1);
	if (export->text == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!name_at(export, i, &name, written))
			return CF_EINTERNAL;
		memcpy(export->text + at, written, strlen(written) + 1);
		fill_name(export, i, &name, export->text + at, &export->names[i]);
		at += strlen(written) + 1;
	}
	export->export.names = export->names;
	export->export.name_count = count;
	return CF_OK;
}

static enum cf_status fill_networks(struct cf_exporting *export)
{
	uint32_t count = cf_image_info(export->image)->networks;
	size_t kept = 0;

	export->networks = calloc((size_t)count + 1, sizeof *export->networks);
	if (export->networks == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct cf_network network;
		struct cf_decision decision;

		cf_image_network(export->image, i, &network);
		if (network.until_wall_s <= export->export.at_wall_s)
			continue; /* this evidence has expired */
		if (export->without_inferred && network.confidence == CF_CONFIDENCE_INFERRED)
			continue;
		cf_decide_category(
		    export->image, &export->question, network.pack, network.category, &decision);
		export->networks[kept++] = (struct cf_export_network){.prefix = network.prefix,
		    .kind = network.kind,
		    .category = network.category,
		    .verdict = decision.verdict,
		    .asn = network.asn,
		    .source = network.source,
		    .as_of = network.as_of};
	}
	export->export.networks = export->networks;
	export->export.network_count = kept;
	return CF_OK;
}

/* What a client gets, beside what everybody gets. */
enum treatment { SAME, PASSED, OTHER };

static enum treatment treatment_of(struct cf_exporting *export, const struct cf_addr *client)
{
	bool same = true, passed = true;

	export->question.client = client;
	for (size_t i = 0; i < export->export.name_count && (same || passed); i++) {
		const struct cf_export_name *n = &export->export.names[i];
		struct cf_name name;
		enum cf_verdict self, below;
		char written[CF_NAME_TEXT_BYTES];

		if (n->between || !name_at(export, i, &name, written))
			continue;
		self = decide(export, &name).verdict;
		below = verdict_below(export, &name, CF_VERDICT_PASS);
		same = same && (self == CF_VERDICT_BLOCK) == (n->self == CF_VERDICT_BLOCK) &&
		    (below == CF_VERDICT_BLOCK) == (n->below == CF_VERDICT_BLOCK);
		passed = passed && self != CF_VERDICT_BLOCK && below != CF_VERDICT_BLOCK;
	}
	export->question.client = NULL;
	if (same)
		return SAME;
	return passed ? PASSED : OTHER;
}

/* Clients for whom nothing is blocked, place by place: exact, because a place is treated alike. */
static enum cf_status fill_clients(struct cf_exporting *export)
{
	uint32_t count = cf_image_client_ranges(export->image), most = 0;
	struct cf_client_range range;
	enum cf_status status = CF_OK;
	uint8_t *known; /* 1 + treatment of each place */

	for (uint32_t i = 0; i < count; i++) {
		cf_image_client_range(export->image, i, &range);
		most = range.place > most ? range.place : most;
	}
	known = calloc((size_t)most + 1, 1);
	if (known == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < count && status == CF_OK; i++) {
		cf_image_client_range(export->image, i, &range);
		if (range.place == 0)
			continue;
		if (known[range.place] == 0)
			known[range.place] = (uint8_t)(1 + treatment_of(export, &range.first));
		if (known[range.place] == 1 + PASSED)
			status = cf_client_prefixes_add(&export->clients, &range);
		export->export.other_clients += known[range.place] == 1 + OTHER;
	}
	free(known);
	export->export.clients = export->clients.items;
	export->export.client_count = export->clients.count;
	return status;
}

enum cf_status cf_exporting_new(const struct cf_image *image, int64_t at_wall_s,
    bool without_inferred, struct cf_exporting **export_out)
{
	const struct cf_image_info *info = cf_image_info(image);
	struct cf_exporting *export = calloc(1, sizeof *export);
	enum cf_status status;

	if (export == NULL)
		return CF_ENOMEM;
	export->image = image;
	export->without_inferred = without_inferred;
	export->question = (struct cf_question){.at_wall_s = at_wall_s};
	export->export = (struct cf_export){.vendor = info->vendor,
	    .version = info->pack_version,
	    .policy = info->preset[0] != '\0' ? info->preset : info->policy_file,
	    .citation = info->citation,
	    .at_wall_s = at_wall_s,
	    .zone = "curfew.rpz",
	    .dataset = "curfew-names.lst",
	    .first_sid = 1890000};
	status = cf_list_set_new(&export->set);
	if (status == CF_OK)
		status = collect_listed(export);
	if (status == CF_OK) {
		(void)cf_list_set_finish(
		    export->set); /* names listed several times are asked once */
		status = collect_between(export);
	}
	if (status == CF_OK) {
		(void)cf_list_set_finish(
		    export->set); /* of a name listed and between, the listing stays */
		status = fill_names(export);
	}
	if (status == CF_OK)
		status = fill_networks(export);
	if (status == CF_OK)
		status = fill_clients(export);
	export->export.unsaid = (const char *const *)export->unsaid;
	export->export.unsaid_count = export->unsaid_count;
	if (status != CF_OK) {
		cf_exporting_free(export);
		return status;
	}
	*export_out = export;
	return CF_OK;
}
