/* A pack into the builder: patterns expanded, words of the tables as the image knows them. */

#include "compile/compile_pack.h"

#include "compile/origin.h"
#include "compile/pack/pattern.h"

/* A pattern being expanded into the builder. */
struct expansion {
	struct cf_image_builder *builder;
	const struct cf_image_attr *attr;
	enum cf_scope scope;
	uint32_t line;
	enum cf_status status;
};

static bool add_member(void *context, const struct cf_name *name)
{
	struct expansion *e = context;

	e->status = cf_image_builder_add_name(e->builder, name, e->scope, e->attr, e->line);
	return e->status == CF_OK;
}

static enum cf_status add_pack_name(struct cf_image_builder *builder, const struct cf_pack *pack,
    uint32_t id, const struct cf_pack_name *entry)
{
	const struct cf_image_attr attr = {
	    .category = (enum cf_category)entry->category,
	    .confidence = (enum cf_confidence)entry->confidence,
	    .pack = id,
	    .list = pack->vendor,
	    .product = entry->product,
	    .source = entry->sources,
	    .as_of = entry->as_of,
	    .note = entry->note,
	    .file = cf_origin(entry->file, CF_ORIGIN_TABLE),
	};
	struct expansion e = {.builder = builder,
	    .attr = &attr,
	    .scope = (enum cf_scope)entry->scope,
	    .line = entry->line};
	struct cf_name name;
	enum cf_status status;

	if (!entry->pattern) {
		status = cf_name_from_text(entry->name, entry->name_len, &name);
		return status != CF_OK
		    ? status
		    : cf_image_builder_add_name(builder, &name, e.scope, &attr, entry->line);
	}
	status = cf_pattern_expand(entry->name, entry->name_len, add_member, &e);
	return status == CF_EAGAIN ? e.status : status;
}

static enum cf_status add_networks(
    struct cf_image_builder *builder, const struct cf_pack *pack, uint32_t id)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < pack->network_count; i++) {
		const struct cf_pack_network *entry = &pack->networks[i];
		const struct cf_network network = {
		    .prefix = entry->prefix,
		    .kind = entry->kind,
		    .category = entry->category,
		    .confidence = entry->confidence,
		    .asn = entry->asn,
		    .pack = id,
		    .org = entry->org,
		    .list = pack->vendor,
		    .source = entry->sources,
		    .as_of = entry->as_of,
		    .note = entry->note,
		    .file = cf_origin(entry->file, CF_ORIGIN_TABLE),
		    .line = entry->line,
		    .until_wall_s = entry->until_wall_s,
		};

		status = cf_image_builder_add_network(builder, &network);
	}
	for (size_t i = 0; status == CF_OK && i < pack->asn_count; i++)
		status =
		    cf_image_builder_add_asn(builder, id, pack->asns[i].asn, pack->asns[i].org);
	return status;
}

static enum cf_status add_traits(
    struct cf_image_builder *builder, const struct cf_pack *pack, uint32_t id)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < pack->signature_count; i++) {
		const struct cf_pack_signature *entry = &pack->signatures[i];

		status = cf_image_builder_add_signature(builder,
		    &(struct cf_signature){.kind = entry->kind,
		        .match = entry->match,
		        .value = entry->value,
		        .category = entry->category,
		        .confidence = entry->confidence,
		        .pack = id,
		        .product = entry->product,
		        .source = entry->sources,
		        .note = entry->note,
		        .file = cf_origin(entry->file, CF_ORIGIN_TABLE),
		        .line = entry->line});
	}
	for (size_t i = 0; status == CF_OK && i < pack->port_count; i++) {
		const struct cf_pack_port *entry = &pack->ports[i];

		status = cf_image_builder_add_port(builder,
		    &(struct cf_port){.role = entry->role,
		        .direction = entry->internet ? "internet" : "lan",
		        .proto = entry->proto,
		        .first = entry->first,
		        .last = entry->last,
		        .category = entry->category,
		        .confidence = entry->confidence,
		        .pack = id,
		        .product = entry->product,
		        .source = entry->sources,
		        .file = cf_origin(entry->file, CF_ORIGIN_TABLE),
		        .line = entry->line});
	}
	for (size_t i = 0; status == CF_OK && i < pack->resolver_count; i++) {
		const struct cf_pack_resolver *entry = &pack->resolvers[i];

		/* Resolvers that are known by name alone are names to look up, not to watch for. */
		if (entry->addr.family == CF_FAMILY_NONE)
			continue;
		status = cf_image_builder_add_resolver(builder,
		    &(struct cf_resolver){.role = entry->role,
		        .addr = entry->addr,
		        .order = entry->order,
		        .operator_name = entry->operator_name,
		        .name = entry->name});
	}
	return status;
}

enum cf_status cf_compile_pack(
    struct cf_image_builder *builder, const struct cf_pack *pack, uint32_t id)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; status == CF_OK && i < pack->name_count; i++)
		status = add_pack_name(builder, pack, id, &pack->names[i]);
	if (status == CF_OK)
		status = add_networks(builder, pack, id);
	if (status == CF_OK)
		status = add_traits(builder, pack, id);
	return status;
}
