/* HTTP/1 requests and responses. */

#include "slices.h"

#include "monitor/message/decode_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_slice stream = {.data = data, .len = len};
	struct cf_http_request request = {.complete = false};
	struct cf_http_response response = {.code = 0};
	struct cf_http_framing framing;

	if (cf_http_request_read(stream, &request, &framing) != CF_READING_BAD) {
		must_lie_inside(stream, request.method);
		must_lie_inside(stream, request.target);
		must_lie_inside(stream, request.host);
		must_lie_inside(stream, request.user_agent);
		must_lie_inside(stream, request.headers);
		/* What reads as a whole request is also recognised as one. */
		if (request.complete && len < 12288)
			must(cf_http_request_match(stream) == CF_MATCH_YES || data[0] < 'A' ||
			    data[0] > 'Z');
	}
	if (cf_http_response_read(stream, false, &response, &framing) != CF_READING_BAD) {
		must_lie_inside(stream, response.headers);
		must_lie_inside(stream, response.body);
	}
	return 0;
}
