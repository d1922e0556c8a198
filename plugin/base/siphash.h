/*
 * SipHash (Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash for tables
 * whose keys strangers choose. The rounds stand here, inline, for whoever feeds words of its own
 * (names/hash: SipHash-1-3 over labels); cf_siphash() is SipHash-2-4 over bytes as the paper has
 * it. Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The four words v0..v3 of section 2.1. */
struct cf_sip {
	uint64_t v0, v1, v2, v3;
};

static inline struct cf_sip cf_sip_init(uint64_t key_low, uint64_t key_high)
{
	return (struct cf_sip){.v0 = key_low ^ UINT64_C(0x736f6d6570736575),
	    .v1 = key_high ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = key_low ^ UINT64_C(0x6c7967656e657261),
	    .v3 = key_high ^ UINT64_C(0x7465646279746573)};
}

static inline uint64_t cf_sip_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* One row of figure 2.1: two additions side by side, each mixed back; a is turned by half. */
static inline void cf_sip_half_round(
    uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, unsigned b_bits, unsigned d_bits)
{
	*a += *b;
	*c += *d;
	*b = cf_sip_rotate(*b, b_bits) ^ *a;
	*d = cf_sip_rotate(*d, d_bits) ^ *c;
	*a = cf_sip_rotate(*a, 32);
}

/* SipRound. */
static inline void cf_sip_round(struct cf_sip *s)
{
	cf_sip_half_round(&s->v0, &s->v1, &s->v2, &s->v3, 13, 16);
	cf_sip_half_round(&s->v2, &s->v1, &s->v0, &s->v3, 17, 21);
}

/* What comes out; the rounds of finalization and 0xff before them are the caller's. */
static inline uint64_t cf_sip_output(const struct cf_sip *s)
{
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* SipHash-2-4 of len bytes at data. */
uint64_t cf_siphash(const uint8_t key[16], const void *data, size_t len);
