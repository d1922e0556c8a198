/* Option walks over DHCP messages; for DHCPv6 see dhcp6.c. */

#include "monitor/hosts/dhcp.h"

#include "base/bytes.h"
#include "names/name.h"

#include <string.h>

#define DHCP4_COOKIE UINT32_C(0x63825363)

enum dhcp4_option {
	OPTION4_PAD = 0,
	OPTION4_ROUTER = 3,
	OPTION4_DNS = 6,
	OPTION4_HOST_NAME = 12,
	OPTION4_WANTED = 50,
	OPTION4_LEASE = 51,
	OPTION4_OVERLOAD = 52,
	OPTION4_TYPE = 53,
	OPTION4_CLIENT_ID = 61,
	OPTION4_FQDN = 81,
	OPTION4_END = 255,
};

/* Where options stand: their own part, and fields that option 52 gives to them, in that order. */
struct areas {
	struct cf_bytes of[3];
	unsigned count;
};

/*
 * All pieces of an option put together (RFC 3396), cut at size; their number of bytes. An option
 * whose end is missing in the capture counts for nothing.
 */
static size_t gather(const struct areas *areas, uint8_t code, uint8_t *bytes, size_t size)
{
	size_t len = 0;

	for (unsigned i = 0; i < areas->count; i++) {
		struct cf_bytes c = areas->of[i];

		while (cf_bytes_left(&c) > 0) {
			uint8_t here = cf_bytes_u8(&c);
			struct cf_bytes body;
			size_t more;

			if (here == OPTION4_END)
				break;
			if (here == OPTION4_PAD)
				continue;
			body = cf_bytes_sub(&c, cf_bytes_u8(&c));
			if (here != code || !cf_bytes_ok(&body))
				continue;
			more =
			    cf_bytes_left(&body) < size - len ? cf_bytes_left(&body) : size - len;
			if (more > 0)
				memcpy(bytes + len, body.at, more);
			len += more;
		}
	}
	return len;
}

static unsigned gather_addrs(
    const struct areas *areas, uint8_t code, struct cf_addr out[CF_DHCP_SERVERS])
{
	uint8_t bytes[4 * CF_DHCP_SERVERS];
	unsigned count = (unsigned)(gather(areas, code, bytes, sizeof bytes) / 4);

	for (unsigned i = 0; i < count; i++)
		out[i] = cf_addr_v4(bytes + (size_t)4 * i);
	return count;
}

/*
 * A name as labels (RFC 1035 3.1), whole or without its end (RFC 4702 2.3.1), as text in place.
 * False when the bytes are no such thing, and as they were.
 */
static bool labels_to_text(uint8_t *bytes, size_t *len_io)
{
	uint8_t wire[CF_NAME_WIRE_BYTES];
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name name;
	size_t len = *len_io, at = 0;

	while (at < len && bytes[at] != 0) {
		if (bytes[at] > 63 || bytes[at] >= len - at)
			return false;
		at += bytes[at] + 1u;
	}
	if (at == 0 || at + 1 > sizeof wire)
		return false;
	memcpy(wire, bytes, at);
	wire[at] = 0;
	if (cf_name_from_wire(wire, at + 1, &name) != CF_OK || name.label_count == 0)
		return false;
	cf_name_format(&name, text);
	*len_io = strlen(text) < CF_DHCP_TEXT_BYTES ? strlen(text) : CF_DHCP_TEXT_BYTES;
	memcpy(bytes, text, *len_io);
	return true;
}

static bool is_text(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return false;
	return len > 0;
}

/*
 * RFC 4702: flags, two rcodes, then labels (E set) or ASCII. Clients send either with either flag:
 * what the bytes are decides.
 */
static size_t gather_fqdn(const struct areas *areas, uint8_t text[CF_DHCP_TEXT_BYTES])
{
	uint8_t bytes[3 + CF_DHCP_TEXT_BYTES];
	size_t len = gather(areas, OPTION4_FQDN, bytes, sizeof bytes);

	if (len <= 3)
		return 0;
	len -= 3;
	memcpy(text, bytes + 3, len);
	return labels_to_text(text, &len) || is_text(text, len) ? len : 0;
}

/* RFC 2132 9.3: the fields for file and server name may hold options, too. */
static void find_areas(
    struct areas *areas, struct cf_bytes options, const uint8_t *server_name, const uint8_t *file)
{
	uint8_t overload = 0;

	*areas = (struct areas){.of = {options}, .count = 1};
	if (gather(areas, OPTION4_OVERLOAD, &overload, 1) != 1)
		return;
	if ((overload & 1) != 0)
		areas->of[areas->count++] = cf_bytes_make(file, 128);
	if ((overload & 2) != 0)
		areas->of[areas->count++] = cf_bytes_make(server_name, 64);
}

static bool is_zero(const struct cf_addr *addr)
{
	return addr->bytes[0] == 0 && addr->bytes[1] == 0 && addr->bytes[2] == 0 &&
	    addr->bytes[3] == 0;
}

/* Some clients count a terminating zero or padding into their name. */
static struct cf_slice trim_name(struct cf_slice name)
{
	while (name.len > 0 &&
	    (name.data[name.len - 1] == 0 || name.data[name.len - 1] == ' ' ||
	        name.data[name.len - 1] == '.'))
		name.len--;
	return name;
}

static void read_options(struct cf_dhcp4 *dhcp, const struct areas *areas)
{
	uint8_t wanted[4], lease[4];

	(void)gather(areas, OPTION4_TYPE, &dhcp->type, 1); /* 0 stays: plain BOOTP */
	dhcp->name.len = gather(areas, OPTION4_HOST_NAME, dhcp->text, sizeof dhcp->text);
	if (dhcp->name.len == 0)
		dhcp->name.len = gather_fqdn(areas, dhcp->text);
	dhcp->name = trim_name(dhcp->name);
	dhcp->client_id.len = gather(areas, OPTION4_CLIENT_ID, dhcp->id, sizeof dhcp->id);
	if (gather(areas, OPTION4_WANTED, wanted, sizeof wanted) == sizeof wanted)
		dhcp->wanted = cf_addr_v4(wanted);
	if (gather(areas, OPTION4_LEASE, lease, sizeof lease) == sizeof lease)
		dhcp->lease_s = (uint32_t)lease[0] << 24 | (uint32_t)lease[1] << 16 |
		    (uint32_t)lease[2] << 8 | lease[3];
	dhcp->router_count = gather_addrs(areas, OPTION4_ROUTER, dhcp->routers);
	dhcp->resolver_count = gather_addrs(areas, OPTION4_DNS, dhcp->resolvers);
}

bool cf_dhcp4_read(struct cf_slice message, struct cf_dhcp4 *dhcp)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	const uint8_t *chaddr, *server_name, *file;
	uint8_t op = cf_bytes_u8(&c), hardware = cf_bytes_u8(&c), hardware_len = cf_bytes_u8(&c);
	struct cf_addr kept, given;
	struct areas areas;

	*dhcp = (struct cf_dhcp4){.from_client = op == 1};
	cf_bytes_skip(&c, 9); /* hops, transaction, seconds, flags */
	if (cf_bytes_left(&c) < 8 || (op != 1 && op != 2))
		return false;
	kept = cf_addr_v4(cf_bytes_take(&c, 4));
	given = cf_addr_v4(cf_bytes_take(&c, 4));
	cf_bytes_skip(&c, 8); /* next server, relay */
	chaddr = cf_bytes_take(&c, 16);
	server_name = cf_bytes_take(&c, 64);
	file = cf_bytes_take(&c, 128);
	if (chaddr == NULL)
		return false;
	dhcp->has_mac = hardware == 1 && hardware_len == 6;
	memcpy(dhcp->mac, chaddr, 6);
	dhcp->name.data = dhcp->text;
	dhcp->client_id.data = dhcp->id;
	if (cf_bytes_be32(&c) == DHCP4_COOKIE) {
		find_areas(&areas, c, server_name, file);
		read_options(dhcp, &areas);
	}
	if (dhcp->from_client && !is_zero(&kept))
		dhcp->kept = kept;
	/* An answer to INFORM gives nothing: the client had its address before. */
	if (!dhcp->from_client && (dhcp->type == CF_DHCP4_ACK || dhcp->type == 0) &&
	    !is_zero(&given))
		dhcp->granted = given;
	return true;
}
