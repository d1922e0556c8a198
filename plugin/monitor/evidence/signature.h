/*
 * The pack's wire signatures, sorted by what they look at, so that the monitor compares a request
 * only with those that can match it.
 *
 * Built once for an image and immutable afterwards: any thread may match. Strings stay in the
 * image, which must outlive this.
 */
#pragma once

#include "base/limits.h"
#include "image/image.h"
#include "monitor/packet/observer.h"

#include <stdbool.h>

enum cf_signature_kind {
	CF_SIG_HTTP_URI = 0,
	CF_SIG_HTTP_USER_AGENT,
	CF_SIG_HTTP_HOST_LITERAL, /* Host is a bare address: only next to another HTTP signature, or
	                             to a listed address */
	CF_SIG_BODY_MAGIC,
	CF_SIG_TLS_ISSUER,
	CF_SIG_TLS_JA4,
	CF_SIG_KINDS,
};

/* Ids are those of cf_image_signature(); count[k] of them at id[k]. */
struct cf_signatures {
	const struct cf_image *image;
	unsigned count[CF_SIG_KINDS];
	uint32_t id[CF_SIG_KINDS][CF_SIGNATURES_OF_KIND];
	unsigned ignored; /* of an unknown kind or match word, or too many of one kind */
};

/* Sorts the image's signatures. Cannot fail: what cannot be used is counted in ignored. */
void cf_signatures_init(struct cf_signatures *signatures, const struct cf_image *image);

/*
 * The first signature of the kind that matches text, or CF_NONE. A query string is not part of a
 * URI here. Comparison is by bytes: the updater writes its paths in one way only.
 */
uint32_t cf_signatures_match(
    const struct cf_signatures *signatures, enum cf_signature_kind kind, struct cf_slice text);

/*
 * One comparison: match is a word of the pack format (exact prefix suffix contains glob
 * lead-base64); unknown words match nothing. In a glob `*` is any run of bytes; the rest is
 * literal.
 */
bool cf_signature_matches(const char *match, const char *value, struct cf_slice text);
