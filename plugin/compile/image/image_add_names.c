/* The image builder takes names, and what is said of them: attributes, each stored once. */

#include "compile/image/image_builder.h"

#include <stdlib.h>
#include <string.h>

/* Bytes behind the last name that the name hash may read. */
#define NAMES_SLACK 8

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
	status = cf_image_add_item(&builder->attrs, attr, sizeof *attr);
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

	if (builder->last_attr == CF_IMAGE_NONE || builder->strings.bytes == NULL)
		return false;
	last = (const struct cf_image_attr_item *)builder->attrs.items + builder->last_attr;
	return last->scope == scope && last->category == attr->category &&
	    last->pack == attr->pack && last->confidence == attr->confidence &&
	    last->exception == exception && same_text(builder, last->list, attr->list) &&
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
	    .pack = (uint8_t)attr->pack,
	    .exception = exception,
	};

	if (is_last_attr(builder, scope, attr, exception))
		return CF_OK;
	/* file first: it may lie among the strings, which move when a new one is added. */
	cf_image_add_string(builder, &status, attr->file, &item.file);
	cf_image_add_string(builder, &status, attr->list, &item.list);
	cf_image_add_string(builder, &status, attr->product, &item.product);
	cf_image_add_string(builder, &status, attr->source, &item.source);
	cf_image_add_string(builder, &status, attr->as_of, &item.as_of);
	cf_image_add_string(builder, &status, attr->note, &item.note);
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
	struct cf_added_entry entry = {.name = (uint32_t)builder->names_used, .line = line};
	enum cf_status status;

	if ((unsigned)scope > CF_SCOPE_BELOW || (unsigned)attr->category >= CF_CATEGORIES ||
	    (unsigned)attr->confidence > CF_CONFIDENCE_DOCUMENTED ||
	    !cf_image_has_pack(builder, attr->pack))
		return CF_EINVALID;
	status = reserve_name(builder);
	if (status == CF_OK)
		status = use_attr(builder, scope, attr, exception);
	if (status != CF_OK)
		return status;
	entry.attr = builder->last_attr;
	status = cf_image_add_item(&builder->entries, &entry, sizeof entry);
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

enum cf_status cf_image_builder_add_exception_name(struct cf_image_builder *builder,
    uint32_t exception, const struct cf_name *name, enum cf_scope scope, uint32_t line)
{
	const struct cf_image_exception_item *items = builder->exceptions.items;
	const struct cf_image_pack_item *packs = builder->packs.items;
	struct cf_image_attr attr = {.confidence = CF_CONFIDENCE_DOCUMENTED, .list = "policy"};

	if (exception >= builder->exceptions.used)
		return CF_EINVALID;
	/* The category of a name that belongs to no pack: the exception's lowest, or the first. */
	if (items[exception].categories != 0)
		attr.category = (enum cf_category)__builtin_ctz(items[exception].categories);
	attr.pack = items[exception].pack;
	if (builder->packs.used > 0)
		attr.list = builder->strings.bytes + packs[attr.pack].vendor;
	attr.file = builder->strings.bytes + items[exception].file;
	return add_entry(builder, name, scope, &attr, exception, line);
}
