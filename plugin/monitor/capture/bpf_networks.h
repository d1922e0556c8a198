/*
 * The networks of an image, for a BPF program that looks for their addresses (bpf_prefilter.h).
 * Pure; any thread.
 */
#pragma once

#include "image/image.h"
#include "monitor/capture/bpf_asm.h"

#include <stdbool.h>

/* More networks of a family are made wider until they fit; a wider one lets more pass. */
#define CF_PREFILTER_NETWORKS 512

struct cf_bpf_networks {
	struct cf_prefix at[CF_PREFILTER_NETWORKS];
	unsigned count;
};

/* All of one family, our sinkhole with them; false when they do not fit however wide. */
bool cf_bpf_networks_collect(
    struct cf_bpf_networks *networks, const struct cf_image *image, enum cf_family family);

/*
 * Returns verdict when the address at X + offset lies in one of them, and goes on otherwise; A is
 * lost. For IPv4 one masked load for each prefix length, then a chain of comparisons that share
 * one return.
 */
void cf_bpf_networks_v4(
    struct cf_bpf *bpf, const struct cf_bpf_networks *networks, uint32_t offset, uint32_t verdict);
/* The first 64 bits are compared; a longer prefix lets its /64 pass. */
void cf_bpf_networks_v6(
    struct cf_bpf *bpf, const struct cf_bpf_networks *networks, uint32_t offset, uint32_t verdict);
