/*
 * What goes into an evidence, copied into its folder: logs of an interval, images that they name,
 * the policy, the packs that it names, what was said by hand, seals. One thread.
 */
#pragma once

#include "evidence/about.h"
#include "evidence/files.h"

/* Where it lies. */
struct cf_evidence_sources {
	const char *ledger, *image, *policy, *lists;
	char *const *logs; /* files or folders; none: those of the ledger */
	int log_count;
	const char *const *seals;
	size_t seal_count;
	int64_t from_wall_s, to_wall_s; /* 0: all */
	int64_t now_wall_s;
	struct cf_evidence_notices notices; /* hear of what is not there and is left out */
};

/* Copies the logs and writes logs.tsv. CF_EINVALID: a name that cannot be packed, or too many;
 * CF_EIO, also for logs that are not there; as cf_ledger_open(). */
enum cf_status cf_evidence_gather_logs(const char *root, const struct cf_evidence_sources *sources,
    struct cf_error *error) CF_MUST_CHECK;
/* Copies the policy, its packs, the seals and what was said by hand. CF_EIO. */
enum cf_status cf_evidence_gather_rest(const char *root, const struct cf_evidence_sources *sources,
    struct cf_error *error) CF_MUST_CHECK;
/*
 * Copies the images that the sensors of the ledger at ledger_path named, from where they are kept;
 * newest_out gets the digest of the one named last that is here, "" none. CF_EIO; as
 * cf_ledger_open().
 */
enum cf_status cf_evidence_gather_images(const char *root,
    const struct cf_evidence_sources *sources, const char *ledger_path,
    char newest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error) CF_MUST_CHECK;
