/*
 * A table as people keep it: one entry a line, cells parted by tabs, a header line with the names
 * of the columns, '#' comments, blank lines. "-" is an empty cell.
 *
 * The file is read into one buffer and cut in place, so that a million lines cost no allocation
 * each; cells live as long as the table. One table belongs to one thread.
 */
#pragma once

#include "base/diag.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>

/* Columns of the widest table. */
#define CF_TSV_COLUMNS 12

struct cf_tsv {
	char *text; /* owned; cells point into it */
	size_t size;
	size_t at;
	char *file; /* owned: the path, for messages and entries */
	unsigned line;
	const char *const *columns; /* as given to open: column_count names */
	unsigned column_count;
	bool header_seen;
};

/*
 * Reads the whole file at path. digest (may be NULL) is updated with its bytes. CF_EIO with errno,
 * CF_ETOOBIG over CF_PACK_FILE_BYTES, CF_ENOMEM. Close with cf_tsv_done().
 */
enum cf_status cf_tsv_open(struct cf_tsv *tsv, const char *path, const char *const *columns,
    unsigned column_count, struct cf_sha256 *digest) CF_MUST_CHECK;

/*
 * As above over size bytes of text in a malloc'ed block of at least size + 1 bytes; the table owns
 * (and frees) it, on failure too.
 */
enum cf_status cf_tsv_from_memory(struct cf_tsv *tsv, char *text, size_t size, const char *file,
    const char *const *columns, unsigned column_count) CF_MUST_CHECK;

/*
 * The next entry: column_count cells, terminated, never NULL, "" for "-"; lens (may be NULL) gets
 * their lengths. Lines that are wrong are reported to diags and left out. False at the end.
 */
bool cf_tsv_next(struct cf_tsv *tsv, const char *cells[CF_TSV_COLUMNS], size_t lens[CF_TSV_COLUMNS],
    struct cf_diags *diags);

void cf_tsv_done(struct cf_tsv *tsv);
