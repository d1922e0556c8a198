/* Local address space and the resolvers in it. */

#include "monitor/evidence/locality.h"

bool cf_addr_is_private(const struct cf_addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == CF_FAMILY_V4)
		return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		    (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
		    (b[0] == 100 && (b[1] & 0xc0) == 64);
	if (addr->family != CF_FAMILY_V6)
		return false;
	if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
		return true;
	for (unsigned i = 0; i < 15; i++)
		if (b[i] != 0)
			return false;
	return b[15] == 1;
}

bool cf_addr_is_group(const struct cf_addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == CF_FAMILY_V4)
		return (b[0] & 0xf0) == 0xe0 ||
		    (b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255);
	return addr->family == CF_FAMILY_V6 && b[0] == 0xff;
}

bool cf_locality_is_local(const struct cf_locality *locality, const struct cf_addr *addr)
{
	if (cf_addr_is_private(addr))
		return true;
	for (unsigned i = 0; i < locality->prefix_count; i++)
		if (cf_prefix_contains(&locality->prefix[i], addr))
			return true;
	return false;
}

static bool contains(const struct cf_addr *list, unsigned count, const struct cf_addr *addr)
{
	for (unsigned i = 0; i < count; i++)
		if (cf_addr_equal(&list[i], addr))
			return true;
	return false;
}

void cf_locality_told(struct cf_locality *locality, const struct cf_addr *resolver)
{
	if (locality->told_count == CF_OPTION_ADDRESSES ||
	    contains(locality->told, locality->told_count, resolver))
		return;
	locality->told[locality->told_count++] = *resolver;
}

void cf_locality_answered(struct cf_locality *locality, const struct cf_addr *server)
{
	if (!cf_locality_is_own_resolver(locality, server) ||
	    contains(locality->answering, locality->answering_count, server))
		return;
	locality->answering[locality->answering_next++ % CF_OPTION_ADDRESSES] = *server;
	if (locality->answering_count < CF_OPTION_ADDRESSES)
		locality->answering_count++;
}

bool cf_locality_is_own_resolver(const struct cf_locality *locality, const struct cf_addr *addr)
{
	if (locality->named_count > 0)
		return contains(locality->named, locality->named_count, addr);
	return cf_locality_is_local(locality, addr) ||
	    contains(locality->told, locality->told_count, addr);
}

bool cf_locality_resolves_for_others(const struct cf_locality *locality, const struct cf_addr *addr)
{
	return contains(locality->named, locality->named_count, addr) ||
	    contains(locality->answering, locality->answering_count, addr);
}
