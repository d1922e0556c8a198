/* Frames of any link type through the whole decoder: first byte the link type, then frames behind a
 * two-byte length each, so that fragments and segments can add up. */

#include "monitor/decode/decoder.h"
#include "monitor/message/decode_dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	struct cf_dns_record record;
	unsigned *sum = context;

	(void)packet;
	while (cf_dns_record_next(message, &cursor, &record))
		*sum += record.type;
}

static void on_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	unsigned *sum = context;

	(void)packet;
	*sum += response->code;
}

static void on_server_hello(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello)
{
	unsigned *sum = context;

	(void)packet;
	*sum += hello->version;
}

static void on_raw(
    void *context, const struct cf_packet *packet, enum cf_raw_kind kind, struct cf_slice bytes)
{
	unsigned *sum = context;

	(void)packet;
	*sum += (unsigned)kind + (bytes.len > 0 ? bytes.data[bytes.len - 1] : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* One decoder for all inputs: making one maps tens of megabytes. Flushing empties it but
	 * for the positions of streams, which the time between inputs makes old. */
	static struct cf_decoder *decoder;
	static int64_t now_us = 1700000000000000;
	static unsigned sum;

	if (decoder == NULL) {
		struct cf_observer observer = {.context = &sum,
		    .dns = on_dns,
		    .http_response = on_response,
		    .server_hello = on_server_hello,
		    .raw = on_raw};

		if (cf_decoder_new(&observer, 1, &decoder) != CF_OK)
			abort();
	}
	if (len < 1)
		return 0;
	for (size_t at = 1; at + 2 <= len;) {
		size_t frame_len = (size_t)data[at] << 8 | data[at + 1];

		at += 2;
		if (frame_len > len - at)
			frame_len = len - at;
		now_us += 1000;
		cf_decoder_expect(decoder, data[0], data + at, frame_len);
		cf_decoder_packet(
		    decoder, data[0], 0, now_us, data + at, frame_len, frame_len + (frame_len & 1));
		at += frame_len;
	}
	cf_decoder_flush(decoder);
	now_us += 60000000;
	return 0;
}
