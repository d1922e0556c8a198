/* Headers of a server that nobody trusts: a tag is kept whole or not at all. */

#include "promise.h"
#include "trust/fetch_tag.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char tag[CF_FETCH_TAG_BYTES] = "";
	size_t at = 0;

	/* As libcurl hands them over: one line a call, its end included. */
	while (at < len) {
		const uint8_t *end = memchr(data + at, '\n', len - at);
		size_t line = end == NULL ? len - at : (size_t)(end - data) + 1 - at;

		cf_fetch_take_tag((const char *)data + at, line, tag);
		must(memchr(tag, '\0', sizeof tag) != NULL && strpbrk(tag, "\r\n") == NULL);
		at += line;
	}
	return 0;
}
