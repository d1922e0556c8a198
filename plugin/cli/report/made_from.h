/*
 * What a report's footer says, gathered: the ledger's own knowledge, and the images, the policy and
 * the packs' statements that lie on this machine (report/provenance.h). One thread.
 */
#pragma once

#include "cli/ledger/ledger_model.h"
#include "image/image.h"
#include "report/provenance.h"
#include "update/pack_age.h"

/* Images that are opened for what they were compiled from; the newest. */
#define CLI_MADE_FROM_IMAGES 4

/* Where to look; NULL: nowhere. */
struct cli_made_places {
	const char *images;  /* folder of images as SHA.img (update/image_kept.h) */
	const char *policy;  /* curfew.yaml */
	const char *fetched; /* folder of fetched packs */
	bool with_digest;    /* of the ledger: as dear as a report */
};

struct cli_made_from {
	struct cf_provenance provenance; /* what is below, for report/provenance.h */
	struct cf_origin *origin;
	struct cf_image *opened[CLI_MADE_FROM_IMAGES];
	char digests[CLI_MADE_FROM_IMAGES][CF_SHA256_TEXT_BYTES];
	char sources[CLI_MADE_FROM_IMAGES][CF_SHA256_TEXT_BYTES];
	char policy_sha256[CF_SHA256_TEXT_BYTES];
	struct cf_provenance_image images[CLI_MADE_FROM_IMAGES];
	struct cf_provenance_pack *packs;
	size_t pack_count, pack_size;
	char **names; /* of packs that hits alone cite, split in place */
	size_t name_count, name_size;
};

/* Gathers; at_wall_s is when the report is made. cli_made_from_done() in any case. CF_EIO,
 * CF_ENOMEM: of the ledger alone; what else is not there is not known. */
enum cf_status cli_made_from_read(struct cli_made_from *made, struct cf_ledger *ledger,
    const struct cli_made_places *places, int64_t at_wall_s, struct cf_error *error) CF_MUST_CHECK;
/* The same from the places of this machine. */
enum cf_status cli_made_from_here(struct cli_made_from *made, const struct cli_model *model,
    bool with_digest, struct cf_error *error) CF_MUST_CHECK;
void cli_made_from_done(struct cli_made_from *made);
