/*
 * Is an evidence what it says? Three threads: one holds the files against the manifest, one
 * reads the logs for seals and verdicts, one makes ledger and reports again. No network.
 */
#pragma once

#include "evidence/checks.h"

#include <stdint.h>

/* The largest evidence that is unpacked when nobody says: 64 GiB. */
#define CF_EVIDENCE_BYTES (UINT64_C(64) << 30)

struct cf_evidence_verify {
	const char *path;                 /* the file */
	const struct cf_keyring *keyring; /* of who may have signed it; empty: nobody is known */
	struct cf_evidence_vouchers vouchers;
	uint64_t most_bytes; /* 0: CF_EVIDENCE_BYTES */
	struct cf_evidence_notices notices;
};

/*
 * Unpacks it into a temporary folder, checks it and says what was found. CF_EIO, CF_ENOMEM; as
 * cf_crate_unpack() when it is no evidence or damaged; nothing was said then.
 */
enum cf_status cf_evidence_verify(const struct cf_evidence_verify *verify,
    struct cf_sayings *sayings, struct cf_error *error) CF_MUST_CHECK;
