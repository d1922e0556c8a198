/* HTTP/1 request and response heads. */

#include "monitor/message/decode_http.h"

#include "base/limits.h"
#include "monitor/message/head_lines.h"

#include <string.h>
#include <strings.h>

/* Longer method names do not exist; the longest registered one has 17. */
#define METHOD_BYTES 24U
/* A request line longer than this is none. */
#define LINE_BYTES 12288U
/* What a scheme has behind its first letter (RFC 3986 3.1), in lower case. */
#define SCHEME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789+-."

/* What the headers say of the message, for finding where it ends. */
struct fields {
	bool has_length, bad_length;
	bool has_coding, chunked; /* chunked: the last transfer coding is */
	bool has_type;
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

/* Inline: the length, known when compiled, settles nearly all of the many comparisons of a head. */
static inline bool name_is(struct cf_slice name, const char *expected)
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
	const uint8_t *colon = memchr(line.data, ':', line.len);

	if (colon == NULL)
		return false;
	*name_out = (struct cf_slice){.data = line.data, .len = (size_t)(colon - line.data)};
	*name_out = trim(*name_out);
	*value_out = trim((struct cf_slice){
	    .data = colon + 1, .len = line.len - (size_t)(colon + 1 - line.data)});
	return true;
}

/* Digits only; a length that overflows, is none, or contradicts another one makes no sense. */
static void read_length(struct cf_slice value, struct fields *fields)
{
	uint64_t length = 0;

	/* RFC 9112 6.3: a list of the same value is that value; the first is read. */
	const uint8_t *comma = value.len == 0 ? NULL : memchr(value.data, ',', value.len);

	if (comma != NULL)
		value = trim(
		    (struct cf_slice){.data = value.data, .len = (size_t)(comma - value.data)});
	fields->bad_length |= value.len == 0 || value.len > 18;
	for (size_t i = 0; i < value.len && !fields->bad_length; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			fields->bad_length = true;
		length = length * 10 + (uint64_t)(value.data[i] - '0');
	}
	fields->bad_length |= fields->has_length && fields->length != length;
	fields->length = length;
	fields->has_length = true;
}

/* RFC 9112 6.1: codings in the order applied; the last one frames the message. */
static void read_codings(struct cf_slice value, struct fields *fields)
{
	size_t at = value.len;

	while (at > 0 && value.data[at - 1] != ',')
		at--;
	value = trim((struct cf_slice){.data = value.data + at, .len = value.len - at});
	if (value.len == 0 || name_is(value, "identity")) /* of RFC 2616, withdrawn since */
		return;
	fields->has_coding = true;
	fields->chunked = name_is(value, "chunked");
}

static void read_field(struct cf_slice name, struct cf_slice value, struct fields *fields)
{
	if (name_is(name, "content-length"))
		read_length(value, fields);
	else if (name_is(name, "transfer-encoding"))
		read_codings(value, fields);
	else if (name_is(name, "content-type"))
		fields->has_type = true;
}

/* The fields of a head, one after the other. */
struct head {
	struct cf_slice stream;
	size_t at, lines; /* lines: looked at so far */
	bool whole;       /* at is behind the empty line */
	bool left_out;    /* there were more than are looked at */
};

/* The next field that may matter; false when there is none any more. */
static bool next_field(struct head *head, struct cf_slice *name_out, struct cf_slice *value_out)
{
	const uint8_t *data = head->stream.data;
	size_t len = head->stream.len, used;
	struct cf_slice line;

	for (; head->lines < CF_HTTP_FIELDS_READ; head->lines++) {
		head->at = cf_head_lines_next(data, head->at, len);
		if (head->at == len || !take_line(data + head->at, len - head->at, &line, &used))
			return false;
		head->at += used;
		if (line.len == 0) {
			head->whole = true;
			return false;
		}
		if (split_header(line, name_out, value_out)) {
			head->lines++;
			return true;
		}
	}
	used = cf_head_lines_blank(data, head->at, len);
	head->left_out = head->at < len && used != head->at + 1 && used != head->at + 2;
	head->whole = used > 0;
	head->at = used > 0 ? used : len;
	return false;
}

/* What there is of the fields, whole lines of it. */
static struct cf_slice fields_of(const struct head *head, size_t start)
{
	size_t end = head->whole ? head->at : head->stream.len;

	while (end > start && head->stream.data[end - 1] != '\n')
		end--;
	return (struct cf_slice){.data = head->stream.data + start, .len = end - start};
}

/* RFC 9112 6.3, points 3 to 8; without says what a message has that states neither. What was left
 * out of the head may say anything. */
static struct cf_http_framing framing_of(
    const struct fields *fields, const struct head *head, enum cf_http_body without)
{
	struct cf_http_framing framing = {
	    .head_bytes = head->at, .body = without, .has_type = fields->has_type};

	if (head->left_out) {
		framing.body = CF_HTTP_BODY_UNKNOWN;
	} else if (fields->has_coding) {
		framing.body = fields->chunked      ? CF_HTTP_BODY_CHUNKED
		    : without == CF_HTTP_BODY_CLOSE ? CF_HTTP_BODY_CLOSE
		                                    : CF_HTTP_BODY_UNKNOWN;
	} else if (fields->bad_length) {
		framing.body = CF_HTTP_BODY_UNKNOWN;
	} else if (fields->has_length) {
		framing.body = fields->length == 0 ? CF_HTTP_BODY_NONE : CF_HTTP_BODY_LENGTH;
		framing.body_bytes = fields->length;
	}
	return framing;
}

/* Where the authority begins in an absolute target, "scheme://" stepped over; 0: it is none. */
static size_t scheme_bytes(struct cf_slice target)
{
	size_t at = 0;

	while (
	    at < target.len && ((target.data[at] | 0x20) >= 'a' && (target.data[at] | 0x20) <= 'z'))
		at++;
	while (at > 0 && at < target.len && target.data[at] != ':' &&
	    memchr(SCHEME_BYTES, target.data[at] | 0x20, sizeof SCHEME_BYTES - 1) != NULL)
		at++;
	if (at == 0 || target.len - at < 4 || memcmp(target.data + at, "://", 3) != 0)
		return 0;
	return at + 3;
}

/*
 * The authority of "http://user@host/path", or the whole target of CONNECT; empty when there is
 * none. It stands above the Host field, which is then to be ignored (RFC 9112 3.2.2, 3.2.3).
 */
static struct cf_slice target_authority(struct cf_slice method, struct cf_slice target)
{
	size_t skip = scheme_bytes(target), len = 0;

	if (name_is(method, "CONNECT"))
		skip = 0;
	else if (skip == 0)
		return (struct cf_slice){.data = NULL};
	if (target.len == 0)
		return target; /* perhaps without data: nothing may be added to that */
	target.data += skip;
	target.len -= skip;
	while (len < target.len && memchr("/?# ", target.data[len], 4) == NULL)
		len++;
	target.len = len;
	for (size_t at = target.len; at > 0; at--)
		if (target.data[at - 1] == '@') {
			target.data += at;
			target.len -= at;
			break;
		}
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

enum cf_reading cf_http_request_read(struct cf_slice stream, struct cf_http_request *request_out,
    struct cf_http_framing *framing_out)
{
	struct fields fields = {.chunked = false};
	struct head head = {.stream = stream};
	struct cf_slice line, name, value;
	size_t start;

	if (!take_line(stream.data, stream.len, &line, &head.at))
		return CF_READING_MORE;
	if (!read_request_line(line, request_out))
		return CF_READING_BAD;
	request_out->host = target_authority(request_out->method, request_out->target);
	request_out->has_authority = request_out->host.len > 0;
	start = head.at;
	while (next_field(&head, &name, &value)) {
		if (name_is(name, "host") && !request_out->has_host) {
			if (!request_out->has_authority)
				request_out->host = value;
			request_out->has_host = true;
		} else if (name_is(name, "user-agent")) {
			request_out->user_agent = value;
		}
		read_field(name, value, &fields);
	}
	request_out->headers = fields_of(&head, start);
	request_out->complete = head.whole;
	request_out->fields_left_out = head.left_out;
	if (!request_out->complete)
		return CF_READING_MORE;
	*framing_out = framing_of(&fields, &head, CF_HTTP_BODY_NONE);
	if (name_is(request_out->method, "CONNECT"))
		framing_out->body = CF_HTTP_BODY_NONE;
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

enum cf_reading cf_http_response_read(struct cf_slice stream, bool bodiless,
    struct cf_http_response *response_out, struct cf_http_framing *framing_out)
{
	struct fields fields = {.chunked = false};
	struct head head = {.stream = stream};
	struct cf_slice line, name, value;
	size_t start;

	if (!take_line(stream.data, stream.len, &line, &head.at))
		return CF_READING_MORE;
	if (!read_status_line(line, response_out))
		return CF_READING_BAD;
	start = head.at;
	while (next_field(&head, &name, &value))
		read_field(name, value, &fields);
	response_out->headers = fields_of(&head, start);
	response_out->fields_left_out = head.left_out;
	if (!head.whole)
		return CF_READING_MORE;
	*framing_out = framing_of(&fields, &head, CF_HTTP_BODY_CLOSE);
	if (bodiless || response_out->code < 200 || response_out->code == 204 ||
	    response_out->code == 304)
		framing_out->body = CF_HTTP_BODY_NONE;
	if (framing_out->body == CF_HTTP_BODY_NONE)
		return CF_READING_DONE;
	response_out->body =
	    (struct cf_slice){.data = stream.data + head.at, .len = stream.len - head.at};
	if (response_out->body.len < CF_HTTP_MAGIC_BYTES &&
	    !(framing_out->body == CF_HTTP_BODY_LENGTH &&
	        framing_out->body_bytes <= response_out->body.len))
		return CF_READING_MORE;
	return CF_READING_DONE;
}
