/* SipHash-1-3 over labels. */

#include "names/hash.h"

#include "base/siphash.h"

#include <string.h>

static inline uint64_t sip_finish(struct cf_sip s)
{
	s.v2 ^= 0xff;
	cf_sip_round(&s);
	cf_sip_round(&s);
	cf_sip_round(&s);
	return cf_sip_output(&s);
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
static inline void absorb(struct cf_sip *s, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t step = len < 8 ? len : 8;
		uint64_t word = load(bytes, step);

		s->v3 ^= word;
		cf_sip_round(s);
		s->v0 ^= word;
		bytes += step;
		len -= step;
	}
}

void cf_name_hash_suffixes(const struct cf_name *name, const uint64_t key[2], unsigned least,
    unsigned most, uint64_t *hashes)
{
	struct cf_sip s = cf_sip_init(key[0], key[1]);

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
	struct cf_sip s = cf_sip_init(key[0], key[1]);
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
