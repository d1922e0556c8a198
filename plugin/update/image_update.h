/*
 * An image that somebody else compiled and signed: fetched, checked, and then handed over to be put
 * in force.
 *
 * Order: the signature's key is trusted and signed the statement; the statement is about an image
 * of this channel, not expired and not older than one that was taken before; only then are the
 * bytes fetched; the signature and the statement are over these bytes; and only then are they read
 * as an image, whole, as any reader would. One thread.
 */
#pragma once

#include "base/status.h"
#include "image/image.h"
#include "trust/keyring.h"

struct cf_image_update_options {
	const char *place;   /* as cf_fetch() takes it; PLACE.minisig beside it */
	const char *ca_file; /* certificates to trust instead of the system's; NULL */
	uint64_t most_bytes; /* of the image; 0: CF_SIGNED_IMAGE_BYTES */
	uint32_t timeout_s;  /* of one transfer; 0: 900 */
	const char *channel; /* the name that the statement must have */
	const char *serials; /* the file of serials that were taken, trust/keyring.h */
	const struct cf_keyring *keyring;
	/* SHA-256 of the bytes that are in force: an image of these is not fetched again; NULL. */
	const uint8_t *have;
	int64_t now_wall_s;
};

struct cf_image_update {
	enum cf_fresh fresh;           /* what became of it */
	struct cf_statement statement; /* when signed by a key that is trusted */
	uint8_t key_id[CF_MINISIGN_ID_BYTES];
	char *signature; /* the text of PLACE.minisig, signature_len bytes */
	size_t signature_len;
	uint8_t
	    *data;  /* verified when fresh is NEW, EARLY or SAME; the image below points into it */
	size_t len; /* 0: SAME, and they are the bytes that one has */
	struct cf_image *image; /* when there are data */
};

/*
 * CF_OK with update->fresh; only CF_FRESH_NEW and CF_FRESH_SAME may be put in force. Failures: as
 * cf_fetch(), cf_minisign_verify(), cf_statement_parse(), cf_keyring_seen(), cf_image_open();
 * CF_EINVALID also for a key that is not trusted, CF_ECHECKSUM for bytes that the statement is not
 * about. cf_image_update_done() in any case.
 */
enum cf_status cf_image_update_prepare(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error) CF_MUST_CHECK;

/* Notes the serial, before the image is put in force: what was taken once is the least from then
 * on. CF_EIO, CF_EMALFORMED. */
enum cf_status cf_image_update_note(const struct cf_image_update_options *options,
    const struct cf_image_update *update, struct cf_error *error) CF_MUST_CHECK;

void cf_image_update_done(struct cf_image_update *update);
