/* IP addresses and prefixes: text, order, membership. */

#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cf_addr cf_addr_v4(const uint8_t bytes[4])
{
	struct cf_addr addr;

	cf_addr_set_v4(&addr, bytes);
	return addr;
}

struct cf_addr cf_addr_v6(const uint8_t bytes[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct cf_addr addr = {.family = CF_FAMILY_V6};

	if (memcmp(bytes, mapped, sizeof mapped) == 0)
		return cf_addr_v4(bytes + 12);
	memcpy(addr.bytes, bytes, 16);
	return addr;
}

unsigned cf_addr_length(const struct cf_addr *addr)
{
	if (addr->family == CF_FAMILY_V4)
		return 4;
	return addr->family == CF_FAMILY_V6 ? 16 : 0;
}

int cf_addr_compare(const struct cf_addr *a, const struct cf_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

enum cf_status cf_addr_parse(const char *text, struct cf_addr *addr_out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*addr_out = cf_addr_v4(bytes);
		return CF_OK;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*addr_out = cf_addr_v6(bytes);
		return CF_OK;
	}
	return CF_EMALFORMED;
}

/* By hand: every record has two of them, and inet_ntop() goes through sprintf(). */
static void format_v4(const uint8_t bytes[4], char *text)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*text++ = '.';
		if (bytes[i] >= 100)
			*text++ = (char)('0' + bytes[i] / 100);
		if (bytes[i] >= 10)
			*text++ = (char)('0' + bytes[i] / 10 % 10);
		*text++ = (char)('0' + bytes[i] % 10);
	}
	*text = '\0';
}

const char *cf_addr_format(const struct cf_addr *addr, char text[CF_ADDR_TEXT_BYTES])
{
	text[0] = '\0';
	if (addr->family == CF_FAMILY_V4)
		format_v4(addr->bytes, text);
	else if (addr->family == CF_FAMILY_V6 &&
	    inet_ntop(AF_INET6, addr->bytes, text, CF_ADDR_TEXT_BYTES) == NULL)
		text[0] = '\0';
	return text;
}

/* The byte of a netmask of bits bits at position i. */
static uint8_t mask_byte(unsigned bits, unsigned i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	if (bits <= 8 * i)
		return 0;
	return (uint8_t)(0xff << (8 - (bits - 8 * i)));
}

enum cf_status cf_prefix_parse(const char *text, struct cf_prefix *prefix_out)
{
	char address[CF_ADDR_TEXT_BYTES];
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	struct cf_prefix prefix;
	unsigned long bits;
	char *end;

	if (len == 0 || len >= sizeof address)
		return CF_EMALFORMED;
	memcpy(address, text, len);
	address[len] = '\0';
	if (cf_addr_parse(address, &prefix.addr) != CF_OK)
		return CF_EMALFORMED;
	bits = 8UL * cf_addr_length(&prefix.addr);
	if (slash != NULL) {
		unsigned long most = bits;

		if (slash[1] < '0' || slash[1] > '9')
			return CF_EMALFORMED;
		bits = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || bits > most || end - slash > 4)
			return CF_EMALFORMED;
	}
	prefix.bits = (uint8_t)bits;
	for (unsigned i = 0; i < cf_addr_length(&prefix.addr); i++)
		if ((prefix.addr.bytes[i] & (uint8_t)~mask_byte(prefix.bits, i)) != 0)
			return CF_EINVALID;
	*prefix_out = prefix;
	return CF_OK;
}

const char *cf_prefix_format(const struct cf_prefix *prefix, char text[CF_PREFIX_TEXT_BYTES])
{
	char address[CF_ADDR_TEXT_BYTES];

	snprintf(text, CF_PREFIX_TEXT_BYTES, "%s/%u", cf_addr_format(&prefix->addr, address),
	    (unsigned)prefix->bits);
	return text;
}

bool cf_prefix_contains(const struct cf_prefix *prefix, const struct cf_addr *addr)
{
	if (prefix->addr.family != addr->family)
		return false;
	for (unsigned i = 0; 8 * i < prefix->bits; i++)
		if (((prefix->addr.bytes[i] ^ addr->bytes[i]) & mask_byte(prefix->bits, i)) != 0)
			return false;
	return true;
}

void cf_prefix_range(
    const struct cf_prefix *prefix, struct cf_addr *first_out, struct cf_addr *last_out)
{
	struct cf_addr first = prefix->addr, last = prefix->addr;

	for (unsigned i = 0; i < cf_addr_length(&prefix->addr); i++) {
		first.bytes[i] &= mask_byte(prefix->bits, i);
		last.bytes[i] |= (uint8_t)~mask_byte(prefix->bits, i);
	}
	*first_out = first;
	*last_out = last;
}
