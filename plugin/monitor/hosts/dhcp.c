/* Option walks over DHCP and DHCPv6 messages. */

#include "monitor/hosts/dhcp.h"

#include "base/bytes.h"
#include "names/name.h"

#include <string.h>

#define DHCP4_COOKIE UINT32_C(0x63825363)
#define DHCP6_DEPTH  4 /* relays in relays; RFC 8415 allows 8, sites have one or two */

enum dhcp4_option {
	OPTION4_PAD = 0,
	OPTION4_ROUTER = 3,
	OPTION4_DNS = 6,
	OPTION4_HOST_NAME = 12,
	OPTION4_WANTED = 50,
	OPTION4_TYPE = 53,
	OPTION4_CLIENT_ID = 61,
	OPTION4_FQDN = 81,
	OPTION4_END = 255,
};

static unsigned read_addrs(struct cf_bytes c, struct cf_addr *out)
{
	unsigned count = 0;

	while (cf_bytes_left(&c) >= 4 && count < CF_DHCP_SERVERS)
		out[count++] = cf_addr_v4(cf_bytes_take(&c, 4));
	return count;
}

static struct cf_slice rest_of(const struct cf_bytes *c)
{
	return (struct cf_slice){.data = c->at, .len = cf_bytes_left(c)};
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

/* RFC 4702: flags, two rcodes, then ASCII (E clear); the wire form is turned away, option 12 rules.
 */
static struct cf_slice fqdn_of(struct cf_bytes c)
{
	uint8_t flags = cf_bytes_u8(&c);

	cf_bytes_skip(&c, 2);
	if (!cf_bytes_ok(&c))
		return (struct cf_slice){0};
	if ((flags & 0x04) == 0)
		return trim_name(rest_of(&c));
	/* One label with its length byte is all most clients send. */
	if (cf_bytes_left(&c) >= 2 && c.at[0] < 64 && cf_bytes_left(&c) > c.at[0])
		return (struct cf_slice){.data = c.at + 1, .len = c.at[0]};
	return (struct cf_slice){0};
}

static void read_option4(struct cf_dhcp4 *dhcp, uint8_t code, struct cf_bytes body,
    struct cf_addr *wanted, struct cf_slice *fqdn)
{
	switch (code) {
	case OPTION4_TYPE:
		dhcp->type = cf_bytes_u8(&body);
		break;
	case OPTION4_HOST_NAME:
		dhcp->name = trim_name(rest_of(&body));
		break;
	case OPTION4_FQDN:
		*fqdn = fqdn_of(body);
		break;
	case OPTION4_CLIENT_ID:
		dhcp->client_id = rest_of(&body);
		break;
	case OPTION4_WANTED:
		if (cf_bytes_left(&body) == 4)
			*wanted = cf_addr_v4(body.at);
		break;
	case OPTION4_ROUTER:
		dhcp->router_count = read_addrs(body, dhcp->routers);
		break;
	case OPTION4_DNS:
		dhcp->resolver_count = read_addrs(body, dhcp->resolvers);
		break;
	default:
		break;
	}
}

static bool is_zero(const struct cf_addr *addr)
{
	return addr->bytes[0] == 0 && addr->bytes[1] == 0 && addr->bytes[2] == 0 &&
	    addr->bytes[3] == 0;
}

bool cf_dhcp4_read(struct cf_slice message, struct cf_dhcp4 *dhcp_out)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	struct cf_addr kept, given, wanted = {0};
	struct cf_slice fqdn = {0};
	struct cf_dhcp4 dhcp = {0};
	const uint8_t *chaddr;
	uint8_t op, hardware, hardware_len;

	op = cf_bytes_u8(&c);
	hardware = cf_bytes_u8(&c);
	hardware_len = cf_bytes_u8(&c);
	cf_bytes_skip(&c, 9); /* hops, transaction, seconds, flags */
	if (cf_bytes_left(&c) < 8 || (op != 1 && op != 2))
		return false;
	kept = cf_addr_v4(cf_bytes_take(&c, 4));
	given = cf_addr_v4(cf_bytes_take(&c, 4));
	cf_bytes_skip(&c, 8); /* next server, relay */
	chaddr = cf_bytes_take(&c, 16);
	cf_bytes_skip(&c, 64 + 128); /* server name, boot file */
	if (chaddr == NULL)
		return false;
	dhcp.from_client = op == 1;
	dhcp.has_mac = hardware == 1 && hardware_len == 6;
	memcpy(dhcp.mac, chaddr, 6);
	if (cf_bytes_be32(&c) == DHCP4_COOKIE) {
		while (cf_bytes_left(&c) > 0) {
			uint8_t code = cf_bytes_u8(&c);

			if (code == OPTION4_END)
				break;
			if (code == OPTION4_PAD)
				continue;
			read_option4(
			    &dhcp, code, cf_bytes_sub(&c, cf_bytes_u8(&c)), &wanted, &fqdn);
		}
	}
	if (dhcp.name.len == 0)
		dhcp.name = fqdn;
	if (!dhcp.from_client && (dhcp.type == CF_DHCP4_ACK || dhcp.type == 0))
		dhcp.addr = is_zero(&given) ? kept : given;
	else if (dhcp.from_client)
		dhcp.addr = is_zero(&kept) && dhcp.type == CF_DHCP4_REQUEST ? wanted : kept;
	if (is_zero(&dhcp.addr))
		dhcp.addr = (struct cf_addr){0};
	*dhcp_out = dhcp;
	return true;
}

enum dhcp6_option {
	OPTION6_CLIENT_ID = 1,
	OPTION6_IA_NA = 3,
	OPTION6_IA_ADDR = 5,
	OPTION6_RELAYED = 9,
	OPTION6_DNS = 23,
	OPTION6_FQDN = 39,
};

static void read_fqdn6(struct cf_bytes body, char text[256])
{
	struct cf_name name;
	char long_text[CF_NAME_TEXT_BYTES];
	uint8_t wire[CF_NAME_WIRE_BYTES];
	size_t len;

	cf_bytes_skip(&body, 1);
	len = cf_bytes_left(&body);
	if (len == 0 || len > sizeof wire - 1)
		return;
	/* RFC 4704 4.2: a partial name has no root label; one is added for reading. */
	memcpy(wire, body.at, len);
	wire[len] = 0;
	if (cf_name_from_wire(wire, len + 1, &name) != CF_OK || name.label_count == 0)
		return;
	cf_name_format(&name, long_text);
	memcpy(text, long_text, 255);
	text[255] = '\0';
}

static void read_options6(struct cf_dhcp6 *dhcp, struct cf_bytes c, unsigned depth);

static void read_option6(struct cf_dhcp6 *dhcp, uint16_t code, struct cf_bytes body, unsigned depth)
{
	switch (code) {
	case OPTION6_CLIENT_ID:
		dhcp->duid = rest_of(&body);
		break;
	case OPTION6_IA_NA:
		cf_bytes_skip(&body, 12);
		read_options6(dhcp, body, depth + 1);
		break;
	case OPTION6_IA_ADDR:
		if (cf_bytes_left(&body) >= 16 && dhcp->addr.family == CF_FAMILY_NONE)
			dhcp->addr = cf_addr_v6(body.at);
		break;
	case OPTION6_DNS:
		while (cf_bytes_left(&body) >= 16 && dhcp->resolver_count < CF_DHCP_SERVERS)
			dhcp->resolvers[dhcp->resolver_count++] =
			    cf_addr_v6(cf_bytes_take(&body, 16));
		break;
	case OPTION6_FQDN:
		read_fqdn6(body, dhcp->name);
		break;
	case OPTION6_RELAYED:
		dhcp->relayed = true;
		dhcp->type = cf_bytes_u8(&body);
		cf_bytes_skip(&body, dhcp->type == 12 || dhcp->type == 13 ? 33 : 3);
		read_options6(dhcp, body, depth + 1);
		break;
	default:
		break;
	}
}

static void read_options6(struct cf_dhcp6 *dhcp, struct cf_bytes c, unsigned depth)
{
	if (depth > DHCP6_DEPTH)
		return;
	while (cf_bytes_left(&c) >= 4) {
		uint16_t code = cf_bytes_be16(&c);
		struct cf_bytes body = cf_bytes_sub(&c, cf_bytes_be16(&c));

		if (!cf_bytes_ok(&body))
			return;
		read_option6(dhcp, code, body, depth);
	}
}

bool cf_dhcp6_read(struct cf_slice message, struct cf_dhcp6 *dhcp_out)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	struct cf_dhcp6 dhcp = {.type = cf_bytes_u8(&c)};

	if (dhcp.type == 0 || dhcp.type > 13)
		return false;
	cf_bytes_skip(&c, dhcp.type >= 12 ? 33 : 3); /* hops and two addresses, or transaction */
	if (!cf_bytes_ok(&c))
		return false;
	read_options6(&dhcp, c, 0);
	dhcp.from_client = dhcp.type != 2 && dhcp.type != 7 && dhcp.type != 10 && dhcp.type != 13;
	*dhcp_out = dhcp;
	return true;
}
