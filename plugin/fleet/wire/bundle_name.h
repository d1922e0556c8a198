/*
 * What a bundle is called: whose segments are in it, from which seal to which, and between which
 * digests they lie. The name is the path of a request, so that a proxy's log tells what was sent
 * (docs/FORMATS.md, "Fleet"):
 *
 *   /v1/bundle/SENSOR/SOURCE/RUN/FROM/TO/PREV/SHA256/OLDEST
 *   /v1/head/SENSOR/SOURCE
 *
 * Each name has one text: in SENSOR and SOURCE every byte but letters, digits, `-`, `_`, `:` and,
 * not as the first, `.` is %XX. Pure functions; any thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "records/anchor/seal_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest path, terminator included: every byte of both names escaped. */
#define CF_BUNDLE_PATH_BYTES 640
#define CF_BUNDLE_RUN_BYTES  27

/* Who wrote the lines. */
struct cf_bundle_writer {
	char sensor[CF_SEAL_SENSOR_BYTES], source[CF_SEAL_SOURCE_BYTES];
};

/* Numbers are those of seals (records/files/chain.h), both included. */
struct cf_bundle_name {
	struct cf_bundle_writer writer;
	char run[CF_BUNDLE_RUN_BYTES]; /* of the last seal */
	uint64_t from_seq, to_seq;
	char prev[CF_SHA256_TEXT_BYTES];   /* digest of the seal before from_seq; zeros: none */
	char sha256[CF_SHA256_TEXT_BYTES]; /* of the last seal */
	/* The sensor can send all from here on; equal to from_seq: nothing before it any more. */
	uint64_t oldest;
};

enum cf_request_kind { CF_REQUEST_BUNDLE, CF_REQUEST_HEAD, CF_REQUEST_HEALTH };

bool cf_bundle_writer_equal(const struct cf_bundle_writer *a, const struct cf_bundle_writer *b);

/* Writes the path, terminated. False when a name in it is empty. */
bool cf_bundle_path_format(
    const struct cf_bundle_name *name, char path[CF_BUNDLE_PATH_BYTES]) CF_MUST_CHECK;
bool cf_head_path_format(
    const struct cf_bundle_writer *writer, char path[CF_BUNDLE_PATH_BYTES]) CF_MUST_CHECK;

/*
 * Reads a path as it came, with its %XX: CF_REQUEST_HEAD fills only the writer, CF_REQUEST_HEALTH
 * (/healthz) nothing. CF_EVERSION: of a later version; CF_EMALFORMED otherwise, and *why_out says
 * what is wrong (static text).
 */
enum cf_status cf_request_parse(const char *path, enum cf_request_kind *kind_out,
    struct cf_bundle_name *name_out, const char **why_out) CF_MUST_CHECK;
