/* The wider integers of the byte cursor, and hex digits. */

#include "base/bytes.h"

uint64_t cf_bytes_be64(struct cf_bytes *c)
{
	uint64_t high = cf_bytes_be32(c);

	return high << 32 | cf_bytes_be32(c);
}

uint64_t cf_bytes_le64(struct cf_bytes *c)
{
	uint64_t low = cf_bytes_le32(c);

	return (uint64_t)cf_bytes_le32(c) << 32 | low;
}

int cf_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
