/*
 * Images that were in force, kept beside the one that is: FOLDER/images/SHA256.img.
 *
 * A record names the image that decided by its digest; here the file of that name is found, long
 * after. A kept file is what the image in force was: the same file under a second name where the
 * folder allows that, a copy elsewhere. Its modification time says when it was last put in force.
 * Whoever opens one verifies it as any image, and that its digest is its name.
 *
 * One thread; several processes at once see whole files.
 */
#pragma once

#include "base/limits.h"
#include "base/sha256.h"
#include "base/status.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many are kept when nobody says. */
#define CF_IMAGES_KEPT 20
/* The most that can be asked for. */
#define CF_IMAGES_KEPT_MOST 10000
/* Digits of a digest that are enough to ask for an image. */
#define CF_IMAGE_PREFIX 8

struct cf_kept_image {
	char digest[CF_SHA256_TEXT_BYTES]; /* by its name; not verified */
	int64_t at_wall_s;                 /* last put in force */
	int64_t at_ns;                     /* and the rest of that second */
	uint64_t file_bytes;
};

/* Where the images are kept that are put in force at image. CF_ETOOBIG. */
enum cf_status cf_kept_folder(const char *image, char folder[CF_PATH_BYTES]) CF_MUST_CHECK;

/* FOLDER/DIGEST.img; returns path. */
const char *cf_kept_path(const char *folder, const char *digest, char path[CF_PATH_BYTES]);

/*
 * Those in folder, the newest first; *items_out is the caller's, to be freed. No folder: none.
 * CF_EIO, CF_ENOMEM.
 */
enum cf_status cf_kept_list(const char *folder, struct cf_kept_image **items_out, size_t *count_out,
    struct cf_error *error) CF_MUST_CHECK;

/* True for CF_IMAGE_PREFIX to 64 hexadecimal digits. */
bool cf_kept_is_prefix(const char *text);

/*
 * The digest of the one image in folder that begins with prefix, in any case of letters.
 * CF_EINVALID: fewer digits than CF_IMAGE_PREFIX, or something else; CF_ENOTFOUND: none, or more
 * than one; as cf_kept_list(). *error says which.
 */
enum cf_status cf_kept_find(const char *folder, const char *prefix,
    char digest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error) CF_MUST_CHECK;

/* Opens the one with this digest, verified, its digest too. As cf_image_open(); CF_ECHECKSUM. */
enum cf_status cf_kept_open(const char *folder, const char *digest, struct cf_image **image_out,
    struct cf_error *error) CF_MUST_CHECK;

/* Makes the folder when it is not there. CF_EINVALID: others may write in it; CF_EIO. */
enum cf_status cf_kept_make(const char *folder, struct cf_error *error) CF_MUST_CHECK;

/*
 * Keeps the file at image, which is the image with this digest and was just put in force, and
 * removes the oldest until most (at least 1) are left; the one with this digest stays. As
 * cf_kept_make(); CF_ENOMEM, CF_ETOOBIG.
 */
enum cf_status cf_kept_keep(
    const char *image, const char *digest, unsigned most, struct cf_error *error) CF_MUST_CHECK;
