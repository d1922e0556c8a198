/*
 * What goes into an evidence, copied into its folder: logs of an interval, images that they name,
 * the policy, the packs that it names, what was said by hand, seals. One thread.
 */
#pragma once

#include "cli/evidence/evidence.h"
#include "cli/front/paths.h"

/* What is asked for; NULL: the places of this machine. */
struct cli_evidence_sources {
	const struct cli_paths *paths;
	const char *ledger, *image, *policy, *lists;
	char *const *logs; /* files or folders; none: those of the ledger */
	int log_count;
	const char *const *seals;
	size_t seal_count;
	int64_t from_wall_s, to_wall_s; /* 0: all */
};

/* Copies the logs and writes logs.tsv. An exit code. */
int cli_evidence_gather_logs(const char *root, const struct cli_evidence_sources *sources);
/* Copies the policy, its packs, the seals and what was said by hand. What is not there is told
 * and left out. An exit code. */
int cli_evidence_gather_rest(const char *root, const struct cli_evidence_sources *sources);
/*
 * Copies the images that the ledger's sensors named, from where they are kept; newest_out gets the
 * digest of the one named last that is here, "" none. An exit code.
 */
int cli_evidence_gather_images(const char *root, const struct cli_evidence_sources *sources,
    const char *ledger, char newest_out[CF_SHA256_TEXT_BYTES]);
