/*
 * What a report's footer says, gathered: the ledger's own knowledge, and the images, the policy and
 * the packs' statements that lie on this machine (report/provenance.h). One thread.
 */
#pragma once

#include "image/image.h"
#include "ledger/origin.h"
#include "report/provenance.h"
#include "update/pack_age.h"

/* Images that are opened for what they were compiled from; the newest. */
#define CF_MADE_FROM_IMAGES 4

/* Where to look; NULL: nowhere. */
struct cf_made_places {
	const char *images;  /* folder of images as SHA.img (update/image_kept.h) */
	const char *policy;  /* curfew.yaml */
	const char *fetched; /* folder of fetched packs */
	bool with_digest;    /* of the ledger: as dear as a report */
};

struct cf_made_from {
	struct cf_provenance provenance; /* what is below, for report/provenance.h */
	struct cf_origin *origin;
	struct cf_image *opened[CF_MADE_FROM_IMAGES];
	char digests[CF_MADE_FROM_IMAGES][CF_SHA256_TEXT_BYTES];
	char sources[CF_MADE_FROM_IMAGES][CF_SHA256_TEXT_BYTES];
	char policy_sha256[CF_SHA256_TEXT_BYTES];
	char policy_file[256]; /* a name, NAME_MAX and its end */
	struct cf_provenance_image images[CF_MADE_FROM_IMAGES];
	struct cf_provenance_pack *packs;
	size_t pack_count, pack_size;
	char **names; /* of packs that hits alone cite, split in place */
	size_t name_count, name_size;
};

/* Gathers; at_wall_s is when the report is made. cf_made_from_done() in any case. CF_EIO,
 * CF_ENOMEM: of the ledger alone; what else is not there is not known. */
enum cf_status cf_made_from_read(struct cf_made_from *made, struct cf_ledger *ledger,
    const struct cf_made_places *places, int64_t at_wall_s, struct cf_error *error) CF_MUST_CHECK;
void cf_made_from_done(struct cf_made_from *made);
