/*
 * How old a pack is that an image has: by its version, and by what its publisher stated where it
 * was fetched. Expiry never ends enforcement; it is told. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a version, terminator included; longer ones are cut. */
#define CF_PACK_VERSION_BYTES 64
/* A pack without an expiry that is older than this is worth a word: names come and go. */
#define CF_PACK_OLD_S (180 * INT64_C(86400))

struct cf_pack_age {
	int64_t as_of_wall_s; /* 0: not known */
	int64_t
	    until_wall_s; /* by the publisher's statement; 0: none was fetched for this version */
	char newer[CF_PACK_VERSION_BYTES]; /* fetched, but not what is asked for; "" none */
};

/*
 * Of the pack of vendor in version, which an image has. folder: of fetched packs
 * (update/pack_update.h). Whatever cannot be read is not known.
 */
void cf_pack_age_find(
    const char *folder, const char *vendor, const char *version, struct cf_pack_age *age_out);

/* "9 days old, valid until 2027-...", in text, which is returned. */
const char *cf_pack_age_format(
    const struct cf_pack_age *age, int64_t now_wall_s, char *text, size_t size);

/* True when somebody should do something about it: expired, or old without an expiry. */
bool cf_pack_age_is_bad(const struct cf_pack_age *age, int64_t now_wall_s);
