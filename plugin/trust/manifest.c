#include "trust/manifest.h"

#include "base/input_file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "trust/crate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS (CF_SHA256_TEXT_BYTES - 1)

static bool is_own(const char *path)
{
	return strcmp(path, CF_MANIFEST_NAME) == 0 || strcmp(path, CF_MANIFEST_SIGNATURE) == 0;
}

static enum cf_status digest_file(
    const char *path, char text[CF_SHA256_TEXT_BYTES], struct cf_error *error)
{
	FILE *file = NULL;
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	enum cf_status status = cf_input_open_stream(path, &file, error);
	char piece[65536];
	size_t got;

	if (status == CF_OK && sha == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory for '%s'", path);
	if (status == CF_OK) {
		while ((got = fread(piece, 1, sizeof piece, file)) > 0)
			cf_sha256_update(sha, piece, got);
		if (ferror(file))
			status = cf_error_set(
			    error, CF_EIO, "cannot read '%s': %s", path, strerror(errno));
		cf_sha256_final(sha, digest);
		(void)cf_sha256_format(digest, text);
	}
	cf_sha256_free(sha);
	if (file != NULL)
		(void)fclose(file); /* only read */
	return status;
}

struct making {
	const char *folder;
	FILE *to;
};

static enum cf_status add_line(void *context, const char *path, struct cf_error *error)
{
	struct making *making = context;
	char full[CF_PATH_BYTES], digest[CF_SHA256_TEXT_BYTES];
	enum cf_status status;

	if (is_own(path))
		return CF_OK;
	(void)snprintf(full, sizeof full, "%s/%s", making->folder, path);
	status = digest_file(full, digest, error);
	if (status == CF_OK)
		(void)fprintf(making->to, "%s  %s\n", digest, path); /* memory: asked at the end */
	return status;
}

enum cf_status cf_manifest_make(
    const char *folder, char **text_out, size_t *len_out, struct cf_error *error)
{
	struct making making = {.folder = folder};
	enum cf_status status;
	char *text = NULL;
	size_t len = 0;

	making.to = open_memstream(&text, &len);
	if (making.to == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	status = cf_crate_walk(folder, add_line, &making, error);
	if (fclose(making.to) != 0 && status == CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	if (status != CF_OK) {
		free(text);
		return status;
	}
	*text_out = text;
	*len_out = len;
	return CF_OK;
}

/* A manifest being read beside the files of a folder, both sorted. */
struct checking {
	const char *folder;
	const char *at, *end;
	void (*fault)(void *context, enum cf_manifest_fault kind, const char *path);
	void *context;
	size_t agreed;
	unsigned line;
	char path[CF_PATH_BYTES], digest[CF_SHA256_TEXT_BYTES]; /* of the line at hand; "" none */
};

/* The next line into path and digest; path is "" behind the last. */
static enum cf_status next_line(struct checking *check, struct cf_error *error)
{
	const char *newline = check->at == check->end
	    ? NULL
	    : memchr(check->at, '\n', (size_t)(check->end - check->at));
	size_t len = newline == NULL ? 0 : (size_t)(newline - check->at);
	char before[CF_PATH_BYTES];

	memcpy(before, check->path, sizeof before);
	check->path[0] = '\0';
	if (check->at == check->end)
		return CF_OK;
	check->line++;
	if (newline == NULL || len < DIGITS + 3 || len - DIGITS - 2 >= CF_PATH_BYTES ||
	    memcmp(check->at + DIGITS, "  ", 2) != 0)
		return cf_error_set(
		    error, CF_EMALFORMED, "line %u is none of a manifest", check->line);
	memcpy(check->digest, check->at, DIGITS);
	check->digest[DIGITS] = '\0';
	(void)snprintf(check->path, sizeof check->path, "%.*s", (int)(len - DIGITS - 2),
	    check->at + DIGITS + 2);
	check->at = newline + 1;
	if (strspn(check->digest, "0123456789abcdef") != DIGITS || !cf_crate_name_ok(check->path) ||
	    is_own(check->path) || strcmp(before, check->path) >= 0)
		return cf_error_set(error, CF_EMALFORMED,
		    "line %u is none of a manifest, or out of order", check->line);
	return CF_OK;
}

static enum cf_status check_file(void *context, const char *path, struct cf_error *error)
{
	struct checking *check = context;
	char full[CF_PATH_BYTES], digest[CF_SHA256_TEXT_BYTES];
	enum cf_status status = CF_OK;

	if (is_own(path))
		return CF_OK;
	while (status == CF_OK && check->path[0] != '\0' && strcmp(check->path, path) < 0) {
		check->fault(check->context, CF_MANIFEST_MISSING, check->path);
		status = next_line(check, error);
	}
	if (status != CF_OK)
		return status;
	if (strcmp(check->path, path) != 0) {
		check->fault(check->context, CF_MANIFEST_UNLISTED, path);
		return CF_OK;
	}
	(void)snprintf(full, sizeof full, "%s/%s", check->folder, path);
	status = digest_file(full, digest, error);
	if (status != CF_OK)
		return status;
	if (strcmp(digest, check->digest) == 0)
		check->agreed++;
	else
		check->fault(check->context, CF_MANIFEST_CHANGED, path);
	return next_line(check, error);
}

enum cf_status cf_manifest_check(const char *folder, const char *text, size_t len,
    void (*fault)(void *context, enum cf_manifest_fault kind, const char *path), void *context,
    size_t *files_out, struct cf_error *error)
{
	struct checking check = {
	    .folder = folder, .at = text, .end = text + len, .fault = fault, .context = context};
	enum cf_status status = next_line(&check, error);

	if (status == CF_OK)
		status = cf_crate_walk(folder, check_file, &check, error);
	while (status == CF_OK && check.path[0] != '\0') {
		fault(context, CF_MANIFEST_MISSING, check.path);
		status = next_line(&check, error);
	}
	*files_out = check.agreed;
	return status;
}
