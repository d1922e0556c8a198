/*
 * Nested prefixes to disjoint ranges. Prefixes either contain each other or do not touch, so one
 * walk over them in order with a stack of those still open is enough; the stack is the chain of
 * parents.
 */

#include "compile/image/intervals.h"

#include <stdbool.h>
#include <stdlib.h>

static int compare_numbers(struct cf_number a, struct cf_number b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	if (a.low != b.low)
		return a.low < b.low ? -1 : 1;
	return 0;
}

static struct cf_number number_of(const struct cf_addr *addr)
{
	struct cf_number number = {0};

	for (unsigned i = 0; i < cf_addr_length(addr); i++) {
		number.high = number.high << 8 | number.low >> 56;
		number.low = number.low << 8 | addr->bytes[i];
	}
	return number;
}

struct cf_interval cf_interval_of(const struct cf_prefix *prefix, uint32_t value)
{
	struct cf_addr first, last;

	cf_prefix_range(prefix, &first, &last);
	return (struct cf_interval){.first = number_of(&first),
	    .last = number_of(&last),
	    .value = value,
	    .bits = prefix->bits};
}

static int compare_intervals(const void *left, const void *right)
{
	const struct cf_interval *a = left, *b = right;
	int order = compare_numbers(a->first, b->first);

	if (order != 0)
		return order;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

void cf_intervals_sort(struct cf_interval *intervals, size_t count)
{
	if (count > 1)
		qsort(intervals, count, sizeof *intervals, compare_intervals);
}

struct cutter {
	struct cf_range *ranges;
	size_t count;
};

/* From first on, inner is the innermost; a range of no addresses is overwritten. */
static void begin_range(struct cutter *cutter, struct cf_number first, uint32_t inner)
{
	struct cf_range *last = cutter->count == 0 ? NULL : &cutter->ranges[cutter->count - 1];

	if (last != NULL && compare_numbers(last->first, first) == 0) {
		last->inner = inner;
		/* Overwriting may have made it the same as the one before. */
		if (cutter->count > 1 && last[-1].inner == inner)
			cutter->count--;
		return;
	}
	if (last != NULL && last->inner == inner)
		return;
	cutter->ranges[cutter->count++] = (struct cf_range){.first = first, .inner = inner};
}

/* The number after the last address of an interval; false when there is none in the family. */
static bool next_number(struct cf_number last, unsigned address_bits, struct cf_number *next_out)
{
	*next_out =
	    (struct cf_number){.high = last.high + (last.low == UINT64_MAX), .low = last.low + 1};
	if (address_bits == 32)
		return last.low != UINT32_MAX;
	return next_out->high != 0 || next_out->low != 0;
}

enum cf_status cf_intervals_cut(const struct cf_interval *intervals, size_t count,
    unsigned address_bits, uint32_t *parents, struct cf_range **ranges_out, size_t *range_count_out)
{
	struct cutter cutter = {0};
	uint32_t open = UINT32_MAX;
	struct cf_number next;

	if (count == 0) {
		*ranges_out = NULL;
		*range_count_out = 0;
		return CF_OK;
	}
	/* Each interval begins at most one range where it begins and one behind its end. */
	cutter.ranges = calloc(2 * count + 1, sizeof *cutter.ranges);
	if (cutter.ranges == NULL)
		return CF_ENOMEM;
	begin_range(&cutter, (struct cf_number){0}, UINT32_MAX);
	for (size_t i = 0; i <= count; i++) {
		/* Whatever ends before this interval begins is closed, innermost first. */
		while (open != UINT32_MAX &&
		    (i == count || compare_numbers(intervals[open].last, intervals[i].first) < 0)) {
			bool more = next_number(intervals[open].last, address_bits, &next);

			open = parents[open];
			if (more)
				begin_range(&cutter, next, open);
		}
		if (i == count)
			break;
		parents[i] = open;
		open = (uint32_t)i;
		begin_range(&cutter, intervals[i].first, open);
	}
	*ranges_out = cutter.ranges;
	*range_count_out = cutter.count;
	return CF_OK;
}
