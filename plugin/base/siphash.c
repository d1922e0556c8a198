/* SipHash-2-4. */

#include "base/siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

static void take_word(struct cf_sip *s, uint64_t word)
{
	s->v3 ^= word;
	cf_sip_round(s);
	cf_sip_round(s);
	s->v0 ^= word;
}

uint64_t cf_siphash(const uint8_t key[16], const void *data, size_t len)
{
	struct cf_sip s = cf_sip_init(word_at(key), word_at(key + 8));
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
	for (unsigned i = 0; i < 4; i++)
		cf_sip_round(&s);
	return cf_sip_output(&s);
}
