/*
 * Status codes and the error text that travels with them.
 *
 * Every function of curfew that can fail returns enum cf_status. Where one code is too little for
 * the person who has to act (a bad line in a list, say), the caller supplies a struct cf_error and
 * the callee fills it. All of this is plain data: any thread may use its own.
 */
#pragma once

#include <stddef.h>

#define CF_MUST_CHECK        __attribute__((warn_unused_result))
#define CF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum cf_status {
	CF_OK = 0,
	CF_ENOMEM = -1,     /* no memory */
	CF_EIO = -2,        /* the operating system refused; errno says why */
	CF_EMALFORMED = -3, /* bytes that break their own format */
	CF_ETOOBIG = -4,    /* a limit of base/limits.h is reached */
	CF_EINVALID = -5,   /* well formed, but not acceptable (semantic error) */
	CF_ENOTFOUND = -6,  /* a named thing that must exist does not */
	CF_EVERSION = -7,   /* made by another version or for another machine */
	CF_ECHECKSUM = -8,  /* bytes are not those that were written */
	CF_EUNSUPPORTED = -9,
	CF_EAGAIN = -10,    /* not now; nothing changed */
	CF_EINTERNAL = -11, /* a promise of our own code is broken; see base/check.h */
};

/* The longest error text, terminator included. */
#define CF_ERROR_TEXT_BYTES 512

/*
 * What went wrong, for a person. text is lower case, one line, no full stop, foreign text quoted
 * and escaped. file is a copy, empty when no file is concerned; line is 1-based, 0 when unknown.
 */
struct cf_error {
	enum cf_status status;
	unsigned line;
	char file[256];
	char text[CF_ERROR_TEXT_BYTES];
};

/* The status as an English phrase ("no memory"); static storage, never NULL. */
const char *cf_status_text(enum cf_status status);

/*
 * Fills *error (which may be NULL: then nothing happens) with status and the formatted text,
 * truncated if too long, and returns status, so that a callee can write `return cf_error_set(...)`.
 * file and line are cleared.
 */
enum cf_status cf_error_set(struct cf_error *error, enum cf_status status, const char *format, ...)
    CF_PRINTF(3, 4);

/* As cf_error_set, with the place in a file. file may be NULL. */
enum cf_status cf_error_set_at(struct cf_error *error, enum cf_status status, const char *file,
    unsigned line, const char *format, ...) CF_PRINTF(5, 6);
