/* SOCKS in a stream. */

#include "monitor/message/stream_socks.h"

#include "monitor/packet/decoding.h"

#include <string.h>

/* What a SOCKS client asks for by name: letters, digits, and what else hosts have in their names.
 */
static bool is_host_name(struct cf_slice name)
{
	bool dotted = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i], letter = c | 0x20;

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '.' && c != '_')
			return false;
		dotted |= c == '.';
	}
	return dotted;
}

/*
 * A name that stands nowhere but in a request to a SOCKS proxy, as what CONNECT asks of another
 * one. Only where everything before it was read: these few bytes alone prove little.
 */
static void report_socks(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice name)
{
	static const uint8_t method[] = "CONNECT";
	struct cf_http_request request = {.ends = cf_endpoints_of(packet, true),
	    .method = {.data = method, .len = sizeof method - 1},
	    .target = name,
	    .host = name,
	    .has_authority = true,
	    .complete = true,
	    .socks = true};

	if (view->unsure || view->side != CF_SIDE_BEGAN || !is_host_name(name))
		return;
	cf_decode_count(decoder, CF_COUNT_SOCKS_REQUESTS);
	if (decoder->observer.http_request != NULL)
		decoder->observer.http_request(decoder->observer.context, packet, &request);
}

struct cf_step_result cf_step_socks5(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	const uint8_t *data = bytes.data;

	if (bytes.len < 3)
		return cf_step_more(3, view->final);
	if (bytes.len == 3 && !view->first && data[1] == 1 && data[2] == 0)
		return cf_step_more(4, view->final); /* the greeting is over */
	/* 05 01 00 is a greeting with one method and the start of a connect request; what follows
	 * tells. */
	if (data[1] != 1 || bytes.len == 3 || data[2] != 0 || data[3] == 0 || data[3] > 4)
		return data[1] == 0 || data[1] > 8 ? cf_step_stop(false)
		                                   : cf_step_advance(2U + data[1], false);
	if (data[3] == 1)
		return cf_step_advance(4 + 4 + 2, false);
	if (data[3] == 4)
		return cf_step_advance(4 + 16 + 2, false);
	if (bytes.len < 5 || bytes.len < 5U + data[4])
		return cf_step_more(bytes.len < 5 ? 5 : 5U + data[4], view->final);
	if (data[3] == 3)
		report_socks(
		    decoder, packet, view, (struct cf_slice){.data = data + 5, .len = data[4]});
	return cf_step_advance(5U + data[4] + 2, false);
}

struct cf_step_result cf_step_socks4(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes)
{
	const uint8_t *data = bytes.data, *end;
	size_t at = 8, name_at;

	if (bytes.len < 9)
		return cf_step_more(9, view->final);
	if (data[1] < 1 || data[1] > 2 || bytes.len > CF_SOCKS4_BYTES)
		return cf_step_stop(false);
	end = memchr(data + at, 0, bytes.len - at);
	if (end == NULL)
		return cf_step_more(bytes.len + 1, view->final);
	at = (size_t)(end - data) + 1;
	if ((data[4] | data[5] | data[6]) == 0 && data[7] != 0) {
		end = at == bytes.len ? NULL : memchr(data + at, 0, bytes.len - at);
		if (end == NULL)
			return cf_step_more(bytes.len + 1, view->final);
		name_at = at;
		at = (size_t)(end - data) + 1;
		report_socks(decoder, packet, view,
		    (struct cf_slice){.data = data + name_at, .len = at - 1 - name_at});
	}
	return cf_step_advance(at, false);
}
