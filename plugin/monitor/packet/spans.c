/* Sorted byte ranges, filled in any order. */

#include "monitor/packet/spans.h"

#include <string.h>

/* Index of the first range that ends at or behind from. */
static unsigned first_touching(const struct cf_spans *spans, size_t from)
{
	unsigned low = 0, high = spans->count;

	if (high > 0 && spans->at[high - 1].to < from) /* pieces mostly come in order */
		return high;
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (spans->at[middle].to < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool cf_spans_fill(
    struct cf_spans *spans, uint8_t *buffer, size_t from, const uint8_t *data, size_t len)
{
	size_t end = from + len, at = from, low = from, high = end;
	unsigned first = first_touching(spans, from), behind = first;

	if (len == 0)
		return true;
	for (; behind < spans->count && spans->at[behind].from <= end; behind++) {
		const struct cf_byte_span *held = &spans->at[behind];

		if (held->from > at)
			memcpy(buffer + at, data + (at - from), held->from - at);
		if (held->to > at)
			at = held->to;
		if (held->from < low)
			low = held->from;
		if (held->to > high)
			high = held->to;
	}
	if (behind == first) {
		if (spans->count == CF_SPANS)
			return false;
		memmove(&spans->at[first + 1], &spans->at[first],
		    (spans->count - first) * sizeof spans->at[0]);
		spans->count++;
	} else {
		memmove(&spans->at[first + 1], &spans->at[behind],
		    (spans->count - behind) * sizeof spans->at[0]);
		spans->count = (uint16_t)(spans->count - (behind - first - 1));
	}
	if (at < end)
		memcpy(buffer + at, data + (at - from), end - at);
	spans->at[first] = (struct cf_byte_span){.from = (uint16_t)low, .to = (uint16_t)high};
	return true;
}

const struct cf_byte_span *cf_spans_find(const struct cf_spans *spans, size_t at)
{
	for (unsigned i = 0; i < spans->count; i++) {
		if (at < spans->at[i].from)
			return NULL;
		if (at < spans->at[i].to)
			return &spans->at[i];
	}
	return NULL;
}
