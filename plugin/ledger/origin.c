#include "ledger/origin.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

static const char used_sql[] = "SELECT u.what, u.value, s.name, s.source, u.first_us, u.last_us"
                               " FROM used u JOIN sensor s USING(sensor_id) ORDER BY 1,2,3,4";
static const char logs_sql[] = "SELECT path, key, lines, \"offset\" FROM file ORDER BY 2";
/* Runs overlap when a writer is restarted; the newest by its last seal is meant. */
static const char seals_sql[] =
    "SELECT s.name, s.source, r.run, r.last_seal, r.last_us FROM run r"
    " JOIN sensor s USING(sensor_id) WHERE NOT EXISTS(SELECT 1 FROM run o WHERE"
    " o.sensor_id=r.sensor_id AND (o.last_us>r.last_us OR (o.last_us=r.last_us AND"
    " (o.started_us>r.started_us OR (o.started_us=r.started_us AND o.run>r.run)))))"
    " ORDER BY 1,2";

/* A copy of a column that lives as long as the origin; "" without memory, and *status says so. */
static const char *keep(
    struct cf_origin *origin, const struct cf_row *row, int column, enum cf_status *status)
{
	const char *text = cf_row_text(row, column);
	char **texts =
	    cf_array_grow(origin->texts, origin->text_count, 1, &origin->text_size, sizeof *texts);
	char *copy = texts == NULL ? NULL : strdup(text == NULL ? "" : text);

	if (texts != NULL)
		origin->texts = texts;
	if (copy == NULL) {
		*status = CF_ENOMEM;
		return "";
	}
	origin->texts[origin->text_count++] = copy;
	return copy;
}

/* The same of bytes, as digits. */
static const char *keep_hex(
    struct cf_origin *origin, const struct cf_row *row, int column, enum cf_status *status)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *bytes = cf_row_blob(row, column);
	size_t len = cf_row_bytes(row, column);
	char **texts =
	    cf_array_grow(origin->texts, origin->text_count, 1, &origin->text_size, sizeof *texts);
	char *copy = texts == NULL ? NULL : malloc(2 * len + 1);

	if (texts != NULL)
		origin->texts = texts;
	if (copy == NULL) {
		*status = CF_ENOMEM;
		return "";
	}
	for (size_t i = 0; i < len; i++) {
		copy[2 * i] = hex[bytes[i] >> 4];
		copy[2 * i + 1] = hex[bytes[i] & 15];
	}
	copy[2 * len] = '\0';
	origin->texts[origin->text_count++] = copy;
	return copy;
}

static bool find_what(const char *text, enum cf_used_what *what_out)
{
	for (int what = CF_USED_IMAGE; what <= CF_USED_PACK; what++)
		if (text != NULL && strcmp(cf_used_text((enum cf_used_what)what), text) == 0) {
			*what_out = (enum cf_used_what)what;
			return true;
		}
	return false;
}

static enum cf_status take_used(void *context, const struct cf_row *row)
{
	struct cf_origin *origin = context;
	enum cf_status status = CF_OK;
	enum cf_used_what what;
	struct cf_origin_used *used =
	    cf_array_grow(origin->used, origin->used_count, 1, &origin->used_size, sizeof *used);

	if (used == NULL)
		return CF_ENOMEM;
	origin->used = used;
	if (!find_what(cf_row_text(row, 0), &what))
		return CF_OK; /* a later version's */
	used[origin->used_count++] = (struct cf_origin_used){.what = what,
	    .value = keep(origin, row, 1, &status),
	    .sensor = keep(origin, row, 2, &status),
	    .source = keep(origin, row, 3, &status),
	    .first_wall_s = cf_row_int64(row, 4) / 1000000,
	    .last_wall_s = cf_row_int64(row, 5) / 1000000};
	return status;
}

static enum cf_status take_log(void *context, const struct cf_row *row)
{
	struct cf_origin *origin = context;
	enum cf_status status = CF_OK;
	struct cf_origin_log *logs =
	    cf_array_grow(origin->logs, origin->log_count, 1, &origin->log_size, sizeof *logs);

	if (logs == NULL)
		return CF_ENOMEM;
	origin->logs = logs;
	const char *path = keep(origin, row, 0, &status), *slash = strrchr(path, '/');
	const char *folder = keep(origin, row, 0, &status);

	if (status != CF_OK)
		return status;
	/* The copy, made above. */
	origin->texts[origin->text_count - 1][slash == NULL ? 0 : slash - path] = '\0';
	logs[origin->log_count++] = (struct cf_origin_log){.folder = slash == NULL ? "." : folder,
	    .name = slash == NULL ? path : slash + 1,
	    .key = keep_hex(origin, row, 1, &status),
	    .lines = (uint64_t)cf_row_int64(row, 2),
	    .bytes = (uint64_t)cf_row_int64(row, 3)};
	return status;
}

static enum cf_status take_seal(void *context, const struct cf_row *row)
{
	struct cf_origin *origin = context;
	enum cf_status status = CF_OK;
	struct cf_origin_seal *seals =
	    cf_array_grow(origin->seals, origin->seal_count, 1, &origin->seal_size, sizeof *seals);

	if (seals == NULL)
		return CF_ENOMEM;
	origin->seals = seals;
	seals[origin->seal_count++] =
	    (struct cf_origin_seal){.sensor = keep(origin, row, 0, &status),
	        .source = keep(origin, row, 1, &status),
	        .run = keep(origin, row, 2, &status),
	        .sha256 = keep(origin, row, 3, &status),
	        .at_wall_s = cf_row_int64(row, 4) / 1000000};
	return status;
}

enum cf_status cf_origin_read(struct cf_ledger *ledger, bool with_digest,
    struct cf_origin **origin_out, struct cf_error *error)
{
	struct cf_origin *origin = calloc(1, sizeof *origin);
	enum cf_status status;

	if (origin == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	status = cf_ledger_each_row(ledger, used_sql, take_used, origin, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(ledger, logs_sql, take_log, origin, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(ledger, seals_sql, take_seal, origin, error);
	if (status == CF_OK && with_digest)
		status = cf_ledger_digest(ledger, origin->digest, error);
	if (status != CF_OK) {
		cf_origin_free(origin);
		return status;
	}
	*origin_out = origin;
	return CF_OK;
}

void cf_origin_free(struct cf_origin *origin)
{
	if (origin == NULL)
		return;
	for (size_t i = 0; i < origin->text_count; i++)
		free(origin->texts[i]);
	free(origin->texts);
	free(origin->used);
	free(origin->logs);
	free(origin->seals);
	free(origin);
}

/* Lines on their way into the digest, which costs more for each piece than for its bytes. */
struct hashing {
	struct cf_sha256 *sha;
	size_t used;
	char bytes[16384];
};

static void hash_bytes(struct hashing *hashing, const char *bytes, size_t len)
{
	if (len > sizeof hashing->bytes - hashing->used) {
		cf_sha256_update(hashing->sha, hashing->bytes, hashing->used);
		hashing->used = 0;
	}
	if (len > sizeof hashing->bytes) {
		cf_sha256_update(hashing->sha, bytes, len);
		return;
	}
	memcpy(hashing->bytes + hashing->used, bytes, len);
	hashing->used += len;
}

static void hash_line(void *arg, const char *line, size_t len)
{
	hash_bytes(arg, line, len);
	hash_bytes(arg, "\n", 1);
}

enum cf_status cf_ledger_digest(
    struct cf_ledger *ledger, char text_out[CF_SHA256_TEXT_BYTES], struct cf_error *error)
{
	struct hashing *hashing = calloc(1, sizeof *hashing);
	uint8_t digest[CF_SHA256_BYTES];
	enum cf_status status = CF_ENOMEM;

	if (hashing != NULL)
		hashing->sha = cf_sha256_new();
	if (hashing == NULL || hashing->sha == NULL)
		(void)cf_error_set(error, CF_ENOMEM, "no memory");
	else
		status = cf_ledger_dump(ledger, hash_line, hashing, error);
	if (status == CF_OK) {
		cf_sha256_update(hashing->sha, hashing->bytes, hashing->used);
		cf_sha256_final(hashing->sha, digest);
		(void)cf_sha256_format(digest, text_out);
	}
	if (hashing != NULL)
		cf_sha256_free(hashing->sha);
	free(hashing);
	return status;
}
