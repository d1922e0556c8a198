/*
 * A byte cursor over hostile bytes.
 *
 * Packets, images, lists and logs are read through this and nothing else. The cursor checks every
 * bound, and once a read has failed it stays failed: later reads return zeros, so that a parser can
 * read a whole header and test cf_bytes_ok() once. Never copies, never allocates. One cursor
 * belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Two words, so that it is handed from function to function in registers. */
struct cf_bytes {
	const uint8_t *at; /* next byte to read */
	ptrdiff_t left;    /* bytes left to read; negative once a read has failed */
};

/* A cursor over len bytes at data; data may be NULL when len is 0. */
static inline struct cf_bytes cf_bytes_make(const void *data, size_t len)
{
	const uint8_t *bytes = data;

	return (struct cf_bytes){.at = bytes, .left = bytes == NULL ? 0 : (ptrdiff_t)len};
}

/* True while no read has run past the end. */
static inline bool cf_bytes_ok(const struct cf_bytes *c)
{
	return c->left >= 0;
}

/* Bytes left to read; 0 once failed. */
static inline size_t cf_bytes_left(const struct cf_bytes *c)
{
	return c->left < 0 ? 0 : (size_t)c->left;
}

/* Marks the cursor failed: for impossible values that the caller found. */
static inline void cf_bytes_fail(struct cf_bytes *c)
{
	c->left = -1;
}

/* Forgets all but the next len bytes, where there are more. */
static inline void cf_bytes_limit(struct cf_bytes *c, size_t len)
{
	if (cf_bytes_left(c) > len)
		c->left = (ptrdiff_t)len;
}

/* The next len bytes, and steps over them; NULL (and failed) when there are fewer. */
static inline const uint8_t *cf_bytes_take(struct cf_bytes *c, size_t len)
{
	const uint8_t *p = c->at;

	if (c->left < 0 || len > (size_t)c->left) {
		c->left = -1;
		return NULL;
	}
	c->at += len;
	c->left -= (ptrdiff_t)len;
	return p;
}

/* Steps over len bytes. */
static inline void cf_bytes_skip(struct cf_bytes *c, size_t len)
{
	(void)cf_bytes_take(c, len); /* failure sticks in the cursor */
}

/* Big-endian (network order) and little-endian unsigned integers; 0 once failed. */
static inline uint8_t cf_bytes_u8(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 1);

	return p == NULL ? 0 : p[0];
}

static inline uint16_t cf_bytes_be16(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 2);

	return p == NULL ? 0 : (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t cf_bytes_be24(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 3);

	return p == NULL ? 0 : (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t cf_bytes_be32(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 4);

	return p == NULL ? 0
	                 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t cf_bytes_le16(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 2);

	return p == NULL ? 0 : (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t cf_bytes_le32(struct cf_bytes *c)
{
	const uint8_t *p = cf_bytes_take(c, 4);

	return p == NULL ? 0
	                 : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

uint64_t cf_bytes_be64(struct cf_bytes *c);
uint64_t cf_bytes_le64(struct cf_bytes *c);

/* A cursor over the next len bytes alone, stepping over them here; failed when there are fewer. */
static inline struct cf_bytes cf_bytes_sub(struct cf_bytes *c, size_t len)
{
	const uint8_t *p = cf_bytes_take(c, len);

	return (struct cf_bytes){.at = p, .left = p == NULL ? -1 : (ptrdiff_t)len};
}

/* What a hex digit of either case stands for; -1 for any other character. */
int cf_hex_value(char c);
