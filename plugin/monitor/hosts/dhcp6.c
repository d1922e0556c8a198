/* Option walks over DHCPv6 messages. */

#include "monitor/hosts/dhcp.h"

#include "base/bytes.h"
#include "names/name.h"

#include <string.h>

#define DEPTH 4 /* relays in relays; RFC 8415 allows 8, sites have one or two */

enum dhcp6_option {
	OPTION6_CLIENT_ID = 1,
	OPTION6_IA_NA = 3,
	OPTION6_IA_TA = 4,
	OPTION6_IA_ADDR = 5,
	OPTION6_RELAYED = 9,
	OPTION6_STATUS = 13,
	OPTION6_DNS = 23,
	OPTION6_FQDN = 39,
	OPTION6_LINK_ADDRESS = 79,
};

static struct cf_slice rest_of(const struct cf_bytes *c)
{
	return (struct cf_slice){.data = c->at, .len = cf_bytes_left(c)};
}

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

/* RFC 8415 21.6: address, preferred, valid; options, of which a status may say no. */
static void read_address(struct cf_dhcp6 *dhcp, struct cf_bytes body)
{
	const uint8_t *bytes = cf_bytes_take(&body, 16);
	uint32_t valid_s;

	cf_bytes_skip(&body, 4);
	valid_s = cf_bytes_be32(&body);
	if (!cf_bytes_ok(&body) || dhcp->addr_count == CF_DHCP_ADDRS)
		return;
	while (cf_bytes_left(&body) >= 4) {
		uint16_t code = cf_bytes_be16(&body);
		struct cf_bytes option = cf_bytes_sub(&body, cf_bytes_be16(&body));

		if (code == OPTION6_STATUS && cf_bytes_be16(&option) != 0)
			return;
	}
	dhcp->valid_s[dhcp->addr_count] = valid_s;
	dhcp->addrs[dhcp->addr_count++] = cf_addr_v6(bytes);
}

/* The addresses of an association; a status of its own is about those that it has not got. */
static void read_association(struct cf_dhcp6 *dhcp, struct cf_bytes c)
{
	while (cf_bytes_left(&c) >= 4) {
		uint16_t code = cf_bytes_be16(&c);
		struct cf_bytes body = cf_bytes_sub(&c, cf_bytes_be16(&c));

		if (!cf_bytes_ok(&body))
			return;
		if (code == OPTION6_IA_ADDR)
			read_address(dhcp, body);
	}
}

/* RFC 6939: hardware type, address. */
static void read_link_address(struct cf_dhcp6 *dhcp, struct cf_bytes body)
{
	if (cf_bytes_be16(&body) != 1 || cf_bytes_left(&body) != 6)
		return;
	dhcp->has_mac = true;
	memcpy(dhcp->mac, body.at, 6);
}

static void read_option6(struct cf_dhcp6 *dhcp, uint16_t code, struct cf_bytes body, unsigned depth)
{
	switch (code) {
	case OPTION6_CLIENT_ID:
		dhcp->duid = rest_of(&body);
		break;
	case OPTION6_IA_NA:
		cf_bytes_skip(&body, 12);
		read_association(dhcp, body);
		break;
	case OPTION6_IA_TA:
		cf_bytes_skip(&body, 4);
		read_association(dhcp, body);
		break;
	case OPTION6_STATUS:
		dhcp->status = cf_bytes_be16(&body);
		break;
	case OPTION6_LINK_ADDRESS:
		read_link_address(dhcp, body);
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
	if (depth > DEPTH)
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
