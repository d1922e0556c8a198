/*
 * What a sensor sends: the first line is taken for a path, and for a head; the rest for a body, and
 * for the lines of one. Whatever is taken has one text, and is as large as it said.
 */

#include "promise.h"

#include "fleet/wire/bundle_body.h"
#include "fleet/wire/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool read_path(const char *path, struct cf_bundle_name *name)
{
	char again[CF_BUNDLE_PATH_BYTES];
	enum cf_request_kind kind;
	const char *why;

	if (cf_request_parse(path, &kind, name, &why) != CF_OK) {
		must(why[0] != '\0');
		return false;
	}
	if (kind == CF_REQUEST_HEALTH)
		return false;
	if (kind == CF_REQUEST_BUNDLE)
		must(cf_bundle_path_format(name, again));
	else
		must(cf_head_path_format(&name->writer, again));
	must(strcmp(path, again) == 0);
	return kind == CF_REQUEST_BUNDLE;
}

static void read_body(const struct cf_bundle_name *name, const uint8_t *body, size_t len)
{
	struct cf_error error;
	size_t plain, got = 0;
	int64_t first, last;
	char *lines = NULL;

	if (cf_bundle_body_plain_bytes(body, len, &plain, &error) == CF_OK && plain < 1 << 20 &&
	    cf_bundle_body_unpack(body, len, &lines, &got, &error) == CF_OK) {
		must(got == plain);
		(void)!cf_bundle_body_check(name, lines, got, &first, &last, &error);
	}
	free(lines);
	(void)!cf_bundle_body_check(name, (const char *)body, len, &first, &last, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *newline = len == 0 ? NULL : memchr(data, '\n', len);
	size_t path_len = newline == NULL ? len : (size_t)(newline - data);
	char path[1024], head_again[CF_HEAD_TEXT_BYTES];
	struct cf_bundle_name name;
	struct cf_fleet_head head;

	if (path_len >= sizeof path)
		return 0;
	if (len > 0)
		memcpy(path, data, path_len);
	path[path_len] = '\0';
	if (newline != NULL && cf_head_parse((const char *)data, path_len + 1, &head) == CF_OK)
		must(cf_head_format(&head, head_again) == path_len + 1);
	if (read_path(path, &name) && newline != NULL)
		read_body(&name, newline + 1, len - path_len - 1);
	return 0;
}
