#include "ledger/minutes/held.h"

#include "base/bytes.h"
#include "ledger/minutes/varint.h"

#include <stdlib.h>
#include <string.h>

void cf_held_done(struct cf_held *held)
{
	free(held->items);
	*held = (struct cf_held){0};
}

/* b ends where a does, or later, and says so. */
static void take_end(struct cf_held_span *a, const struct cf_held_span *b)
{
	if (b->to > a->to || (b->to == a->to && b->end > a->end))
		a->end = b->end;
	if (b->to > a->to)
		a->to = b->to;
	if (b->from < a->from)
		a->from = b->from;
}

enum cf_status cf_held_add(struct cf_held *held, struct cf_held_span span)
{
	uint32_t first = 0, next;

	if (span.from > span.to || span.to >= CF_DAY_MINUTES)
		return CF_EINVALID;
	while (first < held->count && held->items[first].to < span.from)
		first++;
	for (next = first; next < held->count && held->items[next].from <= span.to; next++)
		take_end(&span, &held->items[next]);
	if (next == first && held->count == held->size) {
		uint32_t size = held->size == 0 ? 1 : held->size * 2;
		struct cf_held_span *items = realloc(held->items, size * sizeof *items);

		if (items == NULL)
			return CF_ENOMEM;
		held->items = items;
		held->size = size;
	}
	/* items[first..next) become one: none opens a place, several close up. */
	memmove(held->items + first + 1, held->items + next,
	    (held->count - next) * sizeof *held->items);
	held->items[first] = span;
	held->count = held->count - (next - first) + 1;
	return CF_OK;
}

/* At most two bytes: a day has 1440 minutes. */
static uint32_t get_varint(struct cf_bytes *from)
{
	uint32_t low = cf_bytes_u8(from), high;

	if (low < 0x80)
		return low;
	high = cf_bytes_u8(from);
	if (high >= 0x80)
		cf_bytes_fail(from);
	return (low & 0x7f) | high << 7;
}

size_t cf_held_encode(const struct cf_held *held, uint8_t *blob)
{
	uint8_t *to = blob;
	uint32_t end = 0;

	for (uint32_t i = 0; i < held->count; i++) {
		const struct cf_held_span *span = &held->items[i];

		to = cf_varint_put(to, span->from - end);
		to = cf_varint_put(to, (uint32_t)(span->to - span->from));
		*to++ = span->end & 0x7f;
		end = span->to + 1u;
	}
	return (size_t)(to - blob);
}

enum cf_status cf_held_decode(struct cf_held *held, const void *blob, size_t len)
{
	struct cf_bytes from = cf_bytes_make(blob, len);
	uint32_t at = 0;

	while (cf_bytes_left(&from) > 0) {
		uint32_t gap = get_varint(&from), length = get_varint(&from);
		uint8_t end = cf_bytes_u8(&from);

		if (!cf_bytes_ok(&from) || at + gap + length >= CF_DAY_MINUTES)
			return CF_EMALFORMED;
		const struct cf_held_span span = {.from = (uint16_t)(at + gap),
		    .to = (uint16_t)(at + gap + length),
		    .end = end & 0x7f};
		enum cf_status status = cf_held_add(held, span);

		if (status != CF_OK)
			return status;
		at = span.to + 1u;
	}
	return CF_OK;
}
