/*
 * HTTP/2 frames of two connections, as their header blocks come: the first bit of each frame's
 * reserved stream bit says whose it is. What is reported lies in the table.
 */
#include "promise.h"

#include "monitor/message/decode_http2.h"

#include "base/limits.h"

#include <stddef.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must_be_short(struct cf_slice slice)
{
	uint8_t copy[CF_HTTP2_FIELD_BYTES];

	must(slice.len <= sizeof copy);
	memcpy(copy, slice.data, slice.len); /* readable, says the sanitizer */
	must(slice.len == 0 || copy[0] == slice.data[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_http2 *http2 = cf_http2_new();
	bool evicted;

	if (http2 == NULL)
		return 0;
	(void)cf_http2_match((struct cf_slice){.data = data, .len = len});
	for (uint64_t i = 0; i < 2; i++)
		must(cf_http2_begin(http2, i, &evicted) && !evicted);
	while (len >= CF_HTTP2_HEAD_BYTES) {
		struct cf_slice bytes = {.data = data, .len = len};
		struct cf_http2_frame frame = cf_http2_frame_read(bytes);
		struct cf_http_request request = {.complete = false};

		must(frame.total_bytes >= CF_HTTP2_HEAD_BYTES);
		if (frame.total_bytes > len)
			break;
		if (frame.has_headers &&
		    cf_http2_headers_read(http2, data[5] >> 7, &frame, bytes, &request) ==
		        CF_READING_DONE) {
			must_be_short(request.host);
			must_be_short(request.target);
			must_be_short(request.method);
			must_be_short(request.user_agent);
		}
		data += frame.total_bytes;
		len -= frame.total_bytes;
	}
	cf_http2_free(http2);
	return 0;
}
