/* The wider integers of the byte cursor. */

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
