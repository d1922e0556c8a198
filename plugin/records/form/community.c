/* Community ID v1. */

#include "records/form/community.h"

#include <netinet/in.h>
#include <openssl/sha.h>
#include <string.h>

/* RFC 4648 4 for 20 bytes: six groups of three and one of two. */
static void put_base64(const uint8_t digest[20], char *text)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 21; i += 3) {
		uint32_t bits = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8;

		if (i + 2 < 20)
			bits |= digest[i + 2];
		*text++ = alphabet[bits >> 18];
		*text++ = alphabet[bits >> 12 & 63];
		*text++ = alphabet[bits >> 6 & 63];
		*text++ = i + 2 < 20 ? alphabet[bits & 63] : '=';
	}
	*text = '\0';
}

static void put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)(port & 0xff);
}

bool cf_community_id(uint8_t ip_proto, const struct cf_addr *src, uint16_t src_port,
    const struct cf_addr *dest, uint16_t dest_port, char text[CF_COMMUNITY_TEXT_BYTES])
{
	/* seed (2), two addresses, protocol, padding, two ports */
	uint8_t tuple[2 + 16 + 16 + 2 + 4] = {0}, digest[SHA_DIGEST_LENGTH];
	size_t addr_bytes = cf_addr_length(src), at = 2;
	int order;

	text[0] = '\0';
	if (addr_bytes == 0 || src->family != dest->family)
		return false;
	if (ip_proto != IPPROTO_TCP && ip_proto != IPPROTO_UDP && ip_proto != IPPROTO_SCTP)
		return false;
	order = cf_addr_compare(src, dest);
	if (order > 0 || (order == 0 && src_port > dest_port)) {
		const struct cf_addr *addr = src;
		uint16_t port = src_port;

		src = dest;
		dest = addr;
		src_port = dest_port;
		dest_port = port;
	}
	memcpy(tuple + at, src->bytes, addr_bytes);
	memcpy(tuple + at + addr_bytes, dest->bytes, addr_bytes);
	at += 2 * addr_bytes;
	tuple[at] = ip_proto;
	put_port(tuple + at + 2, src_port);
	put_port(tuple + at + 4, dest_port);
	SHA1(tuple, at + 6, digest);
	memcpy(text, "1:", 2);
	put_base64(digest, text + 2);
	return true;
}
