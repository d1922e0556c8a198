/*
 * What is wrong with files that people wrote, collected rather than stopping at the first: each
 * with file, line, the column or key it concerns, and a sentence that says what was expected.
 *
 * Readers add, commands print. At most CF_DIAGS are kept; those beyond are counted. One collection
 * belongs to one thread.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cf_diag_level {
	CF_DIAG_ERROR,   /* the file cannot be used */
	CF_DIAG_WARNING, /* usable, and probably not meant */
	CF_DIAG_NOTE,    /* worth a look */
};

struct cf_diag {
	enum cf_diag_level level;
	unsigned line; /* 1-based, 0 when unknown */
	char *file;    /* "" when no file is concerned */
	char *key;     /* column or key ("phases[1].from"), "" when none */
	char *text;    /* lower case, no full stop, outside text quoted and escaped */
};

struct cf_diags {
	struct cf_diag *items;
	size_t count; /* kept in items */
	size_t capacity;
	size_t dropped; /* beyond CF_DIAGS or without memory */
	size_t errors;  /* of all, dropped ones too */
	size_t warnings;
};

/* An empty collection; cf_diags_done() frees what it gathered and leaves it empty. */
void cf_diags_init(struct cf_diags *diags);
void cf_diags_done(struct cf_diags *diags);

/* Adds one. file and key may be NULL. Never fails: without memory it counts. */
void cf_diag_add(struct cf_diags *diags, enum cf_diag_level level, const char *file, unsigned line,
    const char *key, const char *format, ...) CF_PRINTF(6, 7);

/* Moves all of from behind those of diags; from is empty afterwards. */
void cf_diags_move(struct cf_diags *diags, struct cf_diags *from);

/* "file:line: key: text" without newline, cut to size; returns buffer. */
const char *cf_diag_format(const struct cf_diag *diag, char *buffer, size_t size);

/* Prints all, errors as they are and others with "warning: " or "note: ", and says how many were
 * left out. */
void cf_diags_print(const struct cf_diags *diags, FILE *to);

/*
 * Writes text of len bytes between single quotes, unprintable bytes as \xNN, cut with "..." to fit;
 * returns buffer. For foreign text in messages.
 */
const char *cf_quote(const char *text, size_t len, char *buffer, size_t size);
