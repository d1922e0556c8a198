#include "fleet/wire/bundle_body.h"

#include "base/limits.h"
#include "fleet/wire/segment.h"
#include "records/form/parse.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Dearer levels save a twentieth of the bytes for twice the time. */
#define LEVEL 3

enum cf_status cf_bundle_body_pack(
    const char *lines, size_t len, uint8_t **packed_out, size_t *packed_len_out)
{
	size_t room = ZSTD_compressBound(len), used;
	uint8_t *packed;

	if (len > CF_FLEET_PLAIN_BYTES)
		return CF_ETOOBIG;
	packed = malloc(room);
	if (packed == NULL)
		return CF_ENOMEM;
	used = ZSTD_compress(packed, room, lines, len, LEVEL); /* the frame says its size */
	if (ZSTD_isError(used) || used > CF_FLEET_PACKED_BYTES) {
		free(packed);
		return ZSTD_isError(used) ? CF_ENOMEM : CF_ETOOBIG;
	}
	*packed_out = packed;
	*packed_len_out = used;
	return CF_OK;
}

enum cf_status cf_bundle_body_plain_bytes(
    const uint8_t *packed, size_t len, size_t *plain_out, struct cf_error *error)
{
	unsigned long long plain = ZSTD_getFrameContentSize(packed, len);

	if (plain == ZSTD_CONTENTSIZE_ERROR || plain == ZSTD_CONTENTSIZE_UNKNOWN || plain == 0)
		return cf_error_set(
		    error, CF_EMALFORMED, "the body is no zstd frame that says its size");
	if (ZSTD_findFrameCompressedSize(packed, len) != len)
		return cf_error_set(error, CF_EMALFORMED, "the body is not exactly one zstd frame");
	if (plain > CF_FLEET_PLAIN_BYTES)
		return cf_error_set(error, CF_ETOOBIG, "the body holds %llu bytes, more than %u",
		    plain, CF_FLEET_PLAIN_BYTES);
	if (plain / CF_FLEET_FACTOR > len)
		return cf_error_set(error, CF_ETOOBIG,
		    "the body holds more than %u times its own bytes", CF_FLEET_FACTOR);
	*plain_out = (size_t)plain;
	return CF_OK;
}

enum cf_status cf_bundle_body_unpack(
    const uint8_t *packed, size_t len, char **lines_out, size_t *len_out, struct cf_error *error)
{
	size_t plain = 0, got;
	enum cf_status status = cf_bundle_body_plain_bytes(packed, len, &plain, error);
	char *lines;

	if (status != CF_OK)
		return status;
	lines = malloc(plain);
	if (lines == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	/* In one piece: no window is allocated, whatever the frame asks for. */
	got = ZSTD_decompress(lines, plain, packed, len);
	if (ZSTD_isError(got) || got != plain) {
		free(lines);
		return cf_error_set(error, CF_EMALFORMED, "the body's zstd frame is damaged");
	}
	*lines_out = lines;
	*len_out = plain;
	return CF_OK;
}

/* What is being checked, and how far it is. */
struct check {
	const struct cf_bundle_name *name;
	struct cf_segment_reader reader;
	struct cf_record record;
	uint64_t seq;                    /* of the last seal */
	char prev[CF_SHA256_TEXT_BYTES]; /* its digest */
	struct cf_segment segment;
	int64_t first_wall_us;
	bool is_begun, is_whole; /* whole: the last line was a seal */
};

static enum cf_status check_seal(struct check *check, struct cf_error *error)
{
	if (check->segment.seq != check->seq + 1 || check->segment.seq > check->name->to_seq)
		return cf_error_set(error, CF_EINVALID, "seal %llu stands where %llu should",
		    (unsigned long long)check->segment.seq, (unsigned long long)check->seq + 1);
	if (strcmp(check->segment.prev, check->prev) != 0)
		return cf_error_set(error, CF_EINVALID, "seal %llu does not follow the one before",
		    (unsigned long long)check->segment.seq);
	check->seq = check->segment.seq;
	memcpy(check->prev, check->segment.sha256, sizeof check->prev);
	cf_segment_reader_next(&check->reader);
	check->is_whole = true;
	return CF_OK;
}

static enum cf_status check_line(
    struct check *check, const char *line, size_t len, struct cf_error *error)
{
	struct cf_bundle_writer writer;
	enum cf_segment_line what;

	if (cf_record_parse(line, len, &check->record) != CF_LINE_OK)
		return cf_error_set(error, CF_EINVALID,
		    "behind seal %llu is a line that is no record", (unsigned long long)check->seq);
	if (!cf_segment_writer(&check->record, &writer) ||
	    !cf_bundle_writer_equal(&writer, &check->name->writer))
		return cf_error_set(error, CF_EINVALID, "a line is of another writer");
	if (!check->is_begun)
		check->first_wall_us = check->record.at_wall_us;
	check->is_begun = true;
	check->is_whole = false;
	if (cf_segment_reader_line(
	        &check->reader, &check->record, line, len, &what, &check->segment) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (what == CF_SEGMENT_OPEN)
		return CF_OK;
	if (what == CF_SEGMENT_BROKEN)
		return cf_error_set(error, CF_EINVALID, "the seal behind %llu does not hold",
		    (unsigned long long)check->seq);
	return check_seal(check, error);
}

static enum cf_status check_end(const struct check *check, struct cf_error *error)
{
	if (!check->is_whole || check->seq != check->name->to_seq)
		return cf_error_set(error, CF_EINVALID, "the body ends behind seal %llu, not %llu",
		    (unsigned long long)check->seq, (unsigned long long)check->name->to_seq);
	if (strcmp(check->prev, check->name->sha256) != 0 ||
	    strcmp(check->segment.run, check->name->run) != 0)
		return cf_error_set(error, CF_EINVALID, "the last seal is not the one of the name");
	return CF_OK;
}

static enum cf_status check_lines(
    struct check *check, const char *lines, size_t len, struct cf_error *error)
{
	const char *at = lines, *end = lines + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		enum cf_status status;

		if (newline == NULL)
			return cf_error_set(
			    error, CF_EINVALID, "the body's last line does not end");
		status = check_line(check, at, (size_t)(newline - at), error);
		if (status != CF_OK)
			return status;
		at = newline + 1;
	}
	return check_end(check, error);
}

enum cf_status cf_bundle_body_check(const struct cf_bundle_name *name, const char *lines,
    size_t len, int64_t *first_wall_us_out, int64_t *last_wall_us_out, struct cf_error *error)
{
	struct check *check = calloc(1, sizeof *check);
	enum cf_status status;

	if (check == NULL || cf_segment_reader_init(&check->reader) != CF_OK) {
		free(check);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	check->name = name;
	check->seq = name->from_seq - 1;
	memcpy(check->prev, name->prev, sizeof check->prev);
	status = check_lines(check, lines, len, error);
	if (status == CF_OK) {
		*first_wall_us_out = check->first_wall_us;
		*last_wall_us_out = check->segment.at_wall_us;
	}
	cf_segment_reader_done(&check->reader);
	free(check);
	return status;
}
