/* Option walks over DHCP messages; for DHCPv6 see dhcp6.c. */

#include "monitor/hosts/dhcp.h"

#include "base/bytes.h"
#include "names/name.h"

#include <string.h>

#define WANTED_OPTIONS 9
#define DHCP4_COOKIE   UINT32_C(0x63825363)

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

/* One option that is wanted: all its pieces put together (RFC 3396), cut at size. */
struct wanted {
	uint8_t code;
	uint8_t *bytes;
	size_t size, len;
};

/* What is wanted, and by an option's code which of them it is, and 0 for none. */
struct wants {
	struct wanted at[WANTED_OPTIONS + 1];
	uint8_t place[256];
};

static void take_piece(struct wanted *wanted, const uint8_t *bytes, size_t len)
{
	size_t more = len < wanted->size - wanted->len ? len : wanted->size - wanted->len;

	if (more > 0)
		memcpy(wanted->bytes + wanted->len, bytes, more);
	wanted->len += more;
}

/*
 * Walks once over the options that stand in one place. One whose end is missing in the capture
 * counts for nothing, as what would follow. Options can be of two bytes, hundreds in a message.
 */
static void gather(struct wants *wants, const uint8_t *at, size_t left)
{
	while (left > 0 && at[0] != OPTION4_END) {
		size_t bytes = 1;

		if (at[0] != OPTION4_PAD) {
			if (left < 2 || at[1] > left - 2)
				return;
			bytes = 2U + at[1];
			if (wants->place[at[0]] != 0)
				take_piece(&wants->at[wants->place[at[0]]], at + 2, at[1]);
		}
		at += bytes;
		left -= bytes;
	}
}

static unsigned read_addrs(const struct wanted *wanted, struct cf_addr out[CF_DHCP_SERVERS])
{
	unsigned count = (unsigned)(wanted->len / 4);

	for (unsigned i = 0; i < count; i++)
		out[i] = cf_addr_v4(wanted->bytes + (size_t)4 * i);
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
static size_t read_fqdn(const struct wanted *wanted, uint8_t text[CF_DHCP_TEXT_BYTES])
{
	size_t len = wanted->len;

	if (len <= 3)
		return 0;
	len -= 3;
	memcpy(text, wanted->bytes + 3, len);
	return labels_to_text(text, &len) || is_text(text, len) ? len : 0;
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

/* Where else options may stand: fields of the message that option 52 gives to them. */
struct fields {
	const uint8_t *server_name, *file; /* 64 and 128 bytes */
};

static void want(struct wants *wants, const struct wanted *wanted, size_t count)
{
	memset(wants->place, 0, sizeof wants->place);
	for (size_t i = 0; i < count; i++) {
		wants->at[i + 1] = wanted[i];
		wants->place[wanted[i].code] = (uint8_t)(i + 1);
	}
}

static const struct wanted *got(const struct wants *wants, uint8_t code)
{
	return &wants->at[wants->place[code]];
}

static void read_options(
    struct cf_dhcp4 *dhcp, const struct cf_bytes *options, const struct fields *fields)
{
	uint8_t wanted[4], lease[4], overload = 0, fqdn[3 + CF_DHCP_TEXT_BYTES];
	uint8_t routers[4 * CF_DHCP_SERVERS], resolvers[4 * CF_DHCP_SERVERS];
	const struct wanted all[WANTED_OPTIONS] = {
	    {.code = OPTION4_TYPE, .bytes = &dhcp->type, .size = 1}, /* 0 stays: plain BOOTP */
	    {.code = OPTION4_OVERLOAD, .bytes = &overload, .size = 1},
	    {.code = OPTION4_HOST_NAME, .bytes = dhcp->text, .size = sizeof dhcp->text},
	    {.code = OPTION4_FQDN, .bytes = fqdn, .size = sizeof fqdn},
	    {.code = OPTION4_CLIENT_ID, .bytes = dhcp->id, .size = sizeof dhcp->id},
	    {.code = OPTION4_WANTED, .bytes = wanted, .size = sizeof wanted},
	    {.code = OPTION4_LEASE, .bytes = lease, .size = sizeof lease},
	    {.code = OPTION4_ROUTER, .bytes = routers, .size = sizeof routers},
	    {.code = OPTION4_DNS, .bytes = resolvers, .size = sizeof resolvers},
	};
	struct wants wants;

	want(&wants, all, WANTED_OPTIONS);
	gather(&wants, options->at, cf_bytes_left(options));
	/* RFC 2132 9.3; RFC 3396 5: pieces of an option go on there, in this order. Option 52
	   itself counts only where it was. */
	wants.place[OPTION4_OVERLOAD] = 0;
	if ((overload & 1) != 0)
		gather(&wants, fields->file, 128);
	if ((overload & 2) != 0)
		gather(&wants, fields->server_name, 64);
	dhcp->name.len = got(&wants, OPTION4_HOST_NAME)->len;
	if (dhcp->name.len == 0)
		dhcp->name.len = read_fqdn(got(&wants, OPTION4_FQDN), dhcp->text);
	dhcp->name = trim_name(dhcp->name);
	dhcp->client_id.len = got(&wants, OPTION4_CLIENT_ID)->len;
	if (got(&wants, OPTION4_WANTED)->len == sizeof wanted)
		dhcp->wanted = cf_addr_v4(wanted);
	if (got(&wants, OPTION4_LEASE)->len == sizeof lease)
		dhcp->lease_s = (uint32_t)lease[0] << 24 | (uint32_t)lease[1] << 16 |
		    (uint32_t)lease[2] << 8 | lease[3];
	dhcp->router_count = read_addrs(got(&wants, OPTION4_ROUTER), dhcp->routers);
	dhcp->resolver_count = read_addrs(got(&wants, OPTION4_DNS), dhcp->resolvers);
}

bool cf_dhcp4_read(struct cf_slice message, struct cf_dhcp4 *dhcp)
{
	struct cf_bytes c = cf_bytes_make(message.data, message.len);
	struct fields fields;
	const uint8_t *chaddr;
	uint8_t op = cf_bytes_u8(&c), hardware = cf_bytes_u8(&c), hardware_len = cf_bytes_u8(&c);
	struct cf_addr kept, given;

	*dhcp = (struct cf_dhcp4){.from_client = op == 1};
	cf_bytes_skip(&c, 9); /* hops, transaction, seconds, flags */
	if (cf_bytes_left(&c) < 8 || (op != 1 && op != 2))
		return false;
	kept = cf_addr_v4(cf_bytes_take(&c, 4));
	given = cf_addr_v4(cf_bytes_take(&c, 4));
	cf_bytes_skip(&c, 8); /* next server, relay */
	chaddr = cf_bytes_take(&c, 16);
	fields.server_name = cf_bytes_take(&c, 64);
	fields.file = cf_bytes_take(&c, 128);
	if (chaddr == NULL)
		return false;
	dhcp->has_mac = hardware == 1 && hardware_len == 6;
	memcpy(dhcp->mac, chaddr, 6);
	dhcp->name.data = dhcp->text;
	dhcp->client_id.data = dhcp->id;
	if (cf_bytes_be32(&c) == DHCP4_COOKIE)
		read_options(dhcp, &c, &fields);
	if (dhcp->from_client && !is_zero(&kept))
		dhcp->kept = kept;
	/* An answer to INFORM gives nothing: the client had its address before. */
	if (!dhcp->from_client && (dhcp->type == CF_DHCP4_ACK || dhcp->type == 0) &&
	    !is_zero(&given))
		dhcp->granted = given;
	return true;
}
