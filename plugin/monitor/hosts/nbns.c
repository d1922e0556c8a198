/* First-level encoding (RFC 1001 14.1) and the three messages that name their sender. */

#include "monitor/hosts/nbns.h"

#include "base/bytes.h"

#include <string.h>

#define TYPE_NB 0x0020

/* Sixteen bytes as 32 letters A to P; the last byte is the kind of name. */
static bool decode_name(const uint8_t letters[32], char name[CF_NETBIOS_BYTES], uint8_t *kind_out)
{
	size_t len = 15;

	for (unsigned i = 0; i < 16; i++) {
		uint8_t high = letters[(size_t)2 * i], low = letters[(size_t)2 * i + 1], byte;

		if (high < 'A' || high > 'P' || low < 'A' || low > 'P')
			return false;
		byte = (uint8_t)((high - 'A') << 4 | (low - 'A'));
		if (i == 15)
			*kind_out = byte;
		else
			name[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
	}
	while (len > 0 && name[len - 1] == ' ')
		len--;
	name[len] = '\0';
	/* Names like "__MSBROWSE__" begin with control bytes and name no host. */
	return len > 0 && name[0] != '?' && name[0] != '*';
}

/* A name on the wire: 32 letters in one label, then scope labels; or a pointer to such. */
static bool read_name(
    struct cf_slice message, struct cf_bytes *c, char name[CF_NETBIOS_BYTES], uint8_t *kind_out)
{
	struct cf_bytes at = *c;
	uint8_t len = cf_bytes_u8(&at);
	const uint8_t *letters;

	if ((len & 0xc0) == 0xc0) {
		size_t offset = (size_t)(len & 0x3f) << 8 | cf_bytes_u8(&at);

		cf_bytes_skip(c, 2);
		if (!cf_bytes_ok(c) || offset >= message.len)
			return false;
		at = cf_bytes_make(message.data + offset, message.len - offset);
		if (cf_bytes_u8(&at) != 32)
			return false;
		letters = cf_bytes_take(&at, 32);
		return letters != NULL && decode_name(letters, name, kind_out);
	}
	letters = len == 32 ? cf_bytes_take(&at, 32) : NULL;
	if (letters == NULL || !decode_name(letters, name, kind_out))
		return false;
	for (unsigned labels = 0; labels < 128; labels++) {
		len = cf_bytes_u8(&at);
		if (len == 0)
			break;
		cf_bytes_skip(&at, len & 0x3f);
	}
	*c = at;
	return cf_bytes_ok(c);
}

bool cf_nbns_read(struct cf_slice message, struct cf_netbios *netbios_out)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	uint16_t flags, questions, answers, additional, nb_flags, type;
	struct cf_netbios netbios = {0};
	const uint8_t *addr;
	uint8_t kind = 0;
	unsigned opcode;

	cf_bytes_skip(&c, 2);
	flags = cf_bytes_be16(&c);
	questions = cf_bytes_be16(&c);
	answers = cf_bytes_be16(&c);
	cf_bytes_skip(&c, 2);
	additional = cf_bytes_be16(&c);
	opcode = flags >> 11 & 15;
	/* Claims are: registration 5, refresh 8 or 9, and positive answers to queries 0. */
	if ((flags & 0x8000) == 0) {
		if ((opcode != 5 && opcode != 8 && opcode != 9) || questions != 1 ||
		    additional < 1 || !read_name(message, &c, netbios.name, &kind))
			return false;
		cf_bytes_skip(&c, 4);
	} else if (opcode != 0 || (flags & 15) != 0 || questions != 0 || answers < 1) {
		return false;
	}
	if (!read_name(message, &c, netbios.name, &kind) || (kind != 0x00 && kind != 0x20))
		return false;
	type = cf_bytes_be16(&c);
	cf_bytes_skip(&c, 2 + 4 + 2); /* class, TTL, length */
	nb_flags = cf_bytes_be16(&c);
	addr = cf_bytes_take(&c, 4);
	if (addr == NULL || type != TYPE_NB || (nb_flags & 0x8000) != 0)
		return false; /* a group's name is nobody's */
	netbios.addr = cf_addr_v4(addr);
	*netbios_out = netbios;
	return true;
}

bool cf_nbdgm_read(struct cf_slice message, struct cf_netbios *netbios_out)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	uint8_t type = cf_bytes_u8(&c), kind = 0;
	struct cf_netbios netbios = {0};
	const uint8_t *addr;

	cf_bytes_skip(&c, 3); /* flags, id */
	addr = cf_bytes_take(&c, 4);
	cf_bytes_skip(&c, 6); /* port, length, offset */
	if (addr == NULL || type < 0x10 || type > 0x12 ||
	    !read_name(message, &c, netbios.name, &kind) || (kind != 0x00 && kind != 0x20))
		return false;
	netbios.addr = cf_addr_v4(addr);
	*netbios_out = netbios;
	return true;
}
