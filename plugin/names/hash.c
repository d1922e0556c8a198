/* SipHash-1-3 over labels. */

#include "names/hash.h"

#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static inline struct sip sip_init(const uint64_t key[2])
{
	return (struct sip){
	    .v0 = key[0] ^ 0x736f6d6570736575U,
	    .v1 = key[1] ^ 0x646f72616e646f6dU,
	    .v2 = key[0] ^ 0x6c7967656e657261U,
	    .v3 = key[1] ^ 0x7465646279746573U,
	};
}

static inline uint64_t sip_finish(struct sip s)
{
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* The first len (1 to 8) of 8 readable bytes as a little-endian word, the rest zero. */
static inline uint64_t load(const uint8_t *bytes, size_t len)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word & UINT64_MAX >> (64 - 8 * len);
}

/* Takes in the label at bytes: length byte and bytes, len altogether; reads up to 7 bytes more. */
static inline void absorb(struct sip *s, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t step = len < 8 ? len : 8;
		uint64_t word = load(bytes, step);

		s->v3 ^= word;
		sip_round(s);
		s->v0 ^= word;
		bytes += step;
		len -= step;
	}
}

void cf_name_hash_suffixes(const struct cf_name *name, const uint64_t key[2], unsigned least,
    unsigned most, uint64_t *hashes)
{
	struct sip s = sip_init(key);

	if (least == 0)
		hashes[0] = sip_finish(s);
	for (unsigned k = 1; k <= most; k++) {
		size_t at = name->label_at[name->label_count - k];
		size_t len = 1U + name->wire[at];

		if (sizeof name->wire - at >= len + 7) {
			absorb(&s, name->wire + at, len);
		} else {
			/* Near the end of the array whole words may not be there to read. */
			uint8_t label[64 + 8] = {0};

			memcpy(label, name->wire + at, len);
			absorb(&s, label, len);
		}
		if (k >= least)
			hashes[k] = sip_finish(s);
	}
}

uint64_t cf_name_hash_wire(const uint8_t *wire, size_t wire_len, const uint64_t key[2])
{
	struct sip s = sip_init(key);
	uint8_t label_at[CF_NAME_LABELS];
	unsigned count = 0;

	for (size_t at = 0; at + 1 < wire_len && count < CF_NAME_LABELS; at += 1U + wire[at])
		label_at[count++] = (uint8_t)at;
	while (count > 0) {
		const uint8_t *label = wire + label_at[--count];

		absorb(&s, label, 1U + label[0]);
	}
	return sip_finish(s);
}
