/* The image builder: its life, and what it takes of networks and the small lists of packs. */

#include "compile/image/image_writer.h"

#include "compile/image/image_builder.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void set_defaults(struct cf_image_builder *builder)
{
	builder->policy.answer_kind = CF_ANSWER_NXDOMAIN;
	builder->policy.ttl_s = 300;
	builder->policy.ede_code = 15;
	builder->last_attr = CF_IMAGE_NONE;
}

enum cf_status cf_image_builder_new(struct cf_image_builder **builder_out)
{
	struct cf_image_builder *builder = calloc(1, sizeof *builder);
	enum cf_status status;
	uint32_t first;

	if (builder == NULL)
		return CF_ENOMEM;
	status = cf_strings_init(&builder->strings);
	if (status == CF_OK)
		status = cf_strings_add(&builder->strings, "full", &builder->policy.privacy);
	if (status != CF_OK) {
		cf_image_builder_free(builder);
		return status;
	}
	set_defaults(builder);
	status = cf_image_builder_add_schedule(builder,
	    &(struct cf_image_schedule){.preset = "", .citation = "", .clients = ""}, &first);
	if (status != CF_OK) {
		cf_image_builder_free(builder);
		return status;
	}
	*builder_out = builder;
	return CF_OK;
}

void cf_image_builder_free(struct cf_image_builder *builder)
{
	if (builder == NULL)
		return;
	cf_strings_done(&builder->strings);
	free(builder->names);
	free(builder->entries.items);
	free(builder->attrs.items);
	free(builder->attr_slots);
	free(builder->networks.items);
	free(builder->asns.items);
	free(builder->signatures.items);
	free(builder->ports.items);
	free(builder->resolvers.items);
	free(builder->phases.items);
	free(builder->exceptions.items);
	free(builder->types.items);
	free(builder->groups.items);
	free(builder->clients.items);
	free(builder->packs.items);
	free(builder->schedules.items);
	free(builder->scoped.items);
	free(builder);
}

enum cf_status cf_image_builder_add_network(
    struct cf_image_builder *builder, const struct cf_network *network)
{
	enum cf_status status = CF_OK;
	struct cf_image_network_item item = {
	    .family = network->prefix.addr.family,
	    .bits = network->prefix.bits,
	    .kind = (uint8_t)network->kind,
	    .category = (uint8_t)network->category,
	    .confidence = (uint8_t)network->confidence,
	    .pack = (uint8_t)network->pack,
	    .parent = CF_IMAGE_NONE,
	    .asn = network->asn,
	    .line = network->line,
	    .until_wall_s = network->until_wall_s,
	};

	if (!cf_image_prefix_is_valid(&network->prefix) ||
	    (unsigned)network->kind > CF_NETWORK_NAMESERVER ||
	    (unsigned)network->category >= CF_CATEGORIES ||
	    (unsigned)network->confidence > CF_CONFIDENCE_DOCUMENTED ||
	    !cf_image_has_pack(builder, network->pack))
		return CF_EINVALID;
	memcpy(item.addr, network->prefix.addr.bytes, sizeof item.addr);
	cf_image_add_string(builder, &status, network->org, &item.org);
	cf_image_add_string(builder, &status, network->list, &item.list);
	cf_image_add_string(builder, &status, network->source, &item.source);
	cf_image_add_string(builder, &status, network->as_of, &item.as_of);
	cf_image_add_string(builder, &status, network->note, &item.note);
	cf_image_add_string(builder, &status, network->file, &item.file);
	return status == CF_OK ? cf_image_add_item(&builder->networks, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_asn(
    struct cf_image_builder *builder, uint32_t pack, uint32_t asn, const char *org)
{
	const struct cf_image_asn_item *asns = builder->asns.items;
	struct cf_image_asn_item item = {.asn = asn, .pack = pack};
	enum cf_status status = CF_OK;

	if (asn == 0 || !cf_image_has_pack(builder, pack))
		return CF_EINVALID;
	for (size_t i = 0; i < builder->asns.used; i++)
		if (asns[i].asn == asn)
			return CF_OK;
	cf_image_add_string(builder, &status, org, &item.org);
	return status == CF_OK ? cf_image_add_item(&builder->asns, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_signature(
    struct cf_image_builder *builder, const struct cf_signature *signature)
{
	enum cf_status status = CF_OK;
	struct cf_image_signature_item item = {
	    .line = signature->line,
	    .category = (uint8_t)signature->category,
	    .confidence = (uint8_t)signature->confidence,
	    .pack = (uint8_t)signature->pack,
	};

	if ((unsigned)signature->category >= CF_CATEGORIES ||
	    (unsigned)signature->confidence > CF_CONFIDENCE_DOCUMENTED ||
	    !cf_image_has_pack(builder, signature->pack))
		return CF_EINVALID;
	cf_image_add_string(builder, &status, signature->kind, &item.kind);
	cf_image_add_string(builder, &status, signature->match, &item.match);
	cf_image_add_string(builder, &status, signature->value, &item.value);
	cf_image_add_string(builder, &status, signature->product, &item.product);
	cf_image_add_string(builder, &status, signature->source, &item.source);
	cf_image_add_string(builder, &status, signature->note, &item.note);
	cf_image_add_string(builder, &status, signature->file, &item.file);
	return status == CF_OK ? cf_image_add_item(&builder->signatures, &item, sizeof item)
	                       : status;
}

enum cf_status cf_image_builder_add_port(
    struct cf_image_builder *builder, const struct cf_port *port)
{
	enum cf_status status = CF_OK;
	struct cf_image_port_item item = {
	    .line = port->line,
	    .first = port->first,
	    .last = port->last,
	    .proto = port->proto,
	    .category = (uint8_t)port->category,
	    .confidence = (uint8_t)port->confidence,
	    .pack = (uint8_t)port->pack,
	};

	if ((port->proto != IPPROTO_TCP && port->proto != IPPROTO_UDP) ||
	    port->first > port->last || (unsigned)port->category >= CF_CATEGORIES ||
	    (unsigned)port->confidence > CF_CONFIDENCE_DOCUMENTED ||
	    !cf_image_has_pack(builder, port->pack))
		return CF_EINVALID;
	cf_image_add_string(builder, &status, port->role, &item.role);
	cf_image_add_string(builder, &status, port->direction, &item.direction);
	cf_image_add_string(builder, &status, port->product, &item.product);
	cf_image_add_string(builder, &status, port->source, &item.source);
	cf_image_add_string(builder, &status, port->file, &item.file);
	return status == CF_OK ? cf_image_add_item(&builder->ports, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_resolver(
    struct cf_image_builder *builder, const struct cf_resolver *resolver)
{
	struct cf_image_resolver_item item = {
	    .family = resolver->addr.family, .order = resolver->order};
	enum cf_status status = CF_OK;

	if (cf_addr_length(&resolver->addr) == 0)
		return CF_EINVALID;
	memcpy(item.addr, resolver->addr.bytes, sizeof item.addr);
	cf_image_add_string(builder, &status, resolver->role, &item.role);
	cf_image_add_string(builder, &status, resolver->operator_name, &item.operator_name);
	cf_image_add_string(builder, &status, resolver->name, &item.name);
	return status == CF_OK ? cf_image_add_item(&builder->resolvers, &item, sizeof item)
	                       : status;
}
