/*
 * The networks and the clients of an image as ranges of addresses that do not overlap, each with
 * what look-ups find for every address in it. For what has to be written down whole, such as rules
 * for a kernel; to look one address up there are cf_image_find_addr() and cf_decide_addr().
 *
 * Pure; any thread.
 */
#pragma once

#include "image/image.h"

enum cf_ranges {
	CF_RANGES_NETWORKS_V4,
	CF_RANGES_NETWORKS_V6,
	CF_RANGES_CLIENTS_V4,
	CF_RANGES_CLIENTS_V6,
};

/*
 * value: of networks, the network with the longest prefix around every address of the range, or
 * CF_NONE; of clients, a number that two ranges share when the policy treats their clients alike
 * (CF_NONE and 0: clients that no group names).
 */
struct cf_image_span {
	struct cf_addr first, last;
	uint32_t value;
};

/* Ranges of a kind; together they hold every address of their family, or there are none. */
uint32_t cf_image_span_count(const struct cf_image *image, enum cf_ranges which);
/* 0 <= i < cf_image_span_count(), in the order of addresses. */
void cf_image_span(
    const struct cf_image *image, enum cf_ranges which, uint32_t i, struct cf_image_span *span_out);

/* The next wider (or equal) network around a network, or CF_NONE. */
uint32_t cf_image_network_around(const struct cf_image *image, uint32_t network);
