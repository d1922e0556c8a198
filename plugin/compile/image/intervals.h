/*
 * Prefixes that lie in each other, cut into disjoint ranges of which each knows its innermost
 * prefix: what the ranges of networks and of client groups in an image are made from.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* An address as a number; IPv4 in the low 32 bits. */
struct cf_number {
	uint64_t high, low;
};

/* Input: value is the caller's. */
struct cf_interval {
	struct cf_number first, last;
	uint32_t value;
	uint8_t bits;
};

/* Output: addresses from first to before the next first belong to interval inner, or to none. */
struct cf_range {
	struct cf_number first;
	uint32_t inner; /* index in the sorted input, or UINT32_MAX */
};

/* The prefix as an interval of its family. */
struct cf_interval cf_interval_of(const struct cf_prefix *prefix, uint32_t value);

/* Sorts by first, wider before narrower, then by value. */
void cf_intervals_sort(struct cf_interval *intervals, size_t count);

/*
 * Cuts sorted intervals of one family, address_bits wide, into ranges: the first begins at 0, they
 * rise strictly, neighbours differ. parents[i] becomes the index of the next interval around i (an
 * equal one counts when it stands before i), or UINT32_MAX. *ranges_out is allocated; none when
 * count is 0. CF_ENOMEM.
 */
enum cf_status cf_intervals_cut(const struct cf_interval *intervals, size_t count,
    unsigned address_bits, uint32_t *parents, struct cf_range **ranges_out,
    size_t *range_count_out) CF_MUST_CHECK;
