/* What the readers of single formats share; for compile/list_*.c alone. See
 * compile/list/list_parse.h.
 */
#pragma once

#include "compile/list/list_parse.h"

#include <string.h>

#include <libpsl.h>

/* A piece of text that is not terminated. */
struct cf_line_text {
	const char *at;
	size_t len;
};

struct cf_list_reader {
	const struct cf_list_options *options;
	const struct cf_list_sink *sink;
	const psl_ctx_t *psl;     /* NULL: no check */
	struct cf_line_text line; /* as found */
	unsigned line_number;
	unsigned accepted, rejected;
	bool stopped; /* the sink wants no more */
};

/* Rejects the whole line, or the part of it. */
void cf_list_reject(struct cf_list_reader *reader, const char *reason);
void cf_list_reject_part(
    struct cf_list_reader *reader, struct cf_line_text part, const char *reason);

/*
 * Hands a name to the sink: strips a last dot, reads a leading "*." as CF_SCOPE_BELOW, converts
 * UTF-8; rejects what is no name, an address or a public suffix.
 */
void cf_list_emit(struct cf_list_reader *reader, struct cf_line_text text, enum cf_scope scope);

/* One line without its end; comments and blank lines are its to know. */
typedef void cf_list_line_reader(struct cf_list_reader *reader, struct cf_line_text line);

/* What there is to know of a format; list_line_formats.c has one of each. */
struct cf_list_form {
	const char *word;          /* as --from has it */
	cf_list_line_reader *read; /* NULL: not line by line */
	const char *begins[8];     /* what a line of no other format begins with; NULL ends them */
};
extern const struct cf_list_form cf_list_forms[CF_LIST_FORMATS];

/* True for a line that says something of names to dnsmasq. */
bool cf_text_is_dnsmasq(struct cf_line_text line);

/* A zone has records over several lines, so it reads for itself. */
void cf_list_read_rpz(struct cf_list_reader *reader, const char *text, size_t len);

static inline bool cf_text_is(struct cf_line_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static inline bool cf_text_begins(struct cf_line_text text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && memcmp(text.at, word, len) == 0;
}

/* The text without its first n bytes (n at most its length). */
static inline struct cf_line_text cf_text_after(struct cf_line_text text, size_t n)
{
	return (struct cf_line_text){text.at + n, text.len - n};
}

static inline bool cf_text_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Without blanks at both ends. */
struct cf_line_text cf_text_trim(struct cf_line_text text);
/* Up to the first occurrence of stop, or all of it. */
struct cf_line_text cf_text_until(struct cf_line_text text, char stop);
/* The next word parted by blanks, stepping *text over it; len 0 at the end. */
struct cf_line_text cf_text_word(struct cf_line_text *text);
/* True for an IPv4 or IPv6 address; is_sink_out (may be NULL): one that leads nowhere (0.0.0.0,
 * ::1...). */
bool cf_text_is_addr(struct cf_line_text text, bool *is_sink_out);
