/* IEEE 802.11 data frames in clear, as monitor-mode captures hold them. */

#include "monitor/decode/decode.h"

/* Frame control, first byte: version, type, subtype; second byte: flags. */
enum { WIFI_TYPE_DATA = 0x08, WIFI_TYPE_MASK = 0x0f, WIFI_QOS = 0x80, WIFI_NO_DATA = 0x40 };
enum { WIFI_TO_DS = 0x01, WIFI_FROM_DS = 0x02, WIFI_PROTECTED = 0x40, WIFI_HTC = 0x80 };

/* Several frames in one (A-MSDU): each with its own addresses, padded to four bytes. */
static bool decode_aggregate(struct cf_decoder *decoder, struct cf_bytes body)
{
	bool reported = false;

	while (cf_bytes_left(&body) >= 14) {
		struct cf_bytes inner;
		unsigned len;

		decoder->packet.mac_dst = cf_bytes_take(&body, 6);
		decoder->packet.mac_src = cf_bytes_take(&body, 6);
		len = cf_bytes_be16(&body);
		inner = cf_bytes_sub(&body, len);
		if (!cf_bytes_ok(&inner))
			break;
		reported |= cf_decode_llc(decoder, inner);
		decoder->read_inner(decoder); /* before the next frame takes its place */
		if (cf_bytes_left(&body) < (4 - (len + 14) % 4) % 4)
			break;
		cf_bytes_skip(&body, (4 - (len + 14) % 4) % 4);
	}
	return reported;
}

bool cf_decode_wifi(struct cf_decoder *decoder, struct cf_bytes frame, bool swapped)
{
	const uint8_t *header = cf_bytes_take(&frame, 24);
	uint8_t control, flags;
	bool aggregate = false;

	if (header == NULL) {
		cf_decode_count(decoder, CF_COUNT_LINK_MALFORMED);
		return false;
	}
	control = swapped ? header[1] : header[0];
	flags = swapped ? header[0] : header[1];
	if ((control & WIFI_TYPE_MASK) != WIFI_TYPE_DATA || (control & WIFI_NO_DATA) != 0) {
		cf_decode_count(decoder, CF_COUNT_NOT_IP);
		return false;
	}
	if ((flags & WIFI_PROTECTED) != 0) {
		cf_decode_unread(decoder, CF_COUNT_UNREAD_WIFI);
		return false;
	}
	decoder->packet.mac_dst = (flags & WIFI_TO_DS) != 0 ? header + 16 : header + 4;
	decoder->packet.mac_src = (flags & WIFI_FROM_DS) != 0 ? header + 16 : header + 10;
	if ((flags & (WIFI_TO_DS | WIFI_FROM_DS)) == (WIFI_TO_DS | WIFI_FROM_DS))
		decoder->packet.mac_src = cf_bytes_take(&frame, 6);
	if ((control & WIFI_QOS) != 0) {
		aggregate = (cf_bytes_u8(&frame) & 0x80) != 0;
		cf_bytes_skip(&frame, 1);
		if ((flags & WIFI_HTC) != 0)
			cf_bytes_skip(&frame, 4);
	}
	if (!cf_bytes_ok(&frame)) {
		cf_decode_count(decoder, CF_COUNT_LINK_MALFORMED);
		return false;
	}
	/* Some radios pad the header to four bytes and say so only in the radio header. */
	if (cf_bytes_left(&frame) >= 4 && frame.at[0] != 0xaa && frame.at[2] == 0xaa &&
	    frame.at[3] == 0xaa)
		cf_bytes_skip(&frame, 2);
	return aggregate ? decode_aggregate(decoder, frame) : cf_decode_llc(decoder, frame);
}
