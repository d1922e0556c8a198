/*
 * Where a report comes from: its footer. Which image decided, from which packs and how old they
 * are, under which policy, which curfew made it, from which ledger, logs and seals, and when.
 *
 * What the ledger knows is read from it; what lies in files - images, the policy, the packs' own
 * statements - is found by the caller and handed in. What is not known is said, never left out.
 * One thread.
 */
#pragma once

#include "ledger/origin.h"
#include "report/render/doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pack, as an image names it, or as hits cite it where there is no image. */
struct cf_provenance_pack {
	const char *name, *version;
	const char *image;    /* digest of the image that has it; "" when only hits cite it */
	int64_t as_of_wall_s; /* by its version YYYYMMDDNN, else by its statement; 0: not known */
	int64_t until_wall_s; /* by its publisher's statement; 0: none was fetched for it */
};

/* An image whose file is here. */
struct cf_provenance_image {
	const char *digest;  /* hex */
	const char *sources; /* hex: digest of all that it was compiled from */
	const char *policy;  /* the policy's file name */
};

struct cf_provenance {
	int64_t made_wall_s;
	const char *version;                     /* of this curfew */
	const char *policy_sha256, *policy_file; /* of the policy that is here; "": not here */
	const struct cf_origin *origin;
	const struct cf_provenance_image *images;
	size_t image_count;
	const struct cf_provenance_pack *packs;
	size_t pack_count;
};

/* Gives the document its footer. Texts are copied; without memory the document is failed. */
void cf_provenance_add(struct cf_doc *doc, const struct cf_provenance *provenance);

/* One JSON object: that footer alone, for formats that have no place for it. */
enum cf_status cf_provenance_json(const struct cf_provenance *provenance, FILE *to) CF_MUST_CHECK;
