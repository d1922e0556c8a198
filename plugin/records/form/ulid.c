/* ULIDs. */

#include "records/form/ulid.h"

#include <string.h>

/* Letters behind the instant, and those of them that count. */
#define RANDOM_LETTERS 16
#define LOW_LETTERS    12

void cf_ulid_init(struct cf_ulid *ulid, const uint8_t seed[10])
{
	*ulid = (struct cf_ulid){0};
	/* The top bit stays clear: 2^79 ids until the counter could run over. */
	ulid->random_high = (uint16_t)((seed[0] & 0x7f) << 8 | seed[1]);
	memcpy(&ulid->random_low, seed + 2, sizeof ulid->random_low);
}

/* The low bits of value as count characters of Crockford's base 32. */
static void put_base32(char *at, unsigned count, uint64_t value)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	while (count > 0) {
		at[--count] = alphabet[value & 31];
		value >>= 5;
	}
}

const char *cf_ulid_next(struct cf_ulid *ulid, int64_t wall_us, char text[CF_ULID_TEXT_BYTES])
{
	uint64_t ms = wall_us > 0 ? (uint64_t)wall_us / 1000 : 0;

	if (ms > ulid->last_ms)
		ulid->last_ms = ms;
	if (ulid->random_low + 1 == 0)
		ulid->random_high++;
	ulid->random_low++;
	/* 48 bits of time: ten characters; 80 bits: sixteen, of which the first has bits 79..75. */
	put_base32(text, 10, ulid->last_ms);
	put_base32(text + 10, 3, (uint64_t)ulid->random_high >> 1);
	put_base32(text + 13, 13, ulid->random_low);
	text[13] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(ulid->random_high & 1) << 4 |
	    ulid->random_low >> 60];
	text[26] = '\0';
	return text;
}

/* The value of a letter of Crockford's base 32; -1: none. */
static int value_of(char letter)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const char *at = letter == '\0' ? NULL : strchr(alphabet, letter);

	return at == NULL ? -1 : (int)(at - alphabet);
}

bool cf_ulid_counts_on(const char *from, const char *id, uint64_t *by_out)
{
	uint64_t by = 0;
	int carry = 0;

	/* From the last letter on: the lowest 60 bits, and no difference in the 20 above. */
	for (int i = 0; i < RANDOM_LETTERS; i++) {
		int at = CF_ULID_TEXT_BYTES - 2 - i, a = value_of(from[at]), b = value_of(id[at]);
		int digit = b - a + carry;

		if (a < 0 || b < 0)
			return false;
		carry = digit < 0 ? -1 : 0;
		digit -= carry * 32;
		if (i >= LOW_LETTERS && digit != 0)
			return false;
		if (i < LOW_LETTERS)
			by |= (uint64_t)digit << (5 * i);
	}
	*by_out = by;
	return carry == 0 && by < UINT64_C(1) << 40;
}
