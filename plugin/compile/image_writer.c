/* The image builder takes in what the readers found: checks it, and stores it as items of sections.
 */

#include "compile/image_writer.h"

#include "compile/image_builder.h"

#include <netinet/in.h>

/* Bytes behind the last name that the name hash may read. */
#define NAMES_SLACK 8

/* Adds text to the strings and puts its offset into *at_out; part of a chain that stops at a
 * failure. */
static void add_string(
    struct cf_image_builder *builder, enum cf_status *status, const char *text, uint32_t *at_out)
{
	if (*status == CF_OK)
		*status = cf_strings_add(&builder->strings, text, at_out);
}

/* Appends a copy of the item at data. */
static enum cf_status add_item(struct cf_array *array, const void *data, size_t bytes)
{
	void *item;

	if (array->used >= UINT32_MAX - 1)
		return CF_ETOOBIG;
	item = cf_array_add(array, bytes);
	if (item == NULL)
		return CF_ENOMEM;
	memcpy(item, data, bytes);
	return CF_OK;
}

static void set_defaults(struct cf_image_builder *builder)
{
	for (unsigned i = 0; i < CF_CATEGORIES; i++)
		builder->policy.baseline[i] = CF_VERDICT_FLAG;
	builder->policy.baseline[CF_CATEGORY_INFORMATIONAL] = CF_VERDICT_PASS;
	builder->policy.baseline[CF_CATEGORY_LOCAL_INJECTION] = CF_VERDICT_PASS;
	builder->policy.answer_kind = CF_ANSWER_NXDOMAIN;
	builder->policy.ttl_s = 300;
	builder->policy.ede_code = 15;
	builder->last_attr = CF_IMAGE_NONE;
}

enum cf_status cf_image_builder_new(struct cf_image_builder **builder_out)
{
	struct cf_image_builder *builder = calloc(1, sizeof *builder);
	enum cf_status status;

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
	free(builder);
}

static size_t hash_attr(const struct cf_image_attr_item *attr)
{
	const uint8_t *bytes = (const uint8_t *)attr;
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < sizeof *attr; i++)
		h = (h ^ bytes[i]) * 0x100000001b3U;
	return (size_t)(h ^ h >> 32);
}

static enum cf_status grow_attr_slots(struct cf_image_builder *builder)
{
	size_t count = builder->attr_slot_count == 0 ? 64 : builder->attr_slot_count * 2;
	const struct cf_image_attr_item *attrs = builder->attrs.items;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return CF_ENOMEM;
	for (uint32_t i = 0; i < builder->attrs.used; i++) {
		size_t at = hash_attr(&attrs[i]) & (count - 1);

		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = i + 1;
	}
	free(builder->attr_slots);
	builder->attr_slots = slots;
	builder->attr_slot_count = count;
	return CF_OK;
}

/* The index of an attribute, added when it is new. */
static enum cf_status find_attr(
    struct cf_image_builder *builder, const struct cf_image_attr_item *attr, uint32_t *index_out)
{
	const struct cf_image_attr_item *attrs;
	enum cf_status status = CF_OK;
	size_t at;

	if (builder->attrs.used * 2 >= builder->attr_slot_count)
		status = grow_attr_slots(builder);
	if (status != CF_OK)
		return status;
	attrs = builder->attrs.items;
	at = hash_attr(attr) & (builder->attr_slot_count - 1);
	for (; builder->attr_slots[at] != 0; at = (at + 1) & (builder->attr_slot_count - 1))
		if (memcmp(&attrs[builder->attr_slots[at] - 1], attr, sizeof *attr) == 0) {
			*index_out = builder->attr_slots[at] - 1;
			return CF_OK;
		}
	status = add_item(&builder->attrs, attr, sizeof *attr);
	if (status == CF_OK) {
		builder->attr_slots[at] = (uint32_t)builder->attrs.used;
		*index_out = (uint32_t)builder->attrs.used - 1;
	}
	return status;
}

static bool same_text(const struct cf_image_builder *builder, uint32_t at, const char *text)
{
	return strcmp(builder->strings.bytes + at, text == NULL ? "" : text) == 0;
}

/* True when the attribute used last says just this, so that nothing need be hashed. */
static bool is_last_attr(const struct cf_image_builder *builder, enum cf_scope scope,
    const struct cf_image_attr *attr, uint32_t exception)
{
	const struct cf_image_attr_item *last;

	if (builder->last_attr == CF_IMAGE_NONE)
		return false;
	last = (const struct cf_image_attr_item *)builder->attrs.items + builder->last_attr;
	return last->scope == scope && last->category == attr->category &&
	    last->confidence == attr->confidence && last->exception == exception &&
	    same_text(builder, last->list, attr->list) &&
	    same_text(builder, last->product, attr->product) &&
	    same_text(builder, last->source, attr->source) &&
	    same_text(builder, last->as_of, attr->as_of) &&
	    same_text(builder, last->note, attr->note) &&
	    same_text(builder, last->file, attr->file);
}

static enum cf_status use_attr(struct cf_image_builder *builder, enum cf_scope scope,
    const struct cf_image_attr *attr, uint32_t exception)
{
	enum cf_status status = CF_OK;
	struct cf_image_attr_item item = {
	    .scope = (uint8_t)scope,
	    .category = (uint8_t)attr->category,
	    .confidence = (uint8_t)attr->confidence,
	    .exception = exception,
	};

	if (is_last_attr(builder, scope, attr, exception))
		return CF_OK;
	/* file first: it may lie among the strings, which move when a new one is added. */
	add_string(builder, &status, attr->file, &item.file);
	add_string(builder, &status, attr->list, &item.list);
	add_string(builder, &status, attr->product, &item.product);
	add_string(builder, &status, attr->source, &item.source);
	add_string(builder, &status, attr->as_of, &item.as_of);
	add_string(builder, &status, attr->note, &item.note);
	if (status == CF_OK)
		status = find_attr(builder, &item, &builder->last_attr);
	return status;
}

/* Room for one more name behind those there are. */
static enum cf_status reserve_name(struct cf_image_builder *builder)
{
	size_t room = builder->names_room == 0 ? 4096 : builder->names_room;
	uint8_t *names;

	if (builder->names_used >= UINT32_MAX - CF_NAME_WIRE_BYTES)
		return CF_ETOOBIG;
	while (room - builder->names_used < CF_NAME_WIRE_BYTES + NAMES_SLACK)
		room *= 2;
	if (room == builder->names_room)
		return CF_OK;
	names = realloc(builder->names, room);
	if (names == NULL)
		return CF_ENOMEM;
	memset(names + builder->names_used, 0, room - builder->names_used);
	builder->names = names;
	builder->names_room = room;
	return CF_OK;
}

static enum cf_status add_entry(struct cf_image_builder *builder, const struct cf_name *name,
    enum cf_scope scope, const struct cf_image_attr *attr, uint32_t exception, uint32_t line)
{
	struct cf_image_entry_item entry = {.name = (uint32_t)builder->names_used, .line = line};
	enum cf_status status;

	if ((unsigned)scope > CF_SCOPE_BELOW || (unsigned)attr->category >= CF_CATEGORIES ||
	    (unsigned)attr->confidence > CF_CONFIDENCE_DOCUMENTED)
		return CF_EINVALID;
	status = reserve_name(builder);
	if (status == CF_OK)
		status = use_attr(builder, scope, attr, exception);
	if (status != CF_OK)
		return status;
	entry.attr = builder->last_attr;
	status = add_item(&builder->entries, &entry, sizeof entry);
	if (status != CF_OK)
		return status;
	memcpy(builder->names + builder->names_used, name->wire, name->wire_len);
	builder->names_used += name->wire_len;
	return CF_OK;
}

enum cf_status cf_image_builder_add_name(struct cf_image_builder *builder,
    const struct cf_name *name, enum cf_scope scope, const struct cf_image_attr *attr,
    uint32_t line)
{
	return add_entry(builder, name, scope, attr, CF_IMAGE_NONE, line);
}

/* True when the prefix is one, with no host bits. */
static bool prefix_is_valid(const struct cf_prefix *prefix)
{
	struct cf_addr first, last;
	unsigned length = cf_addr_length(&prefix->addr);

	if (length == 0 || prefix->bits > 8 * length)
		return false;
	cf_prefix_range(prefix, &first, &last);
	return cf_addr_equal(&first, &prefix->addr);
}

enum cf_status cf_image_builder_add_network(
    struct cf_image_builder *builder, const struct cf_image_network *network)
{
	enum cf_status status = CF_OK;
	struct cf_image_network_item item = {
	    .family = network->prefix.addr.family,
	    .bits = network->prefix.bits,
	    .kind = (uint8_t)network->kind,
	    .category = (uint8_t)network->category,
	    .confidence = (uint8_t)network->confidence,
	    .parent = CF_IMAGE_NONE,
	    .asn = network->asn,
	    .line = network->line,
	    .until_wall_s = network->until_wall_s,
	};

	if (!prefix_is_valid(&network->prefix) || (unsigned)network->kind > CF_NETWORK_NAMESERVER ||
	    (unsigned)network->category >= CF_CATEGORIES ||
	    (unsigned)network->confidence > CF_CONFIDENCE_DOCUMENTED)
		return CF_EINVALID;
	memcpy(item.addr, network->prefix.addr.bytes, sizeof item.addr);
	add_string(builder, &status, network->org, &item.org);
	add_string(builder, &status, network->list, &item.list);
	add_string(builder, &status, network->source, &item.source);
	add_string(builder, &status, network->as_of, &item.as_of);
	add_string(builder, &status, network->note, &item.note);
	add_string(builder, &status, network->file, &item.file);
	return status == CF_OK ? add_item(&builder->networks, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_asn(
    struct cf_image_builder *builder, uint32_t asn, const char *org)
{
	const struct cf_image_asn_item *asns = builder->asns.items;
	struct cf_image_asn_item item = {.asn = asn};
	enum cf_status status = CF_OK;

	if (asn == 0)
		return CF_EINVALID;
	for (size_t i = 0; i < builder->asns.used; i++)
		if (asns[i].asn == asn)
			return CF_OK;
	add_string(builder, &status, org, &item.org);
	return status == CF_OK ? add_item(&builder->asns, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_signature(
    struct cf_image_builder *builder, const struct cf_image_signature *signature)
{
	enum cf_status status = CF_OK;
	struct cf_image_signature_item item = {
	    .line = signature->line,
	    .category = (uint8_t)signature->category,
	    .confidence = (uint8_t)signature->confidence,
	};

	if ((unsigned)signature->category >= CF_CATEGORIES ||
	    (unsigned)signature->confidence > CF_CONFIDENCE_DOCUMENTED)
		return CF_EINVALID;
	add_string(builder, &status, signature->kind, &item.kind);
	add_string(builder, &status, signature->match, &item.match);
	add_string(builder, &status, signature->value, &item.value);
	add_string(builder, &status, signature->product, &item.product);
	add_string(builder, &status, signature->source, &item.source);
	add_string(builder, &status, signature->note, &item.note);
	add_string(builder, &status, signature->file, &item.file);
	return status == CF_OK ? add_item(&builder->signatures, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_port(
    struct cf_image_builder *builder, const struct cf_image_port *port)
{
	enum cf_status status = CF_OK;
	struct cf_image_port_item item = {
	    .line = port->line,
	    .first = port->first,
	    .last = port->last,
	    .proto = port->proto,
	    .category = (uint8_t)port->category,
	    .confidence = (uint8_t)port->confidence,
	};

	if ((port->proto != IPPROTO_TCP && port->proto != IPPROTO_UDP) ||
	    port->first > port->last || (unsigned)port->category >= CF_CATEGORIES ||
	    (unsigned)port->confidence > CF_CONFIDENCE_DOCUMENTED)
		return CF_EINVALID;
	add_string(builder, &status, port->role, &item.role);
	add_string(builder, &status, port->direction, &item.direction);
	add_string(builder, &status, port->product, &item.product);
	add_string(builder, &status, port->source, &item.source);
	add_string(builder, &status, port->file, &item.file);
	return status == CF_OK ? add_item(&builder->ports, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_resolver(
    struct cf_image_builder *builder, const struct cf_image_resolver *resolver)
{
	struct cf_image_resolver_item item = {
	    .family = resolver->addr.family, .order = resolver->order};
	enum cf_status status = CF_OK;

	if (cf_addr_length(&resolver->addr) == 0)
		return CF_EINVALID;
	memcpy(item.addr, resolver->addr.bytes, sizeof item.addr);
	add_string(builder, &status, resolver->role, &item.role);
	add_string(builder, &status, resolver->operator_name, &item.operator_name);
	add_string(builder, &status, resolver->name, &item.name);
	return status == CF_OK ? add_item(&builder->resolvers, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_set_baseline(
    struct cf_image_builder *builder, enum cf_category category, enum cf_verdict verdict)
{
	if ((unsigned)category >= CF_CATEGORIES || (unsigned)verdict > CF_VERDICT_BLOCK)
		return CF_EINVALID;
	builder->policy.baseline[category] = (uint8_t)verdict;
	return CF_OK;
}

enum cf_status cf_image_builder_add_phase(
    struct cf_image_builder *builder, const struct cf_image_phase *phase)
{
	enum cf_status status = CF_OK;
	struct cf_image_phase_item item = {
	    .from_wall_s = phase->from_wall_s,
	    .line = phase->line,
	    .categories = phase->categories,
	    .verdict = (uint8_t)phase->verdict,
	};

	if (phase->categories == 0 || phase->categories >> CF_CATEGORIES != 0 ||
	    (unsigned)phase->verdict > CF_VERDICT_BLOCK)
		return CF_EINVALID;
	if (builder->phases.used == CF_PHASES)
		return CF_ETOOBIG;
	add_string(builder, &status, phase->name, &item.name);
	add_string(builder, &status, phase->citation, &item.citation);
	add_string(builder, &status, phase->file, &item.file);
	return status == CF_OK ? add_item(&builder->phases, &item, sizeof item) : status;
}

enum cf_status cf_image_builder_add_group(struct cf_image_builder *builder, const char *name,
    const struct cf_prefix *prefixes, size_t prefix_count, uint32_t *group_out)
{
	size_t clients_before = builder->clients.used;
	enum cf_status status = CF_OK;
	uint32_t name_at = 0;

	for (size_t i = 0; i < prefix_count; i++)
		if (!prefix_is_valid(&prefixes[i]))
			return CF_EINVALID;
	if (builder->groups.used == CF_GROUPS)
		return CF_ETOOBIG;
	add_string(builder, &status, name, &name_at);
	for (size_t i = 0; status == CF_OK && i < prefix_count; i++) {
		struct cf_client client = {
		    .prefix = prefixes[i], .group = (uint32_t)builder->groups.used};

		status = add_item(&builder->clients, &client, sizeof client);
	}
	if (status == CF_OK)
		status = add_item(&builder->groups, &name_at, sizeof name_at);
	if (status != CF_OK) {
		builder->clients.used = clients_before;
		return status;
	}
	*group_out = (uint32_t)builder->groups.used - 1;
	return CF_OK;
}

static enum cf_status check_exception(
    const struct cf_image_builder *builder, const struct cf_image_exception *exception)
{
	if (exception->categories >> CF_CATEGORIES != 0 ||
	    (unsigned)exception->verdict > CF_VERDICT_BLOCK ||
	    exception->from_wall_s >= exception->until_wall_s ||
	    (!exception->everybody && exception->group_count == 0))
		return CF_EINVALID;
	for (size_t i = 0; !exception->everybody && i < exception->group_count; i++)
		if (exception->groups[i] >= builder->groups.used)
			return CF_EINVALID;
	if (builder->exceptions.used == CF_EXCEPTIONS || exception->type_count > CF_EXCEPTION_TYPES)
		return CF_ETOOBIG;
	return CF_OK;
}

enum cf_status cf_image_builder_add_exception(struct cf_image_builder *builder,
    const struct cf_image_exception *exception, uint32_t *exception_out)
{
	enum cf_status status = check_exception(builder, exception);
	size_t types_before = builder->types.used;
	struct cf_image_exception_item item = {
	    .from_wall_s = exception->from_wall_s,
	    .until_wall_s = exception->until_wall_s,
	    .categories = exception->categories,
	    .types_at = (uint32_t)types_before,
	    .type_count = (uint32_t)exception->type_count,
	    .line = exception->line,
	    .verdict = (uint8_t)exception->verdict,
	    .everybody = exception->everybody,
	};

	if (status != CF_OK)
		return status;
	for (size_t i = 0; !exception->everybody && i < exception->group_count; i++)
		item.groups.words[exception->groups[i] / 64] |= UINT64_C(1)
		    << exception->groups[i] % 64;
	add_string(builder, &status, exception->owner, &item.owner);
	add_string(builder, &status, exception->reason, &item.reason);
	add_string(builder, &status, exception->clients, &item.clients);
	add_string(builder, &status, exception->file, &item.file);
	for (size_t i = 0; status == CF_OK && i < exception->type_count; i++)
		status = add_item(&builder->types, &exception->types[i], sizeof *exception->types);
	if (status == CF_OK)
		status = add_item(&builder->exceptions, &item, sizeof item);
	if (status != CF_OK) {
		builder->types.used = types_before;
		return status;
	}
	*exception_out = (uint32_t)builder->exceptions.used - 1;
	return CF_OK;
}

enum cf_status cf_image_builder_add_exception_name(struct cf_image_builder *builder,
    uint32_t exception, const struct cf_name *name, enum cf_scope scope, uint32_t line)
{
	const struct cf_image_exception_item *items = builder->exceptions.items;
	struct cf_image_attr attr = {.confidence = CF_CONFIDENCE_DOCUMENTED, .list = "policy"};

	if (exception >= builder->exceptions.used)
		return CF_EINVALID;
	/* The category of a name that belongs to no pack: the exception's lowest, or the first. */
	if (items[exception].categories != 0)
		attr.category = (enum cf_category)__builtin_ctz(items[exception].categories);
	attr.file = builder->strings.bytes + items[exception].file;
	return add_entry(builder, name, scope, &attr, exception, line);
}

enum cf_status cf_image_builder_set_answer(
    struct cf_image_builder *builder, const struct cf_image_answer *answer)
{
	struct cf_image_policy_item policy = builder->policy;
	enum cf_status status = CF_OK;

	if ((unsigned)answer->kind > CF_ANSWER_DROP ||
	    (answer->sinkhole_v4.family != CF_FAMILY_NONE &&
	        answer->sinkhole_v4.family != CF_FAMILY_V4) ||
	    (answer->sinkhole_v6.family != CF_FAMILY_NONE &&
	        answer->sinkhole_v6.family != CF_FAMILY_V6))
		return CF_EINVALID;
	if (answer->kind == CF_ANSWER_SINKHOLE && answer->sinkhole_v4.family == CF_FAMILY_NONE &&
	    answer->sinkhole_v6.family == CF_FAMILY_NONE)
		return CF_EINVALID;
	if (answer->ede_text != NULL && strlen(answer->ede_text) >= CF_EDE_TEXT_BYTES)
		return CF_ETOOBIG;
	policy.answer_kind = (uint8_t)answer->kind;
	policy.ttl_s = answer->ttl_s;
	policy.ede_code = answer->ede_code;
	policy.sinkhole_v4_set = answer->sinkhole_v4.family == CF_FAMILY_V4;
	policy.sinkhole_v6_set = answer->sinkhole_v6.family == CF_FAMILY_V6;
	memcpy(policy.sinkhole_v4, answer->sinkhole_v4.bytes, sizeof policy.sinkhole_v4);
	memcpy(policy.sinkhole_v6, answer->sinkhole_v6.bytes, sizeof policy.sinkhole_v6);
	add_string(builder, &status, answer->ede_text, &policy.ede_text);
	if (status == CF_OK)
		builder->policy = policy;
	return status;
}

enum cf_status cf_image_builder_set_settings(
    struct cf_image_builder *builder, const struct cf_image_settings *settings)
{
	struct cf_image_policy_item policy = builder->policy;
	bool no_privacy = settings->privacy == NULL || settings->privacy[0] == '\0';
	enum cf_status status = CF_OK;

	policy.fold_s = settings->fold_s;
	policy.syslog = settings->syslog;
	policy.block_addresses = settings->block_addresses;
	add_string(builder, &status, settings->vendor, &policy.vendor);
	add_string(builder, &status, settings->pack_version, &policy.pack_version);
	add_string(builder, &status, settings->preset, &policy.preset);
	add_string(builder, &status, settings->citation, &policy.citation);
	add_string(builder, &status, settings->policy_file, &policy.policy_file);
	add_string(builder, &status, settings->log_path, &policy.log_path);
	add_string(builder, &status, no_privacy ? "full" : settings->privacy, &policy.privacy);
	add_string(builder, &status, settings->privacy_key_file, &policy.privacy_key_file);
	add_string(builder, &status, settings->sensor, &policy.sensor);
	if (status != CF_OK)
		return status;
	builder->policy = policy;
	builder->built_wall_s = settings->built_wall_s;
	memcpy(builder->source_digest, settings->source_digest, sizeof builder->source_digest);
	return CF_OK;
}
