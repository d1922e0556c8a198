/* The image's networks as comparisons of a BPF program. */

#include "monitor/capture/bpf_networks.h"

#include <string.h>

/* Comparisons whose common jump target is surely within reach. */
#define CHAIN 200

static uint32_t word_of(const struct cf_prefix *prefix, unsigned i)
{
	const uint8_t *at = prefix->addr.bytes + (size_t)4 * i;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t mask_of(unsigned bits)
{
	return bits == 0 ? 0 : ~UINT32_C(0) << (32 - bits);
}

/* Adds prefix, cut to at most `longest` bits, unless it is there. False when there is no room. */
static bool add_network(struct cf_bpf_networks *networks, struct cf_prefix prefix, unsigned longest)
{
	if (prefix.bits > longest) {
		prefix.bits = (uint8_t)longest;
		for (unsigned i = 0; i < 16; i++) {
			unsigned keep = longest > 8 * i ? longest - 8 * i : 0;

			if (keep < 8)
				prefix.addr.bytes[i] &= (uint8_t)(0xff00U >> keep);
		}
	}
	for (unsigned i = 0; i < networks->count; i++)
		if (networks->at[i].bits == prefix.bits &&
		    memcmp(&networks->at[i].addr, &prefix.addr, sizeof prefix.addr) == 0)
			return true;
	if (networks->count == CF_PREFILTER_NETWORKS)
		return false;
	networks->at[networks->count++] = prefix;
	return true;
}

static bool collect(struct cf_bpf_networks *networks, const struct cf_image *image,
    enum cf_family family, unsigned longest)
{
	const struct cf_answer_spec *answer = cf_image_answer(image);
	const struct cf_addr *sinkhole =
	    family == CF_FAMILY_V4 ? &answer->sinkhole_v4 : &answer->sinkhole_v6;
	struct cf_prefix own = {.addr = *sinkhole, .bits = (uint8_t)(8 * cf_addr_length(sinkhole))};
	uint32_t count = cf_image_info(image)->networks;

	networks->count = 0;
	if (sinkhole->family != CF_FAMILY_NONE && !add_network(networks, own, longest))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct cf_network network;

		cf_image_network(image, i, &network);
		if (network.prefix.addr.family == family &&
		    !add_network(networks, network.prefix, longest))
			return false;
	}
	return true;
}

bool cf_bpf_networks_collect(
    struct cf_bpf_networks *networks, const struct cf_image *image, enum cf_family family)
{
	static const unsigned v4_longest[] = {32, 24, 20, 16, 12};
	static const unsigned v6_longest[] = {64, 48, 40, 32, 24};
	const unsigned *longest = family == CF_FAMILY_V4 ? v4_longest : v6_longest;

	for (unsigned i = 0; i < 5; i++)
		if (collect(networks, image, family, longest[i]))
			return true;
	return false;
}

/* Relative to X. */
static void load32(struct cf_bpf *bpf, uint32_t k)
{
	cf_bpf_op(bpf, BPF_LD | BPF_W | BPF_IND, k);
}

/* Those that jumped to hit return the verdict; the rest goes on behind. */
static void end_chain(struct cf_bpf *bpf, uint16_t hit, uint32_t verdict)
{
	uint16_t over = cf_bpf_label_new(bpf);

	cf_bpf_goto(bpf, over);
	cf_bpf_label_here(bpf, hit);
	cf_bpf_op(bpf, BPF_RET | BPF_K, verdict);
	cf_bpf_label_here(bpf, over);
}

void cf_bpf_networks_v4(
    struct cf_bpf *bpf, const struct cf_bpf_networks *networks, uint32_t offset, uint32_t verdict)
{
	for (unsigned bits = 1; bits <= 32; bits++) {
		unsigned in_chain = 0;
		uint16_t hit = 0;

		for (unsigned i = 0; i < networks->count; i++) {
			if (networks->at[i].bits != bits)
				continue;
			if (in_chain == 0) {
				hit = cf_bpf_label_new(bpf);
				load32(bpf, offset);
				cf_bpf_op(bpf, BPF_ALU | BPF_AND | BPF_K, mask_of(bits));
			}
			cf_bpf_jump(bpf, BPF_JEQ, word_of(&networks->at[i], 0), hit, CF_BPF_NEXT);
			if (++in_chain < CHAIN)
				continue;
			end_chain(bpf, hit, verdict);
			in_chain = 0;
		}
		if (in_chain > 0)
			end_chain(bpf, hit, verdict);
	}
}

void cf_bpf_networks_v6(
    struct cf_bpf *bpf, const struct cf_bpf_networks *networks, uint32_t offset, uint32_t verdict)
{
	for (unsigned i = 0; i < networks->count; i++) {
		const struct cf_prefix *prefix = &networks->at[i];
		unsigned first = prefix->bits < 32 ? prefix->bits : 32;
		unsigned second = prefix->bits > 32 ? prefix->bits - 32 : 0;
		uint16_t miss = cf_bpf_label_new(bpf);

		load32(bpf, offset);
		if (first < 32)
			cf_bpf_op(bpf, BPF_ALU | BPF_AND | BPF_K, mask_of(first));
		cf_bpf_jump(bpf, BPF_JEQ, word_of(prefix, 0), CF_BPF_NEXT, miss);
		if (second > 0) {
			load32(bpf, offset + 4);
			cf_bpf_op(
			    bpf, BPF_ALU | BPF_AND | BPF_K, mask_of(second > 32 ? 32 : second));
			cf_bpf_jump(bpf, BPF_JEQ, word_of(prefix, 1), CF_BPF_NEXT, miss);
		}
		cf_bpf_op(bpf, BPF_RET | BPF_K, verdict);
		cf_bpf_label_here(bpf, miss);
	}
}
