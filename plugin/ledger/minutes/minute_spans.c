/* Lists of intervals of minutes. */

#include "ledger/minutes/minute_spans.h"

#include "base/array.h"

#include <stdlib.h>

enum cf_status cf_minute_spans_add(
    struct cf_minute_spans *spans, uint32_t from, uint32_t to, const char *reason)
{
	struct cf_span *items =
	    cf_array_grow(spans->items, spans->count, 1, &spans->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	spans->items = items;
	spans->items[spans->count++] =
	    (struct cf_span){.from_minute = from, .to_minute = to, .reason = reason};
	return CF_OK;
}

static int by_from(const void *a, const void *b)
{
	const struct cf_span *x = a, *y = b;

	if (x->from_minute != y->from_minute)
		return x->from_minute < y->from_minute ? -1 : 1;
	return (x->to_minute > y->to_minute) - (x->to_minute < y->to_minute);
}

void cf_minute_spans_join(struct cf_minute_spans *spans)
{
	size_t kept = 0;

	if (spans->count > 1)
		qsort(spans->items, spans->count, sizeof *spans->items, by_from);
	for (size_t i = 0; i < spans->count; i++) {
		struct cf_span *last = kept > 0 ? &spans->items[kept - 1] : NULL;

		if (last != NULL && spans->items[i].from_minute <= last->to_minute) {
			if (spans->items[i].to_minute > last->to_minute)
				last->to_minute = spans->items[i].to_minute;
		} else {
			spans->items[kept++] = spans->items[i];
		}
	}
	spans->count = kept;
}

enum cf_status cf_minute_spans_subtract(
    struct cf_minute_spans *spans, const struct cf_minute_spans *others)
{
	struct cf_minute_spans left = {0};
	size_t d = 0;

	for (size_t i = 0; i < spans->count; i++) {
		uint32_t from = spans->items[i].from_minute, to = spans->items[i].to_minute;

		while (d < others->count && others->items[d].to_minute <= from)
			d++;
		for (size_t j = d; j < others->count && others->items[j].from_minute < to; j++) {
			if (others->items[j].from_minute > from &&
			    cf_minute_spans_add(&left, from, others->items[j].from_minute, NULL) !=
			        CF_OK)
				goto out;
			if (others->items[j].to_minute > from)
				from = others->items[j].to_minute;
		}
		if (from < to && cf_minute_spans_add(&left, from, to, NULL) != CF_OK)
			goto out;
	}
	free(spans->items);
	*spans = left;
	return CF_OK;
out:
	free(left.items);
	return CF_ENOMEM;
}

ptrdiff_t cf_minute_spans_before(const struct cf_minute_spans *spans, uint32_t minute)
{
	size_t low = 0, high = spans->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (spans->items[mid].from_minute < minute)
			low = mid + 1;
		else
			high = mid;
	}
	return (ptrdiff_t)low - 1;
}
