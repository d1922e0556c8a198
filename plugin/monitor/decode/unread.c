/* Tunnels over UDP that stay shut: told from other datagrams, and counted by their kind. */

#include "monitor/decode/decode.h"
#include "monitor/decode/ethertype.h"

/* A WireGuard message: its type, three zeros, and a length that only such a one has. */
static bool is_wireguard(struct cf_slice payload)
{
	return payload.len >= 32 && payload.data[0] >= 1 && payload.data[0] <= 4 &&
	    (payload.data[1] | payload.data[2] | payload.data[3]) == 0 &&
	    (payload.data[0] != 4 || payload.len % 16 == 0);
}

/* OpenVPN: an opcode of data in the upper five bits (RFC draft-openvpn 5). */
static bool is_openvpn(struct cf_slice payload)
{
	unsigned opcode = payload.len < 24 ? 0 : payload.data[0] >> 3;

	return opcode == 6 || opcode == 9;
}

static bool is_unknown_geneve(struct cf_slice payload)
{
	unsigned type;

	if (payload.len <= 8 || payload.data[0] >> 6 != 0)
		return false;
	type = (unsigned)payload.data[2] << 8 | payload.data[3];
	return type > 1500 && !cf_ethertype_is_read(type);
}

void cf_decode_udp_unread(struct cf_decoder *decoder, struct cf_slice payload)
{
	uint16_t ports[2] = {decoder->packet.dst_port, decoder->packet.src_port};
	static const uint8_t keepalive_bytes = 1;

	for (unsigned i = 0; i < 2; i++) {
		uint16_t port = ports[i];

		if (port == 4500 && payload.len > keepalive_bytes && payload.len >= 20 &&
		    (payload.data[0] | payload.data[1] | payload.data[2] | payload.data[3]) != 0)
			cf_decode_unread(decoder, CF_COUNT_UNREAD_IPSEC); /* RFC 3948 2.1 */
		else if ((port == 51820 && is_wireguard(payload)) ||
		    (port == 1194 && is_openvpn(payload)))
			cf_decode_unread(decoder, CF_COUNT_UNREAD_VPN);
		else if ((port == 5247 && payload.len > 4 && payload.data[0] == 1) ||
		    (port == 4755 && payload.len > 13 && payload.data[0] == 23))
			cf_decode_unread(decoder, CF_COUNT_UNREAD_UDP); /* in DTLS */
		else if (port == 6081 && is_unknown_geneve(payload))
			cf_decode_unread(decoder, CF_COUNT_UNREAD_UDP);
		else if (port == 4790 && payload.len > 8 && (payload.data[0] & 0x0c) == 0x0c &&
		    (payload.data[3] == 0 || payload.data[3] > 5))
			cf_decode_unread(decoder, CF_COUNT_UNREAD_UDP);
		else
			continue;
		return;
	}
}
