/*
 * Reading hit logs: one file line by line, plain, gzip or zstd (told by their first bytes).
 * records/files/log_set.h finds the files of a rotated log.
 *
 * Offsets count bytes of the uncompressed text, and a file is known by its first line, so that a
 * place stays the same place when logrotate renames and compresses the file. A reader belongs to
 * one thread.
 *
 *   enum cf_read got;
 *   while ((got = cf_reader_next(reader, &record, &line)) != CF_READ_END) {
 *           if (got == CF_READ_FAILED) ...;     the reader's error says why
 *           if (got == CF_READ_RECORD) use(record);   CF_READ_SKIPPED: line.fault says why
 *   }
 *   done_to = cf_reader_offset(reader);         behind the last whole line
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "records/files/log_set.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_reader;

/* Which file this is. first_line is SHA-256 of the first line, newline included. */
struct cf_file_identity {
	uint64_t dev, ino;
	bool has_first_line; /* false while no whole line is there */
	bool compressed;
	uint8_t first_line[CF_SHA256_BYTES];
};

/* The line behind a result; text is not terminated and has no newline. Valid until the next call.
 */
struct cf_line {
	const char *text;
	size_t len;
	uint64_t offset; /* of its first byte */
	uint64_t number; /* 1-based; counts from where reading began */
	enum cf_line_fault fault;
};

enum cf_read {
	CF_READ_RECORD,
	CF_READ_SKIPPED, /* a line that is no record; counted */
	CF_READ_END,     /* for now: a file that grows can be asked again */
	CF_READ_FAILED,  /* see cf_reader_error(); the reader stays where it is */
};

struct cf_reader_counts {
	uint64_t lines, records, bytes;
	uint64_t faults[CF_LINE_FAULTS];
	uint64_t tail_bytes; /* behind the last newline: a line being written, or torn */
};

/* Opens a file, "-" for standard input. CF_EIO, CF_ENOMEM, CF_EMALFORMED (damaged compression). */
enum cf_status cf_reader_open(
    const char *path, struct cf_reader **reader_out, struct cf_error *error) CF_MUST_CHECK;
/* The same, but reading ends with CF_READ_FAILED (CF_EAGAIN) when *stop is not 0: it is looked at
 * between pieces, and five times a second while nothing comes. */
enum cf_status cf_reader_open_until(const char *path, const volatile int *stop,
    struct cf_reader **reader_out, struct cf_error *error) CF_MUST_CHECK;
void cf_reader_close(struct cf_reader *reader);

/* Reads the first line's hash if it is not known yet; the position does not move. */
void cf_reader_identity(struct cf_reader *reader, struct cf_file_identity *identity_out);

/* Goes on at an offset, which must be the beginning of a line. CF_EINVALID: past the end or
 * backwards. */
enum cf_status cf_reader_skip_to(struct cf_reader *reader, uint64_t offset) CF_MUST_CHECK;

/* The next line, parsed. record may be NULL: lines are then told apart but not parsed. */
enum cf_read cf_reader_next(
    struct cf_reader *reader, struct cf_record *record, struct cf_line *line);

/* Behind the last line returned. */
uint64_t cf_reader_offset(const struct cf_reader *reader);
const struct cf_reader_counts *cf_reader_counts(const struct cf_reader *reader);
const struct cf_error *cf_reader_error(const struct cf_reader *reader);
const char *cf_reader_path(const struct cf_reader *reader);
/* The bytes behind the last newline, *len_out of them. */
const char *cf_reader_tail(const struct cf_reader *reader, size_t *len_out);
/* True when the path leads to another file now, or the file became shorter: follow it there. */
bool cf_reader_is_rotated(const struct cf_reader *reader);
