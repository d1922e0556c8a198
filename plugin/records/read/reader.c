/* Lines of one file. */

#include "records/read/reader.h"

#include "base/input_file.h"
#include "base/limits.h"
#include "records/read/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Many times the longest line, so that few of them cross its end. */
#define BUFFER_BYTES 262144

struct cf_reader {
	char *path;
	struct cf_source *source;
	struct cf_error error;
	struct cf_reader_counts counts;
	struct cf_file_identity identity;
	uint64_t offset; /* of buffer[at] */
	size_t at, filled;
	bool skipping; /* inside a line that is too long; its beginning is gone */
	uint64_t skipped_bytes;
	char buffer[BUFFER_BYTES];
};

enum cf_status cf_reader_open(
    const char *path, struct cf_reader **reader_out, struct cf_error *error)
{
	return cf_reader_open_until(path, NULL, reader_out, error);
}

enum cf_status cf_reader_open_until(const char *path, const volatile int *stop,
    struct cf_reader **reader_out, struct cf_error *error)
{
	struct cf_reader *reader = malloc(sizeof *reader);
	struct stat about = {0};
	struct cf_error why;
	enum cf_status status;
	int fd = -1;

	if (reader == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	memset(reader, 0, offsetof(struct cf_reader, buffer));
	reader->path = strdup(path);
	status = reader->path == NULL ? cf_error_set(error, CF_ENOMEM, "no memory")
	                              : cf_input_open(path, &fd, error);
	if (status != CF_OK) {
		cf_reader_close(reader);
		return status;
	}
	(void)fstat(fd, &about); /* an open descriptor; without it the file is nobody's */
	reader->identity.dev = about.st_dev;
	reader->identity.ino = about.st_ino;
	status = cf_source_open(fd, stop, &reader->source, &why);
	if (status != CF_OK)
		(void)cf_error_set_at(error, status, path, 0, "'%.300s': %s", path, why.text);
	if (status != CF_OK) {
		cf_reader_close(reader);
		return status;
	}
	reader->identity.compressed = cf_source_is_compressed(reader->source);
	*reader_out = reader;
	return CF_OK;
}

void cf_reader_close(struct cf_reader *reader)
{
	if (reader == NULL)
		return;
	cf_source_close(reader->source);
	free(reader->path);
	free(reader);
}

/* Reads on behind what is there; *got_out 0 at the end. */
static enum cf_status fill(struct cf_reader *reader, size_t *got_out)
{
	enum cf_status status;

	if (reader->at > 0) {
		memmove(reader->buffer, reader->buffer + reader->at, reader->filled - reader->at);
		reader->filled -= reader->at;
		reader->at = 0;
	}
	*got_out = 0;
	if (reader->filled == BUFFER_BYTES)
		return CF_OK;
	status = cf_source_read(reader->source, reader->buffer + reader->filled,
	    BUFFER_BYTES - reader->filled, got_out, &reader->error);
	reader->filled += *got_out;
	return status;
}

static void note_first_line(struct cf_reader *reader, const char *line, size_t len)
{
	if (!reader->identity.has_first_line && reader->offset == 0)
		reader->identity.has_first_line =
		    cf_sha256(line, len, reader->identity.first_line) == CF_OK;
}

void cf_reader_identity(struct cf_reader *reader, struct cf_file_identity *identity_out)
{
	while (!reader->identity.has_first_line && reader->offset == 0) {
		const char *start = reader->buffer + reader->at;
		const char *newline = memchr(start, '\n', reader->filled - reader->at);
		size_t got;

		if (newline != NULL) {
			note_first_line(reader, start, (size_t)(newline - start) + 1);
			break;
		}
		if (fill(reader, &got) != CF_OK || got == 0)
			break;
	}
	*identity_out = reader->identity;
}

enum cf_status cf_reader_skip_to(struct cf_reader *reader, uint64_t offset)
{
	struct cf_file_identity unused;
	struct stat about;

	if (offset < reader->offset)
		return CF_EINVALID;
	cf_reader_identity(reader, &unused); /* while the first line is at hand */
	while (offset - reader->offset > reader->filled - reader->at) {
		size_t got;
		uint64_t held = reader->filled - reader->at;

		/* A plain file is sought in, all others are read through. */
		if (!reader->identity.compressed &&
		    fstat(cf_source_fd(reader->source), &about) == 0 && S_ISREG(about.st_mode)) {
			if (offset > (uint64_t)about.st_size ||
			    cf_source_seek(reader->source, offset) != CF_OK)
				return CF_EINVALID;
			reader->offset = offset;
			reader->at = reader->filled = 0;
			return CF_OK;
		}
		reader->at = reader->filled;
		reader->offset += held;
		if (fill(reader, &got) != CF_OK || got == 0)
			return CF_EINVALID;
	}
	reader->at += (size_t)(offset - reader->offset);
	reader->offset = offset;
	return CF_OK;
}

/* A whole line is at buffer[at..at + len), newline included: hands it out. */
static enum cf_read hand_out(
    struct cf_reader *reader, size_t len, struct cf_record *record, struct cf_line *line)
{
	const char *text = reader->buffer + reader->at;

	note_first_line(reader, text, len);
	*line = (struct cf_line){.text = text,
	    .len = len - 1,
	    .offset = reader->offset - reader->skipped_bytes,
	    .number = ++reader->counts.lines};
	if (reader->skipping)
		line->fault = CF_LINE_TOO_LONG;
	else if (record != NULL)
		line->fault = cf_record_parse(text, len - 1, record);
	reader->skipping = false;
	reader->skipped_bytes = 0;
	reader->at += len;
	reader->offset += len;
	reader->counts.bytes += len;
	reader->counts.faults[line->fault]++;
	if (line->fault != CF_LINE_OK)
		return CF_READ_SKIPPED;
	reader->counts.records++;
	return CF_READ_RECORD;
}

enum cf_read cf_reader_next(
    struct cf_reader *reader, struct cf_record *record, struct cf_line *line)
{
	size_t looked_at = 0;

	for (;;) {
		const char *start = reader->buffer + reader->at;
		size_t held = reader->filled - reader->at, got;
		const char *newline = memchr(start + looked_at, '\n', held - looked_at);
		enum cf_status status;

		if (newline != NULL)
			return hand_out(reader, (size_t)(newline - start) + 1, record, line);
		if (held == BUFFER_BYTES) {
			/* No line of ours: lets go of it, and goes on to its end. */
			reader->skipping = true;
			reader->skipped_bytes += held;
			reader->offset += held;
			reader->counts.bytes += held;
			reader->at = reader->filled = 0;
			held = 0;
		}
		looked_at = held;
		status = fill(reader, &got);
		if (status != CF_OK)
			return CF_READ_FAILED;
		if (got == 0) {
			reader->counts.tail_bytes = held + reader->skipped_bytes;
			return CF_READ_END;
		}
	}
}

uint64_t cf_reader_offset(const struct cf_reader *reader)
{
	return reader->offset - reader->skipped_bytes;
}

const struct cf_reader_counts *cf_reader_counts(const struct cf_reader *reader)
{
	return &reader->counts;
}

const struct cf_error *cf_reader_error(const struct cf_reader *reader)
{
	return &reader->error;
}

const char *cf_reader_path(const struct cf_reader *reader)
{
	return reader->path;
}

const char *cf_reader_tail(const struct cf_reader *reader, size_t *len_out)
{
	*len_out = reader->filled - reader->at;
	return reader->buffer + reader->at;
}

bool cf_reader_is_rotated(const struct cf_reader *reader)
{
	struct stat about;

	if (strcmp(reader->path, "-") == 0)
		return false;
	if (stat(reader->path, &about) != 0)
		return false; /* renamed, and nothing new there yet */
	return about.st_dev != reader->identity.dev || about.st_ino != reader->identity.ino ||
	    (!reader->identity.compressed && (uint64_t)about.st_size < reader->offset);
}
