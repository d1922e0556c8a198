/* Numbers as LEB128, seven bits a byte, the lowest first: how minutes stand in the ledger. Pure. */
#pragma once

#include <stdint.h>

/* Bytes of the largest number. */
#define CF_VARINT_BYTES 10

/* Writes value at to, which has room; returns the place behind it. */
static inline uint8_t *cf_varint_put(uint8_t *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}
