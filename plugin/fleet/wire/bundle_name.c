/* Paths of requests, written and read. */

#include "fleet/wire/bundle_name.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define BUNDLE "/v1/bundle/"
#define HEAD   "/v1/head/"
/* A seal's number; more is no writer's. */
#define SEQ_DIGITS 18

/* A dot at the beginning would be a step up to who tidies paths. */
static bool is_plain(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == ':' || (c == '.' && !is_first);
}

static char *put_name(char *to, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const char *at = name; *at != '\0'; at++) {
		if (is_plain(*at, at == name)) {
			*to++ = *at;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(uint8_t)*at >> 4];
		*to++ = digits[(uint8_t)*at & 15];
	}
	return to;
}

static char *put_writer(char *to, const char *begin, const struct cf_bundle_writer *writer)
{
	size_t len = strlen(begin);

	memcpy(to, begin, len);
	to = put_name(to + len, writer->sensor);
	*to++ = '/';
	to = put_name(to, writer->source);
	*to = '\0';
	return to;
}

static bool is_named(const struct cf_bundle_writer *writer)
{
	return writer->sensor[0] != '\0' && writer->source[0] != '\0';
}

bool cf_bundle_writer_equal(const struct cf_bundle_writer *a, const struct cf_bundle_writer *b)
{
	return strcmp(a->sensor, b->sensor) == 0 && strcmp(a->source, b->source) == 0;
}

bool cf_head_path_format(const struct cf_bundle_writer *writer, char path[CF_BUNDLE_PATH_BYTES])
{
	(void)put_writer(path, HEAD, writer);
	return is_named(writer);
}

bool cf_bundle_path_format(const struct cf_bundle_name *name, char path[CF_BUNDLE_PATH_BYTES])
{
	char *to = put_writer(path, BUNDLE, &name->writer);

	/* Fits: 10 + 3 * 110 + 27 + 3 * 21 + 2 * 65 bytes. */
	(void)snprintf(to, (size_t)(path + CF_BUNDLE_PATH_BYTES - to), "/%s/%llu/%llu/%s/%s/%llu",
	    name->run, (unsigned long long)name->from_seq, (unsigned long long)name->to_seq,
	    name->prev, name->sha256, (unsigned long long)name->oldest);
	return is_named(&name->writer) && strlen(name->run) == CF_BUNDLE_RUN_BYTES - 1;
}

/* The rest of a path; at NULL: a part was wrong. */
struct parts {
	const char *at;
	const char *why;
};

static void fail(struct parts *parts, const char *why)
{
	if (parts->at != NULL)
		parts->why = why;
	parts->at = NULL;
}

/* The next part, up to a slash or the end. */
static const char *take(struct parts *parts, size_t *len_out)
{
	const char *part = parts->at;

	*len_out = 0;
	if (part == NULL)
		return "";
	*len_out = strcspn(part, "/");
	parts->at = part + *len_out;
	if (*parts->at == '/')
		parts->at++;
	else if (*len_out == 0)
		fail(parts, "the path ends too early");
	return part;
}

/* Undoes %XX where there must be one, so that each name has one text. */
static void take_name(struct parts *parts, char *to, size_t size, const char *why)
{
	size_t len, used = 0;
	const char *part = take(parts, &len);

	for (size_t i = 0; i < len && parts->at != NULL; i++) {
		char c = part[i];

		if (c == '%' && len - i > 2) {
			int high = cf_hex_value(part[i + 1]), low = cf_hex_value(part[i + 2]);

			c = high < 0 || low < 0 ? '\0' : (char)(high * 16 + low);
			if (is_plain(c, i == 0) || (part[i + 1] > 'F') || (part[i + 2] > 'F'))
				c = '\0';
			i += 2;
		} else if (!is_plain(c, i == 0)) {
			c = '\0';
		}
		if (c == '\0' || used + 1 == size)
			fail(parts, why);
		else
			to[used++] = c;
	}
	to[used] = '\0';
	if (used == 0)
		fail(parts, why);
}

static uint64_t take_number(struct parts *parts, const char *why)
{
	size_t len;
	const char *part = take(parts, &len);
	uint64_t number = 0;

	if (len == 0 || len > SEQ_DIGITS || part[0] == '0')
		fail(parts, why);
	for (size_t i = 0; i < len && parts->at != NULL; i++) {
		if (part[i] < '0' || part[i] > '9')
			fail(parts, why);
		else
			number = number * 10 + (uint64_t)(part[i] - '0');
	}
	return number;
}

/* Exactly size - 1 characters of these. */
static void take_exact(
    struct parts *parts, char *to, size_t size, const char *letters, const char *why)
{
	size_t len;
	const char *part = take(parts, &len);

	to[0] = '\0';
	if (len != size - 1 || strspn(part, letters) < len) {
		fail(parts, why);
		return;
	}
	memcpy(to, part, len);
	to[len] = '\0';
}

static void take_writer(struct parts *parts, struct cf_bundle_writer *writer)
{
	take_name(parts, writer->sensor, sizeof writer->sensor, "no such name of a sensor");
	take_name(parts, writer->source, sizeof writer->source, "no such name of a source");
}

static void take_bundle(struct parts *parts, struct cf_bundle_name *name)
{
	take_writer(parts, &name->writer);
	take_exact(parts, name->run, sizeof name->run, "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
	    "the run is no ULID");
	name->from_seq = take_number(parts, "no such number of a first seal");
	name->to_seq = take_number(parts, "no such number of a last seal");
	take_exact(parts, name->prev, sizeof name->prev, "0123456789abcdef",
	    "the digest before it is none");
	take_exact(
	    parts, name->sha256, sizeof name->sha256, "0123456789abcdef", "its digest is none");
	name->oldest = take_number(parts, "no such number of an oldest seal");
	if (name->to_seq < name->from_seq)
		fail(parts, "its last seal comes before its first");
	if (name->oldest > name->from_seq)
		fail(parts, "its first seal is older than the oldest");
}

enum cf_status cf_request_parse(const char *path, enum cf_request_kind *kind_out,
    struct cf_bundle_name *name_out, const char **why_out)
{
	struct parts parts = {.at = path};

	*name_out = (struct cf_bundle_name){.from_seq = 0};
	*why_out = "";
	if (strcmp(path, "/healthz") == 0) {
		*kind_out = CF_REQUEST_HEALTH;
		return CF_OK;
	}
	if (strncmp(path, BUNDLE, sizeof BUNDLE - 1) == 0) {
		*kind_out = CF_REQUEST_BUNDLE;
		parts.at += sizeof BUNDLE - 1;
		take_bundle(&parts, name_out);
	} else if (strncmp(path, HEAD, sizeof HEAD - 1) == 0) {
		*kind_out = CF_REQUEST_HEAD;
		parts.at += sizeof HEAD - 1;
		take_writer(&parts, &name_out->writer);
	} else {
		*why_out = "nothing is at this path; this collector speaks version 1, /v1/";
		return CF_EVERSION;
	}
	if (parts.at != NULL && (*parts.at != '\0' || parts.at[-1] == '/'))
		fail(&parts, "there is more behind the path");
	if (parts.at != NULL)
		return CF_OK;
	*why_out = parts.why;
	return CF_EMALFORMED;
}
