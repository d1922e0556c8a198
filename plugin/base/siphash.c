/* SipHash-1-3. */

#include "base/siphash.h"

#include <endian.h>
#include <string.h>

/* The four words v0..v3 of section 2.1. */
struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* SipRound: figure 2.1, row by row. */
static void mix(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

static void take_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s);
	s->v0 ^= word;
}

uint64_t cf_siphash(const uint8_t key[16], const void *data, size_t len)
{
	uint64_t key_low = word_at(key), key_high = word_at(key + 8);
	struct sip s = {.v0 = key_low ^ UINT64_C(0x736f6d6570736575),
	    .v1 = key_high ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = key_low ^ UINT64_C(0x6c7967656e657261),
	    .v3 = key_high ^ UINT64_C(0x7465646279746573)};
	const uint8_t *at = data;
	uint8_t last[8] = {0};
	size_t left = len;

	for (; left >= 8; left -= 8, at += 8)
		take_word(&s, word_at(at));
	if (left > 0)
		memcpy(last, at, left);
	last[7] = (uint8_t)len;
	take_word(&s, word_at(last));
	s.v2 ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		mix(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
