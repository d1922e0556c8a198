/*
 * Names that logrotate(8) gives to the rotated files of a log. What is known is the log's name; how
 * it was rotated shows in the other names only:
 *
 *   hits.jsonl.1  hits.jsonl.2.gz  hits.1.jsonl            numbers (start N), `extension`
 *   hits.jsonl-20240930.zst  hits-20240930.jsonl           dateext, dateyesterday
 *   hits.jsonl.2024-W39  hits.jsonl-1727654400  ...        any dateformat
 *   hits.jsonl-20240930.log.xz                             addextension, compressext
 *
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits kept of a date: year to second and a zone. */
#define CF_LOG_NAME_DIGITS 24
/* Longest text between the parts of the log's own name. */
#define CF_LOG_STAMP_BYTES 64

enum cf_log_name_kind {
	CF_LOG_NAME_DATED,
	CF_LOG_NAME_NUMBERED, /* ".N": mostly a rotation number, but `dateformat .%V` looks alike */
	CF_LOG_NAME_CURRENT,  /* the log itself, compressed or not */
};

struct cf_log_name {
	enum cf_log_name_kind kind;
	bool has_year;    /* digits begin with a year: they rise as text */
	bool year_last;   /* ... but it stood last, and before it day and month or month and day */
	bool padded;      /* a number with leading zeros: no rotation number has */
	bool compressed;  /* by its last letters */
	uint64_t number;  /* of a numbered one */
	size_t plain_len; /* of the name without the letters of a compressor */
	size_t word_len;  /* of what stands before the first digit, when there are words in it:
	                     another  log's name perhaps; else 0 */
	size_t cut;       /* how much of the log's own name stands before that */
	char digits[CF_LOG_NAME_DIGITS + 1]; /* of a date, as they stand; an instant in seconds as
	                                        year to second */
};

/* Is name that of a file of the log called base (both without folder)? Files that lie beside a log
 * but are none - .folds, .new and the like - are not. */
bool cf_log_name_parse(const char *name, const char *base, struct cf_log_name *parsed_out);
