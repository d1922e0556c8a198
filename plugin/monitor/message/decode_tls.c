/* TLS handshake messages, with the record layer taken off first. */

#include "monitor/message/decode_tls.h"

#include "base/bytes.h"

#include <string.h>

enum {
	RECORD_HANDSHAKE = 22,
	RECORD_HEADER_BYTES = 5,
	RECORD_LARGEST = 16384 + 2048,
	SMALL_BYTES = 16,
	MESSAGE_HEADER_BYTES = 4,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	EXT_SERVER_NAME = 0,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_ECH = 0xfe0d,
};

/* The next record of stream, or what there is of it in *body_out; BAD when it is no handshake. */
static enum cf_reading next_record(struct cf_bytes *stream, struct cf_slice *body_out)
{
	struct cf_bytes ahead = *stream;
	uint8_t type = cf_bytes_u8(&ahead), major = cf_bytes_u8(&ahead),
	        minor = cf_bytes_u8(&ahead);
	size_t len = cf_bytes_be16(&ahead);

	if (!cf_bytes_ok(&ahead)) {
		const uint8_t *at = stream->at;
		size_t left = cf_bytes_left(stream);

		*body_out = (struct cf_slice){.data = NULL};
		if ((left > 0 && at[0] != RECORD_HANDSHAKE) || (left > 1 && at[1] != 3))
			return CF_READING_BAD;
		return CF_READING_MORE;
	}
	if (type != RECORD_HANDSHAKE || major != 3 || minor > 4 || len == 0 || len > RECORD_LARGEST)
		return CF_READING_BAD;
	body_out->data = ahead.at;
	if (cf_bytes_left(&ahead) < len) {
		body_out->len = cf_bytes_left(&ahead);
		return CF_READING_MORE;
	}
	body_out->len = len;
	cf_bytes_skip(&ahead, len);
	*stream = ahead;
	return CF_READING_DONE;
}

/* Length of the message with its header; 0 while the header is not whole. */
static size_t message_bytes(const uint8_t *message, size_t len)
{
	if (len < MESSAGE_HEADER_BYTES)
		return 0;
	return MESSAGE_HEADER_BYTES +
	    ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
}

/* What must come at least when a message of need bytes (0: not known yet) has held of them. */
static size_t missing(size_t need, size_t held)
{
	if (need == 0)
		need = MESSAGE_HEADER_BYTES;
	return need > held ? need - held : 1;
}

/*
 * Takes the bodies of whole records of a few bytes, as many as stand here, by a short way: a
 * message may come in thousands of one byte. Stops before any that next_record() must look at; 16
 * bytes are copied whatever there is, for which there is room on both sides.
 */
static size_t take_small_records(
    struct cf_bytes *stream, uint8_t *handshake, size_t held, size_t size)
{
	const uint8_t *at = stream->at;
	size_t left = cf_bytes_left(stream);

	while (left >= RECORD_HEADER_BYTES + SMALL_BYTES && size - held >= SMALL_BYTES) {
		size_t len = at[4];

		if (at[0] != RECORD_HANDSHAKE || at[1] != 3 || at[2] > 4 || at[3] != 0 ||
		    len == 0 || len > SMALL_BYTES)
			break;
		memcpy(handshake + held, at + RECORD_HEADER_BYTES, SMALL_BYTES);
		held += len;
		at += RECORD_HEADER_BYTES + len;
		left -= RECORD_HEADER_BYTES + len;
	}
	cf_bytes_skip(stream, (size_t)(at - stream->at));
	return held;
}

enum cf_reading cf_tls_unwrap(struct cf_slice stream, uint8_t *handshake, size_t size,
    struct cf_slice *message_out, size_t *need_out)
{
	struct cf_bytes cursor = cf_bytes_make(stream.data, stream.len);
	enum cf_reading reading;
	struct cf_slice body;
	size_t held = 0, need;

	reading = next_record(&cursor, &body);
	if (reading == CF_READING_BAD)
		return CF_READING_BAD;
	need = message_bytes(body.data, body.len);
	*message_out = body;
	if (reading == CF_READING_MORE) { /* cut in the first record: nothing to put together */
		*need_out = stream.len < RECORD_HEADER_BYTES
		    ? RECORD_HEADER_BYTES
		    : RECORD_HEADER_BYTES + ((size_t)stream.data[3] << 8 | stream.data[4]);
		return need != 0 && body.len >= need ? CF_READING_DONE : CF_READING_MORE;
	}
	if (need != 0 && body.len >= need) {
		message_out->len = need;
		return CF_READING_DONE;
	}
	while (body.len > 0) {
		size_t part = body.len < size - held ? body.len : size - held;

		memcpy(handshake + held, body.data, part);
		held = take_small_records(&cursor, handshake, held + part, size);
		*message_out = (struct cf_slice){.data = handshake, .len = held};
		need = message_bytes(handshake, held);
		if (need != 0 && held >= need) {
			message_out->len = need;
			return CF_READING_DONE;
		}
		if (held == size || reading == CF_READING_MORE)
			break;
		reading = next_record(&cursor, &body);
		if (reading == CF_READING_BAD)
			return CF_READING_BAD;
	}
	*need_out = stream.len + missing(need, held);
	return CF_READING_MORE;
}

/* RFC 6066 3: a list of typed names, of which host_name (0) is the only type. */
static void read_server_name(struct cf_bytes body, struct cf_client_hello *hello)
{
	struct cf_bytes list = cf_bytes_sub(&body, cf_bytes_be16(&body));

	while (cf_bytes_left(&list) >= 3) {
		uint8_t type = cf_bytes_u8(&list);
		size_t len = cf_bytes_be16(&list);
		const uint8_t *name = cf_bytes_take(&list, len);

		if (name == NULL)
			return;
		if (type == 0 && !hello->has_sni && len > 0) {
			hello->sni = (struct cf_slice){.data = name, .len = len};
			hello->has_sni = true;
		}
	}
}

/* A list behind its 1- or 2-byte length. */
static struct cf_slice read_list(struct cf_bytes body, bool short_length)
{
	size_t len = short_length ? cf_bytes_u8(&body) : cf_bytes_be16(&body);
	const uint8_t *list = cf_bytes_take(&body, len);

	return (struct cf_slice){.data = list, .len = list == NULL ? 0 : len};
}

static void read_extension(unsigned type, struct cf_bytes body, struct cf_client_hello *hello)
{
	switch (type) {
	case EXT_SERVER_NAME:
		read_server_name(body, hello);
		break;
	case EXT_SUPPORTED_GROUPS:
		hello->groups = read_list(body, false);
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		hello->signatures = read_list(body, false);
		break;
	case EXT_ALPN:
		hello->alpn = read_list(body, false);
		break;
	case EXT_SUPPORTED_VERSIONS:
		hello->versions = read_list(body, true);
		break;
	case EXT_ECH:
		hello->has_ech = true;
		break;
	default:
		break;
	}
}

enum cf_reading cf_client_hello_read(struct cf_slice message, struct cf_client_hello *hello_out)
{
	struct cf_bytes cursor = cf_bytes_make(message.data, message.len);
	enum cf_reading cut = CF_READING_DONE;
	uint8_t type = cf_bytes_u8(&cursor);
	size_t len = cf_bytes_be24(&cursor), part;

	if ((cf_bytes_ok(&cursor) || message.len > 0) && type != CLIENT_HELLO)
		return CF_READING_BAD;
	if (!cf_bytes_ok(&cursor) || cf_bytes_left(&cursor) < len)
		cut = CF_READING_MORE;
	else
		cf_bytes_limit(&cursor, len);
	hello_out->complete = cut == CF_READING_DONE;
	hello_out->legacy_version = cf_bytes_be16(&cursor);
	if (cf_bytes_ok(&cursor) && hello_out->legacy_version >> 8 != 3 &&
	    hello_out->legacy_version >> 8 != 0x7f)
		return CF_READING_BAD;
	cf_bytes_skip(&cursor, 32);
	part = cf_bytes_u8(&cursor);
	if (part > 32)
		return CF_READING_BAD;
	cf_bytes_skip(&cursor, part);
	part = cf_bytes_be16(&cursor);
	if (part % 2 != 0)
		return CF_READING_BAD;
	hello_out->ciphers.data = cf_bytes_take(&cursor, part);
	hello_out->ciphers.len = hello_out->ciphers.data == NULL ? 0 : part;
	part = cf_bytes_u8(&cursor);
	cf_bytes_skip(&cursor, part);
	if (!cf_bytes_ok(&cursor))
		return cut == CF_READING_DONE ? CF_READING_BAD : CF_READING_MORE;
	if (cf_bytes_left(&cursor) == 0) /* SSL 3.0 has no extensions */
		return cut;
	part = cf_bytes_be16(&cursor);
	if (cf_bytes_left(&cursor) < part && cut == CF_READING_DONE)
		return CF_READING_BAD;
	hello_out->extensions = (struct cf_slice){.data = cursor.at, .len = cf_bytes_left(&cursor)};
	while (cf_bytes_left(&cursor) >= 4) {
		unsigned extension = cf_bytes_be16(&cursor);
		struct cf_bytes body = cf_bytes_sub(&cursor, cf_bytes_be16(&cursor));

		if (!cf_bytes_ok(&body))
			break; /* the rest cannot be found; what came before stands */
		read_extension(extension, body, hello_out);
	}
	return cut;
}

/* The version a ServerHello settles on: supported_versions if it is there (RFC 8446 4.2.1). */
static bool read_server_hello(struct cf_slice message, struct cf_server_hello *hello)
{
	struct cf_bytes cursor = cf_bytes_make(message.data, message.len);
	uint8_t type = cf_bytes_u8(&cursor);

	cf_bytes_skip(&cursor, 3);
	hello->version = cf_bytes_be16(&cursor);
	cf_bytes_skip(&cursor, 32);
	cf_bytes_skip(&cursor, cf_bytes_u8(&cursor));
	hello->cipher = cf_bytes_be16(&cursor);
	cf_bytes_skip(&cursor, 1);
	if (!cf_bytes_ok(&cursor) || type != SERVER_HELLO)
		return false;
	cf_bytes_skip(&cursor, 2);
	while (cf_bytes_left(&cursor) >= 4) {
		unsigned extension = cf_bytes_be16(&cursor);
		struct cf_bytes body = cf_bytes_sub(&cursor, cf_bytes_be16(&cursor));

		if (extension == EXT_SUPPORTED_VERSIONS && cf_bytes_left(&body) == 2)
			hello->version = cf_bytes_be16(&body);
	}
	return true;
}

/* RFC 5246 7.4.2: the first certificate of the chain, or as much of it as there is. */
static enum cf_reading read_certificate(struct cf_bytes cursor, struct cf_server_hello *hello)
{
	uint8_t type = cf_bytes_u8(&cursor);
	size_t len, held;

	if (!cf_bytes_ok(&cursor))
		return CF_READING_MORE;
	if (type != CERTIFICATE)
		return CF_READING_DONE; /* a resumed session, or one without certificates */
	cf_bytes_skip(&cursor, 6);
	len = cf_bytes_be24(&cursor);
	if (!cf_bytes_ok(&cursor))
		return CF_READING_MORE;
	held = cf_bytes_left(&cursor) < len ? cf_bytes_left(&cursor) : len;
	hello->certificate = (struct cf_slice){.data = cursor.at, .len = held};
	hello->has_certificate = held > 0;
	hello->certificate_cut = held < len;
	return held < len ? CF_READING_MORE : CF_READING_DONE;
}

/* What must come at least before read_certificate() finds more. */
static size_t certificate_missing(struct cf_bytes cursor)
{
	size_t held = cf_bytes_left(&cursor), len;

	if (held < 10)
		return 10 - held;
	cf_bytes_skip(&cursor, 7);
	len = cf_bytes_be24(&cursor);
	return missing(10 + len, held);
}

enum cf_reading cf_server_flight_read(struct cf_slice stream, uint8_t *handshake, size_t size,
    struct cf_server_hello *hello_out, size_t *need_out)
{
	struct cf_bytes cursor = cf_bytes_make(stream.data, stream.len);
	enum cf_reading reading = CF_READING_DONE;
	size_t held = 0, need = 0;
	struct cf_bytes behind;

	while (reading == CF_READING_DONE && held < size) {
		struct cf_slice body;
		size_t part;

		reading = next_record(&cursor, &body);
		if (reading == CF_READING_BAD && held == 0)
			return CF_READING_BAD;
		if (reading == CF_READING_BAD)
			break; /* another record type: the flight ends here */
		part = body.len < size - held ? body.len : size - held;
		if (part > 0)
			memcpy(handshake + held, body.data, part);
		held = take_small_records(&cursor, handshake, held + part, size);
	}
	need = message_bytes(handshake, held);
	if (held > 0 && handshake[0] != SERVER_HELLO)
		return CF_READING_BAD;
	*need_out = stream.len + missing(need, held);
	if (need == 0 || held < need)
		return reading == CF_READING_MORE ? CF_READING_MORE : CF_READING_BAD;
	if (!read_server_hello((struct cf_slice){.data = handshake, .len = need}, hello_out))
		return CF_READING_BAD;
	if (hello_out->version >= 0x0304)
		return CF_READING_DONE;
	behind = cf_bytes_make(handshake + need, held - need);
	if (read_certificate(behind, hello_out) == CF_READING_MORE && reading != CF_READING_BAD &&
	    held < size) {
		*need_out = stream.len + certificate_missing(behind);
		return CF_READING_MORE;
	}
	return CF_READING_DONE;
}
