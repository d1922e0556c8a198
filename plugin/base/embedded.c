/* IPv4 addresses inside IPv6 ones. */

#include "base/embedded.h"

/*
 * The four bytes behind a prefix of bits, stepping over byte 8, which is zero there; what follows
 * them is zero as well (RFC 6052 2.2).
 */
static bool take(const struct cf_addr *addr, unsigned bits, struct cf_addr *out)
{
	unsigned at = bits / 8, taken = 0;
	uint8_t bytes[4];

	if (bits != 32 && bits != 40 && bits != 48 && bits != 56 && bits != 64 && bits != 96)
		return false;
	for (; taken < 4; at++)
		if (at != 8 || bits == 96)
			bytes[taken++] = addr->bytes[at];
	if (bits != 96 && addr->bytes[8] != 0)
		return false;
	for (; at < 16; at++)
		if (addr->bytes[at] != 0)
			return false;
	*out = cf_addr_v4(bytes);
	return true;
}

unsigned cf_addr_embedded(const struct cf_addr *addr, struct cf_addr out[CF_EMBEDDED_MOST])
{
	static const uint8_t well_known[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t local_use[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
	static const uint8_t places[] = {48, 56, 64, 96};
	static const uint8_t teredo[4] = {0x20, 0x01};
	const uint8_t *bytes = addr->bytes;
	unsigned count = 0;

	if (addr->family != CF_FAMILY_V6)
		return 0;
	if (memcmp(bytes, well_known, sizeof well_known) == 0) {
		out[count++] = cf_addr_v4(bytes + 12);
	} else if (memcmp(bytes, local_use, sizeof local_use) == 0) {
		for (size_t i = 0; i < sizeof places; i++)
			count += take(addr, places[i], &out[count]);
	} else if (bytes[0] == 0x20 && bytes[1] == 0x02) {
		out[count++] = cf_addr_v4(bytes + 2);
	} else if (memcmp(bytes, teredo, sizeof teredo) == 0) {
		const uint8_t client[4] = {(uint8_t)~bytes[12], (uint8_t)~bytes[13],
		    (uint8_t)~bytes[14], (uint8_t)~bytes[15]};

		out[count++] = cf_addr_v4(client);
	}
	return count;
}

bool cf_prefix_embedded(
    const struct cf_prefix *prefix, const struct cf_addr *addr, struct cf_addr *out)
{
	return prefix->addr.family == CF_FAMILY_V6 && addr->family == CF_FAMILY_V6 &&
	    cf_prefix_contains(prefix, addr) && take(addr, prefix->bits, out);
}
