/* HTTP/1 request and response heads. */

#include "monitor/message/decode_http.h"

#include <string.h>
#include <strings.h>

/* Longer method names do not exist; the longest registered one has 17. */
#define METHOD_BYTES 24U
/* A request line longer than this is none. */
#define LINE_BYTES 12288U

/* What the headers say of the message, for finding where it ends. */
struct framing {
	bool has_length;
	bool chunked;
	bool upgrade;
	uint64_t length;
};

static bool is_method_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* The line at data, line feed and carriage return left off; false when it does not end in len. */
static bool take_line(const uint8_t *data, size_t len, struct cf_slice *line_out, size_t *used_out)
{
	const uint8_t *feed = len == 0 ? NULL : memchr(data, '\n', len);
	size_t line_len;

	if (feed == NULL)
		return false;
	line_len = (size_t)(feed - data);
	*used_out = line_len + 1;
	if (line_len > 0 && data[line_len - 1] == '\r')
		line_len--;
	*line_out = (struct cf_slice){.data = data, .len = line_len};
	return true;
}

/* Offset of the last " HTTP/" of the line, or line.len. */
static size_t version_at(struct cf_slice line)
{
	for (size_t at = line.len; at-- > 0;)
		if (line.data[at] == ' ' && line.len - at >= 7 &&
		    memcmp(line.data + at, " HTTP/", 6) == 0)
			return at;
	return line.len;
}

enum cf_match cf_http_request_match(struct cf_slice stream)
{
	const uint8_t *data = stream.data;
	size_t n = 0, used;
	struct cf_slice line;

	if (stream.len == 0)
		return CF_MATCH_MAYBE;
	if (data[0] < 'A' || data[0] > 'Z')
		return CF_MATCH_NO;
	while (n < stream.len && n < METHOD_BYTES && is_method_byte(data[n]))
		n++;
	if (n == stream.len)
		return n < METHOD_BYTES ? CF_MATCH_MAYBE : CF_MATCH_NO;
	if (n < 3 || data[n] != ' ')
		return CF_MATCH_NO;
	if (n + 1 == stream.len)
		return CF_MATCH_MAYBE;
	if (take_line(data, stream.len < LINE_BYTES ? stream.len : LINE_BYTES, &line, &used))
		return version_at(line) < line.len ? CF_MATCH_YES : CF_MATCH_NO;
	if (stream.len >= LINE_BYTES)
		return CF_MATCH_NO;
	if (data[n + 1] == '/')
		return CF_MATCH_YES;
	if (stream.len - n > 8 && memcmp(data + n + 1, "http://", 7) == 0)
		return CF_MATCH_YES;
	return n == 7 && memcmp(data, "CONNECT", 7) == 0 ? CF_MATCH_YES : CF_MATCH_MAYBE;
}

enum cf_match cf_http_response_match(struct cf_slice stream)
{
	static const char start[] = "HTTP/";
	size_t n = stream.len < 5 ? stream.len : 5;

	if (n == 0)
		return CF_MATCH_MAYBE;
	if (memcmp(stream.data, start, n) != 0)
		return CF_MATCH_NO;
	if (stream.len < 9)
		return CF_MATCH_MAYBE;
	return stream.data[6] == '.' && stream.data[8] == ' ' ? CF_MATCH_YES : CF_MATCH_NO;
}

static bool name_is(struct cf_slice name, const char *expected)
{
	size_t len = strlen(expected);

	return name.len == len && strncasecmp((const char *)name.data, expected, len) == 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct cf_slice trim(struct cf_slice text)
{
	while (text.len > 0 && is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* "name: value"; false for a line without colon. */
static bool split_header(
    struct cf_slice line, struct cf_slice *name_out, struct cf_slice *value_out)
{
	const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);

	if (colon == NULL)
		return false;
	*name_out = (struct cf_slice){.data = line.data, .len = (size_t)(colon - line.data)};
	*name_out = trim(*name_out);
	*value_out = trim((struct cf_slice){
	    .data = colon + 1, .len = line.len - (size_t)(colon + 1 - line.data)});
	return true;
}

/* Digits only; a length that overflows or is none counts as absent. */
static void read_length(struct cf_slice value, struct framing *framing)
{
	uint64_t length = 0;

	if (value.len == 0 || value.len > 18)
		return;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return;
		length = length * 10 + (uint64_t)(value.data[i] - '0');
	}
	framing->length = length;
	framing->has_length = true;
}

static void read_framing(struct cf_slice name, struct cf_slice value, struct framing *framing)
{
	if (name_is(name, "content-length"))
		read_length(value, framing);
	else if (name_is(name, "transfer-encoding"))
		framing->chunked = true;
	else if (name_is(name, "upgrade"))
		framing->upgrade = true;
}

/* The authority of "http://host/path", or the whole target of CONNECT; empty when there is none. */
static struct cf_slice target_authority(struct cf_slice method, struct cf_slice target)
{
	const uint8_t *end, *slash;

	if (name_is(method, "CONNECT"))
		return target;
	if (target.len < 8 || strncasecmp((const char *)target.data, "http", 4) != 0)
		return (struct cf_slice){.data = NULL};
	end = target.data + target.len;
	slash = memchr(target.data, '/', target.len);
	if (slash == NULL || end - slash < 3 || slash[-1] != ':' || slash[1] != '/')
		return (struct cf_slice){.data = NULL};
	target.data = slash + 2;
	target.len = (size_t)(end - target.data);
	slash = memchr(target.data, '/', target.len);
	if (slash != NULL)
		target.len = (size_t)(slash - target.data);
	return target;
}

static bool read_request_line(struct cf_slice line, struct cf_http_request *request)
{
	size_t method_len = 0, version = version_at(line);

	while (method_len < line.len && is_method_byte(line.data[method_len]))
		method_len++;
	if (method_len < 3 || method_len > METHOD_BYTES || version == line.len ||
	    version < method_len || line.data[method_len] != ' ')
		return false;
	request->method = (struct cf_slice){.data = line.data, .len = method_len};
	if (version > method_len)
		request->target = trim((struct cf_slice){
		    .data = line.data + method_len + 1, .len = version - method_len - 1});
	return true;
}

enum cf_reading cf_http_request_read(
    struct cf_slice stream, struct cf_http_request *request_out, uint64_t *next_out)
{
	struct framing framing = {.chunked = false};
	struct cf_slice line, name, value;
	size_t at, used, start;

	if (!take_line(stream.data, stream.len, &line, &used))
		return CF_READING_MORE;
	if (!read_request_line(line, request_out))
		return CF_READING_BAD;
	request_out->host = target_authority(request_out->method, request_out->target);
	start = at = used;
	while (take_line(stream.data + at, stream.len - at, &line, &used)) {
		at += used;
		request_out->headers =
		    (struct cf_slice){.data = stream.data + start, .len = at - start};
		if (line.len == 0) {
			request_out->complete = true;
			break;
		}
		if (!split_header(line, &name, &value))
			continue;
		if (name_is(name, "host") && !request_out->has_host) {
			request_out->host = value;
			request_out->has_host = true;
		} else if (name_is(name, "user-agent")) {
			request_out->user_agent = value;
		}
		read_framing(name, value, &framing);
	}
	if (!request_out->complete)
		return CF_READING_MORE;
	*next_out = at;
	if (name_is(request_out->method, "CONNECT"))
		return CF_READING_DONE;
	if (framing.chunked || framing.upgrade)
		*next_out = CF_HTTP_NEXT_UNKNOWN;
	else if (framing.has_length)
		*next_out = at + framing.length;
	return CF_READING_DONE;
}

static bool read_status_line(struct cf_slice line, struct cf_http_response *response)
{
	unsigned code = 0;
	size_t at = 9;

	if (cf_http_response_match(line) != CF_MATCH_YES)
		return false;
	for (; at < line.len && at < 12 && line.data[at] >= '0' && line.data[at] <= '9'; at++)
		code = code * 10 + (line.data[at] - '0');
	response->code = (uint16_t)code;
	return at == 12;
}

enum cf_reading cf_http_response_read(
    struct cf_slice stream, struct cf_http_response *response_out, uint64_t *next_out)
{
	struct framing framing = {.chunked = false};
	struct cf_slice line, name, value;
	size_t at, used, start;
	bool bodiless, whole = false;

	if (!take_line(stream.data, stream.len, &line, &used))
		return CF_READING_MORE;
	if (!read_status_line(line, response_out))
		return CF_READING_BAD;
	start = at = used;
	while (!whole && take_line(stream.data + at, stream.len - at, &line, &used)) {
		at += used;
		whole = line.len == 0;
		if (!whole && split_header(line, &name, &value))
			read_framing(name, value, &framing);
	}
	response_out->headers = (struct cf_slice){.data = stream.data + start, .len = at - start};
	if (!whole)
		return CF_READING_MORE;
	bodiless = response_out->code < 200 || response_out->code == 204 ||
	    response_out->code == 304 || (framing.has_length && framing.length == 0);
	*next_out = CF_HTTP_NEXT_UNKNOWN;
	if (bodiless && response_out->code != 101)
		*next_out = at;
	else if (framing.has_length && !framing.chunked)
		*next_out = at + framing.length;
	if (bodiless)
		return CF_READING_DONE;
	response_out->body = (struct cf_slice){.data = stream.data + at, .len = stream.len - at};
	if (response_out->body.len < CF_HTTP_MAGIC_BYTES &&
	    !(framing.has_length && framing.length <= response_out->body.len))
		return CF_READING_MORE;
	return CF_READING_DONE;
}
