/*
 * What a ledger was made from: logs and how far they were read, the newest seal of each writer, and
 * with which images, policies, packs and versions the sensors decided. Read whole, once; few rows.
 *
 * Of a ledger that curfew 0.2 or older filled the last are missing until `curfew ledger rebuild`.
 * One thread.
 */
#pragma once

#include "base/sha256.h"
#include "ledger/store/ledger.h"
#include "ledger/store/used.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_origin_used {
	enum cf_used_what what;
	const char *value; /* of a pack: its list, a space, its serial */
	const char *sensor, *source;
	int64_t first_wall_s, last_wall_s;
};

struct cf_origin_log {
	const char *folder, *name; /* of the file, when it was last read */
	const char *key;           /* hex; what it is known by wherever it lies */
	uint64_t lines, bytes;
};

/* The newest seal of one writer. */
struct cf_origin_seal {
	const char *sensor, *source, *run, *sha256;
	int64_t at_wall_s;
};

struct cf_origin {
	struct cf_origin_used *used; /* by kind, value, sensor, source */
	size_t used_count;
	struct cf_origin_log *logs; /* by key */
	size_t log_count;
	struct cf_origin_seal *seals; /* by sensor, source */
	size_t seal_count;
	/* Of the content: what `curfew ledger digest` prints; "" when it was not asked for. */
	char digest[CF_SHA256_TEXT_BYTES];
	char **texts; /* what the pointers above lead to */
	size_t text_count, used_size, log_size, seal_size, text_size;
};

/* *origin_out is the caller's, for cf_origin_free(). The digest reads all of the ledger, the rest a
 * few rows. CF_EIO, CF_ENOMEM. */
enum cf_status cf_origin_read(struct cf_ledger *ledger, bool with_digest,
    struct cf_origin **origin_out, struct cf_error *error) CF_MUST_CHECK;
void cf_origin_free(struct cf_origin *origin);

/* SHA-256 over cf_ledger_dump(), each line with its newline, as hex. */
enum cf_status cf_ledger_digest(struct cf_ledger *ledger, char text_out[CF_SHA256_TEXT_BYTES],
    struct cf_error *error) CF_MUST_CHECK;
