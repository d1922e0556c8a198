#include "ledger/minutes/minutes.h"

#include "base/bytes.h"
#include "ledger/minutes/varint.h"

#include <stdlib.h>
#include <string.h>

void cf_minutes_done(struct cf_minutes *minutes)
{
	free(minutes->items);
	*minutes = (struct cf_minutes){0};
}

/* Index of the first item whose minute is not below minute. Logs run forwards: try the end first.
 */
static uint32_t place_of(const struct cf_minutes *minutes, uint32_t minute)
{
	uint32_t low = 0, high = minutes->count;

	if (high > 0 && minutes->items[high - 1].minute < minute)
		return high;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (minutes->items[mid].minute < minute)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

enum cf_status cf_minutes_add(
    struct cf_minutes *minutes, uint32_t minute, uint64_t value, enum cf_minutes_merge merge)
{
	if (minute >= CF_DAY_MINUTES)
		return CF_EINVALID;
	uint32_t at = place_of(minutes, minute);

	if (at < minutes->count && minutes->items[at].minute == minute) {
		uint64_t *old = &minutes->items[at].value;

		if (merge == CF_MINUTES_SUM)
			*old = value > UINT64_MAX - *old ? UINT64_MAX : *old + value;
		else if (value > *old)
			*old = value;
		return CF_OK;
	}
	if (minutes->count == minutes->size) {
		uint32_t size = minutes->size == 0 ? 2 : minutes->size * 2;
		struct cf_minute *items = realloc(minutes->items, size * sizeof *items);

		if (items == NULL)
			return CF_ENOMEM;
		minutes->items = items;
		minutes->size = size;
	}
	memmove(minutes->items + at + 1, minutes->items + at,
	    (minutes->count - at) * sizeof *minutes->items);
	minutes->items[at] = (struct cf_minute){.minute = minute, .value = value};
	minutes->count++;
	return CF_OK;
}

/* 0 and a failed cursor when it does not end within ten bytes. */
static uint64_t get_varint(struct cf_bytes *from)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cf_bytes_u8(from);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	cf_bytes_fail(from);
	return 0;
}

size_t cf_minutes_encode(const struct cf_minutes *minutes, uint8_t *blob)
{
	uint8_t *to = blob;
	uint32_t end = 0;

	for (uint32_t i = 0; i < minutes->count;) {
		const struct cf_minute *first = &minutes->items[i];
		uint32_t run = 1;

		while (i + run < minutes->count && first[run].minute == first->minute + run &&
		    first[run].value == first->value)
			run++;
		to = cf_varint_put(to, first->minute - end);
		to = cf_varint_put(to, run);
		to = cf_varint_put(to, first->value);
		end = first->minute + run;
		i += run;
	}
	return (size_t)(to - blob);
}

enum cf_status cf_minutes_decode(
    struct cf_minutes *minutes, const void *blob, size_t len, enum cf_minutes_merge merge)
{
	struct cf_bytes from = cf_bytes_make(blob, len);
	uint64_t at = 0;

	while (cf_bytes_left(&from) > 0) {
		uint64_t gap = get_varint(&from), run = get_varint(&from),
		         value = get_varint(&from);

		if (!cf_bytes_ok(&from) || gap > CF_DAY_MINUTES || run == 0 ||
		    run > CF_DAY_MINUTES || at + gap + run > CF_DAY_MINUTES)
			return CF_EMALFORMED;
		at += gap;
		for (uint64_t i = 0; i < run; i++) {
			enum cf_status status =
			    cf_minutes_add(minutes, (uint32_t)(at + i), value, merge);
			if (status != CF_OK)
				return status;
		}
		at += run;
	}
	return CF_OK;
}
