/*
 * Putting an image in force: its very bytes in the place where the resolver and the monitor look,
 * with the one before kept (image_kept.h), so that there is a way back. One thread; whole files
 * only.
 */
#pragma once

#include "update/image_kept.h"

#include <stdbool.h>
#include <stddef.h>

/* An image that is to be put in force: what was verified, and the bytes it was read from. */
struct cf_new_image {
	void *data;
	size_t len;
	struct cf_image *image;
	/* Asked just before it is written; false: it is not. NULL: nobody is asked. */
	bool (*ready)(void *context);
	void *context;
};

/* Per cent that a new image may take away (cf_changes_shrink()); what is more is looked at by a
 * person, or allowed in so many words. */
#define CF_FORCE_SHRINK 10

/* The image in force at path; NULL with CF_OK when there is none. As cf_image_open(). */
enum cf_status cf_force_open(
    const char *path, struct cf_image **image_out, struct cf_error *error) CF_MUST_CHECK;

/* Its digest, "" when there is none that can be read. */
void cf_force_digest(const char *path, char digest_out[CF_SHA256_TEXT_BYTES]);

/* True when both are the same bytes; old_image may be NULL. */
bool cf_force_is_same(const struct cf_image *old_image, const struct cf_image *new_image);

/*
 * Writes new_image to path by rename, readable to all, and keeps it and the former (NULL: none) up
 * to most images. CF_EIO: it could not be written, and what was in force stays. What cannot be kept
 * is no failure: *keep_error says it, CF_OK otherwise.
 */
enum cf_status cf_force_write(const char *path, const struct cf_image *former,
    const struct cf_new_image *new_image, unsigned most, struct cf_error *keep_error,
    struct cf_error *error) CF_MUST_CHECK;

/* The digest of the kept image that was in force before the one at path. CF_ENOTFOUND: none. */
enum cf_status cf_force_former(const char *path, const char *folder,
    char digest_out[CF_SHA256_TEXT_BYTES], struct cf_error *error) CF_MUST_CHECK;

/*
 * Reads a kept image into memory, verified, and under the digest that it is named for. Free data
 * and close image in any case. As cf_fetch(), cf_image_from_memory(); CF_ECHECKSUM.
 */
enum cf_status cf_force_read_kept(const char *folder, const char *digest,
    struct cf_new_image *new_image, struct cf_error *error) CF_MUST_CHECK;
