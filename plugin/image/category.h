/*
 * What a listed thing is for, and what may be done about it: the words that packs, policies, the
 * image, the hit log and the ledger share. Values are part of the image format (docs/FORMATS.md):
 * append only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_category {
	CF_CATEGORY_UPDATES = 0,
	CF_CATEGORY_TELEMETRY = 1,
	CF_CATEGORY_ACTIVATION = 2,
	CF_CATEGORY_CLOUD_CONSOLE = 3,
	CF_CATEGORY_WEB_ACCOUNT = 4,
	CF_CATEGORY_SALES = 5,
	CF_CATEGORY_CORPORATE = 6,
	CF_CATEGORY_PKI = 7,
	CF_CATEGORY_PRODUCT_SERVICE = 8,
	CF_CATEGORY_INFORMATIONAL = 9,
	CF_CATEGORY_LOCAL_INJECTION =
	    10,                     /* names that products inject into pages: never evidence */
	CF_CATEGORY_LOOKALIKE = 11, /* malware and scams imitating the brand: not the vendor */
	CF_CATEGORIES = 12,
};

/*
 * What it costs when a name of this category is blocked that is not the vendor's, or not for that:
 * one phrase for people.
 */
const char *cf_category_cost(enum cf_category category);

enum cf_verdict {
	CF_VERDICT_PASS = 0,  /* resolve, record nothing */
	CF_VERDICT_FLAG = 1,  /* resolve and record */
	CF_VERDICT_BLOCK = 2, /* answer ourselves and record */
};

/* How a block is answered. */
enum cf_answer {
	CF_ANSWER_NXDOMAIN = 0,
	CF_ANSWER_NODATA = 1,
	CF_ANSWER_SINKHOLE = 2, /* our A and AAAA, NODATA for other types */
	CF_ANSWER_REFUSED = 3,
	CF_ANSWER_DROP = 4,
};

/* What an entry covers. */
enum cf_scope {
	CF_SCOPE_EXACT = 0,   /* the name alone */
	CF_SCOPE_SUBTREE = 1, /* the name and everything below it */
	CF_SCOPE_BELOW = 2,   /* everything below the name, not the name (RPZ's *.name) */
};

enum cf_confidence {
	CF_CONFIDENCE_INFERRED = 0,   /* a conclusion */
	CF_CONFIDENCE_LISTED = 1,     /* read in somebody's list, code, capture or log */
	CF_CONFIDENCE_DOCUMENTED = 2, /* read in the vendor's own pages */
};

enum cf_network_kind {
	CF_NETWORK_DEDICATED = 0,  /* the vendor's own address space */
	CF_NETWORK_SHARED = 1,     /* a dated host at somebody else's: weak evidence */
	CF_NETWORK_SINKHOLE = 2,   /* run by the vendor to catch malware: no dependence */
	CF_NETWORK_MAIL_RELAY = 3, /* no dependence */
	CF_NETWORK_NAMESERVER = 4, /* a resolver's own traffic goes there */
};

/* Text as it stands in files and records ("cloud-console"); "?" for values out of range. */
const char *cf_category_text(enum cf_category value);
const char *cf_verdict_text(enum cf_verdict value);
const char *cf_answer_text(enum cf_answer value);
const char *cf_scope_text(enum cf_scope value);
const char *cf_confidence_text(enum cf_confidence value);
const char *cf_network_kind_text(enum cf_network_kind value);

/* The reverse, for exact lower-case text of len bytes; false (output untouched) when unknown. */
bool cf_category_parse(const char *text, size_t len, enum cf_category *category_out);
bool cf_verdict_parse(const char *text, size_t len, enum cf_verdict *verdict_out);
bool cf_answer_parse(const char *text, size_t len, enum cf_answer *answer_out);
bool cf_scope_parse(const char *text, size_t len, enum cf_scope *scope_out);
bool cf_confidence_parse(const char *text, size_t len, enum cf_confidence *confidence_out);
bool cf_network_kind_parse(const char *text, size_t len, enum cf_network_kind *kind_out);
