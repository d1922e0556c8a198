/*
 * Other people's lists: hosts files, plain domains, dnsmasq, adblock, RPZ zones and v2fly's format,
 * read for the names they list. Hostile text: anything may stand in it, and a line that cannot be
 * taken as meant is rejected with its reason rather than guessed at.
 *
 * What a name becomes: hosts and plain give exact names, dnsmasq, `||x^` and v2fly's domain: give
 * subtrees, `*.x` everything below x. Names in UTF-8 become IDNA A-labels; public suffixes are
 * refused, for a list that names `co.uk` is broken. Pure but for the sink; one thread per call.
 */
#pragma once

#include "base/status.h"
#include "image/category.h"
#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>

enum cf_list_format {
	CF_LIST_AUTO,
	CF_LIST_HOSTS,
	CF_LIST_PLAIN,
	CF_LIST_DNSMASQ,
	CF_LIST_ADBLOCK,
	CF_LIST_RPZ,
	CF_LIST_V2FLY,
	CF_LIST_FORMATS,
};

/* "auto", "hosts", "plain"...; "?" out of range. */
const char *cf_list_format_text(enum cf_list_format format);
bool cf_list_format_parse(const char *text, enum cf_list_format *format_out);

/* Where names and complaints go. */
struct cf_list_sink {
	/* A name in canonical form; false ends the reading. */
	bool (*accept)(
	    void *context, const struct cf_name *name, enum cf_scope scope, unsigned line);
	/* A line (or a name of it) left out: text of len bytes is as found, reason static. */
	void (*reject)(
	    void *context, unsigned line, const char *text, size_t len, const char *reason);
	void *context;
};

struct cf_list_options {
	enum cf_list_format format;
	const char *origin;        /* RPZ: name of the zone, NULL: from $ORIGIN or the SOA */
	enum cf_scope plain_scope; /* what a name in a plain list covers */
	bool allow_public_suffix;
};

struct cf_list_counts {
	unsigned lines, accepted, rejected;
	enum cf_list_format format; /* what it was read as */
};

/* Guesses the format from the first lines; CF_LIST_PLAIN when nothing speaks for another. */
enum cf_list_format cf_list_detect(const char *text, size_t len);

/*
 * Reads len bytes of text. CF_OK however much is rejected; CF_EAGAIN when the sink ended it,
 * CF_ENOMEM.
 */
enum cf_status cf_list_parse(const char *text, size_t len, const struct cf_list_options *options,
    const struct cf_list_sink *sink, struct cf_list_counts *counts_out) CF_MUST_CHECK;
