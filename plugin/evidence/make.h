/* An evidence: gathered, reported on, signed and packed. One thread. */
#pragma once

#include "evidence/gather.h"

struct cf_minisign_secret;

struct cf_evidence_make {
	struct cf_evidence_sources sources;
	struct cf_model_options options; /* of the reports; its instant counts with has_at */
	bool has_at;                     /* else as of sources' end, or of the newest heartbeat */
	const char *host;                /* that has a report of its own, as people call it; NULL */
	const char *version;             /* of this program */
	const struct cf_minisign_secret *secret; /* NULL: unsigned */
};

/*
 * Writes it to path, whole or not at all. CF_ENOTFOUND: no such host in these logs; CF_EINVALID: a
 * name that cannot be packed, a key that cannot sign; CF_EIO, CF_ENOMEM; as cf_ledger_open().
 */
enum cf_status cf_evidence_make(
    const struct cf_evidence_make *make, const char *path, struct cf_error *error) CF_MUST_CHECK;
