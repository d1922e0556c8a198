/*
 * Are the names of an image sound, and their index? One pass over names and entries side by side,
 * one over the buckets; written for ten million names in a fraction of a second.
 */

#include "image/mapped.h"

/*
 * The bytes of the wire name at the start of names[0..left), 0 when it runs out or is too long; its
 * labels in *labels_out.
 */
static size_t wire_length(const uint8_t *names, size_t left, unsigned *labels_out)
{
	size_t most = left < CF_NAME_WIRE_BYTES ? left : CF_NAME_WIRE_BYTES, at = 0;
	unsigned labels = 0;

	while (at < most && names[at] != 0) {
		if (names[at] > 63)
			return 0;
		at += 1U + names[at];
		labels++;
	}
	*labels_out = labels;
	return at < most ? at + 1 : 0;
}

/* No upper case anywhere; a length byte is below 'A'. The loop becomes vector instructions. */
static bool names_are_lower_case(const struct cf_image *image)
{
	unsigned found = 0;

	for (size_t i = 0; i < image->names_bytes; i++)
		found |= (uint8_t)(image->names[i] - 'A') < 26;
	return found == 0;
}

/* Every name has entries, every entry a name, in the same order. */
static bool entries_are_sound(const struct cf_image *image)
{
	const struct cf_image_header *header = &image->header;
	size_t next = 0, current = SIZE_MAX;
	uint32_t run = 0;

	for (uint32_t i = 0; i < image->entry_count; i++) {
		const struct cf_image_entry_item *entry = &image->entries[i];

		if (entry->attr >= image->attr_count)
			return false;
		if (entry->name == next && next < image->names_bytes) {
			unsigned labels;
			size_t len =
			    wire_length(image->names + next, image->names_bytes - next, &labels);

			if (len == 0 || labels < header->least_labels ||
			    labels > header->most_labels)
				return false;
			current = next;
			next += len;
			run = 1;
		} else if (entry->name != current || ++run > CF_NAME_ENTRIES ||
		    image->attrs[entry->attr].scope < image->attrs[entry[-1].attr].scope) {
			return false;
		}
	}
	return next == image->names_bytes;
}

static bool attrs_are_sound(const struct cf_image *image)
{
	for (uint32_t i = 0; i < image->attr_count; i++) {
		const struct cf_image_attr_item *attr = &image->attrs[i];
		const uint32_t strings[] = {
		    attr->list, attr->product, attr->source, attr->as_of, attr->note, attr->file};

		if (attr->scope > CF_SCOPE_BELOW || attr->category >= CF_CATEGORIES ||
		    attr->confidence > CF_CONFIDENCE_DOCUMENTED)
			return false;
		if (attr->exception != CF_NONE && attr->exception >= image->exception_count)
			return false;
		for (size_t k = 0; k < sizeof strings / sizeof *strings; k++)
			if (strings[k] >= image->strings_bytes)
				return false;
	}
	return true;
}

/* Every slot is free or leads to an entry; the last home has room for the longest overflow. */
static bool buckets_are_sound(const struct cf_image *image)
{
	const struct cf_image_header *header = &image->header;
	unsigned bad = 0;

	if (image->entry_count == 0)
		return image->bucket_count == 0 && image->filter_count == 0;
	if (header->home_count == 0 || image->filter_count == 0 ||
	    header->overflow > CF_IMAGE_OVERFLOW || image->bucket_count < header->home_count ||
	    image->bucket_count - header->home_count != header->overflow)
		return false;
	for (uint32_t i = 0; i < image->bucket_count; i++)
		for (unsigned k = 0; k < CF_IMAGE_SLOTS; k++) {
			uint32_t entry = (uint32_t)image->buckets[i].slots[k];

			bad |=
			    (unsigned)(entry >= image->entry_count) & (unsigned)(entry != CF_NONE);
		}
	return bad == 0;
}

bool cf_image_verify_names(const struct cf_image *image)
{
	return image->header.most_labels <= CF_NAME_LABELS && attrs_are_sound(image) &&
	    entries_are_sound(image) && names_are_lower_case(image) && buckets_are_sound(image);
}
