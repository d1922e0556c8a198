/* Reading the names and networks that were found. */

#include "base/check.h"
#include "image/image.h"
#include "image/mapped.h"

#include <string.h>

static const char *text(const struct cf_image *image, uint32_t at)
{
	return image->strings + at;
}

/* The name behind the entries that end there: its length, then its bytes. */
static const uint8_t *name_behind(const struct cf_image *image, uint32_t end)
{
	return (const uint8_t *)(image->names + end);
}

/*
 * True for a place at which an entry can be read without leaving the names. Entries are known by
 * their places, so one that is no entry of this image shows only when what lies there cannot be.
 */
static bool is_entry(const struct cf_image *image, uint32_t entry)
{
	uint32_t units = image->names_units, end = entry;
	bool more = true;

	for (; more; end += CF_IMAGE_ENTRY_UNITS) {
		if (end >= units || units - end <= CF_IMAGE_ENTRY_UNITS ||
		    (image->names[end] & ~CF_IMAGE_MORE) >= image->attr_count)
			return false;
		more = (image->names[end] & CF_IMAGE_MORE) != 0;
	}
	return cf_image_record_units(0, name_behind(image, end)[0]) <= units - end;
}

void cf_image_entry(const struct cf_image *image, uint32_t entry, struct cf_entry *entry_out)
{
	const struct cf_image_attr_item *attr;

	if (!cf_check(is_entry(image, entry))) {
		*entry_out = (struct cf_entry){.name_wire = (const uint8_t *)"",
		    .exception = CF_NONE,
		    .list = "",
		    .serial = "",
		    .product = "",
		    .source = "",
		    .as_of = "",
		    .note = "",
		    .file = ""};
		return;
	}
	attr = cf_entry_attr(image, entry);
	*entry_out = (struct cf_entry){
	    .name_wire = name_behind(image, cf_entries_end(image, entry)) + 1,
	    .scope = (enum cf_scope)attr->scope,
	    .category = (enum cf_category)attr->category,
	    .confidence = (enum cf_confidence)attr->confidence,
	    .exception = attr->exception,
	    .pack = attr->pack,
	    .list = text(image, attr->list),
	    .serial = text(image, image->packs[attr->pack].version),
	    .product = text(image, attr->product),
	    .source = text(image, attr->source),
	    .as_of = text(image, attr->as_of),
	    .note = text(image, attr->note),
	    .file = text(image, attr->file),
	    .line = image->names[entry + 1],
	};
}

uint32_t cf_image_first_entry(const struct cf_image *image)
{
	return image->names_units == 0 ? CF_NONE : 0;
}

uint32_t cf_image_next_entry(const struct cf_image *image, uint32_t entry)
{
	uint32_t next = entry + CF_IMAGE_ENTRY_UNITS;

	if (!cf_check(is_entry(image, entry)))
		return CF_NONE;
	if ((image->names[entry] & CF_IMAGE_MORE) == 0)
		next += cf_image_record_units(0, name_behind(image, next)[0]);
	return next == image->names_units ? CF_NONE : next;
}

void cf_image_network(
    const struct cf_image *image, uint32_t network, struct cf_network *network_out)
{
	const struct cf_image_network_item *item;

	if (!cf_check(network < image->network_count)) {
		*network_out = (struct cf_network){.org = "",
		    .list = "",
		    .serial = "",
		    .source = "",
		    .as_of = "",
		    .note = "",
		    .file = ""};
		return;
	}
	item = &image->networks[network];
	*network_out = (struct cf_network){
	    .prefix = {.addr = {.family = item->family}, .bits = item->bits},
	    .kind = (enum cf_network_kind)item->kind,
	    .category = (enum cf_category)item->category,
	    .confidence = (enum cf_confidence)item->confidence,
	    .asn = item->asn,
	    .pack = item->pack,
	    .org = text(image, item->org),
	    .list = text(image, item->list),
	    .serial = text(image, image->packs[item->pack].version),
	    .source = text(image, item->source),
	    .as_of = text(image, item->as_of),
	    .note = text(image, item->note),
	    .file = text(image, item->file),
	    .line = item->line,
	    .until_wall_s = item->until_wall_s,
	};
	memcpy(network_out->prefix.addr.bytes, item->addr, sizeof item->addr);
}
