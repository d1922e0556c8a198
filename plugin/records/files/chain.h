/*
 * The hash chain of the hit log. Every seal (a heartbeat or stop record) ends in
 *
 *   "chain":{"run":"<id of start>","run_seq":R,"seq":N,"lines":L,"prev":"<hex>","sha256":"<hex>"}}
 *
 * where sha256 is SHA-256 over the bytes of the L lines of this writer since the seal before
 * (newlines included) and of the seal's own line up to and including `"sha256":"`. prev is the
 * sha256 of the seal before, zeros for the first, and stands inside of what is hashed. So a line
 * that is removed, changed, inserted or moved breaks the seal behind it, and a seal that is removed
 * breaks the next. It proves integrity against accident and against edits that do not recompute
 * every later seal. Against those stands a signature, with which a seal ends otherwise,
 *
 *   ...,"prev":"<hex>","key":"<id>","sha256":"<hex>","seal_sig":"<base64>"}}
 *
 * or a copy of the seal's text elsewhere (records/anchor/seal_text.h).
 *
 * One chain belongs to one thread.
 */
#pragma once

#include "base/sha256.h"
#include "records/anchor/sensor_key.h"
#include "records/form/json.h"
#include "records/form/parse.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_chain {
	struct cf_sha256 *sha;
	char prev[CF_SHA256_TEXT_BYTES];
	char run[27];
	uint64_t seq, run_seq; /* of the last seal; 0 before the first */
	uint64_t lines;        /* since the last seal */
};

/* A chain without any seal. CF_ENOMEM. */
enum cf_status cf_chain_init(struct cf_chain *chain) CF_MUST_CHECK;
void cf_chain_done(struct cf_chain *chain);

/* Begins a segment behind a seal with this number and digest (64 hex digits). */
void cf_chain_resume(struct cf_chain *chain, uint64_t seq, const char *sha256_text);

/* Adds a whole line, newline included. */
void cf_chain_line(struct cf_chain *chain, const char *line, size_t len);

/*
 * Ends the line being formed in *json with the chain member and newline. *seal has sensor, source
 * and instant as the line says them; the rest of it is filled in. With a key (NULL: none) it is
 * signed. Nothing changes in the chain: the caller says cf_chain_sealed() once the line is written.
 * False when there is no memory or no room, or libcrypto does not sign.
 */
bool cf_chain_seal(const struct cf_chain *chain, struct cf_json *json,
    const struct cf_sensor_key *key, struct cf_seal_text *seal);
void cf_chain_sealed(struct cf_chain *chain, const char *sha256_text);

/* The digest a seal must have, given its line's bytes up to and including `"sha256":"`. */
bool cf_chain_digest(const struct cf_chain *chain, const char *line, size_t len,
    char sha256_out[CF_SHA256_TEXT_BYTES]);

/*
 * True when a seal's line ends as it must: with the digest, or the digest and the signature that
 * its key member promises, so that nothing escapes the one or the other.
 */
bool cf_chain_ends(const char *line, size_t len, const struct cf_seal *seal);
/* The seal's text of a line that ends so. False when a name or instant has no place in one. */
bool cf_chain_seal_text(const struct cf_record *record, struct cf_seal_text *seal_out);
