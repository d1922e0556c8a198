/* Words of a label, multiplied one after the other. */

#include "names/hash.h"

#include <string.h>

/* Fractions of the golden ratio and of pi: numbers with nothing up their sleeve. */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)
#define PI     UINT64_C(0x243f6a8885a308d3)

struct state {
	uint64_t h, by;
};

/* The low half of a x b XOR its high half. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ const unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), high = (a >> 32) * (b >> 32);
	uint64_t one = (a >> 32) * (b & UINT32_MAX), two = (a & UINT32_MAX) * (b >> 32);
	uint64_t middle = (low >> 32) + (one & UINT32_MAX) + (two & UINT32_MAX);

	high += (one >> 32) + (two >> 32) + (middle >> 32);
	return ((middle << 32) | (low & UINT32_MAX)) ^ high;
#endif
}

static inline struct state start(const uint64_t key[2])
{
	return (struct state){.h = key[0], .by = key[1] ^ GOLDEN};
}

static inline uint64_t finish(struct state s)
{
	return fold(s.h ^ s.by, PI);
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
static inline void absorb(struct state *s, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t step = len < 8 ? len : 8;

		s->h = fold(s->h ^ load(bytes, step), s->by);
		bytes += step;
		len -= step;
	}
}

void cf_name_hash_suffixes(const struct cf_name *name, const uint64_t key[2], unsigned least,
    unsigned most, uint64_t *hashes)
{
	struct state s = start(key);

	if (least == 0)
		hashes[0] = finish(s);
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
			hashes[k] = finish(s);
	}
}

uint64_t cf_name_hash_wire(const uint8_t *wire, size_t wire_len, const uint64_t key[2])
{
	struct state s = start(key);
	uint8_t label_at[CF_NAME_LABELS];
	unsigned count = 0;

	for (size_t at = 0; at + 1 < wire_len && count < CF_NAME_LABELS; at += 1U + wire[at])
		label_at[count++] = (uint8_t)at;
	while (count > 0) {
		const uint8_t *label = wire + label_at[--count];

		absorb(&s, label, 1U + label[0]);
	}
	return finish(s);
}
