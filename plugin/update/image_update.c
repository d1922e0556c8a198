/* Signature, statement, digest, and only then the image. */

#include "update/image_update.h"

#include "base/sha256.h"
#include "trust/fetch.h"
#include "trust/minisign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A signature is four lines. */
#define SIGNATURE_BYTES 4096
#define FETCH_TIMEOUT_S 900

static enum cf_status fetch_signature(const struct cf_image_update_options *options,
    struct cf_minisign_signature *signature, struct cf_error *error)
{
	char place[CF_PATH_BYTES];
	struct cf_fetch fetch = {
	    .place = place, .most_bytes = SIGNATURE_BYTES, .timeout_s = FETCH_TIMEOUT_S};
	enum cf_status status;

	if (snprintf(place, sizeof place, "%s.minisig", options->place) >= (int)sizeof place)
		return cf_error_set(
		    error, CF_ETOOBIG, "'%.300s': the path is too long", options->place);
	status = cf_fetch(&fetch, error);
	if (status != CF_OK)
		return status;
	status = cf_minisign_signature_parse((const char *)fetch.data, fetch.len, signature, error);
	free(fetch.data);
	return status;
}

static enum cf_status fetch_image(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	struct cf_fetch fetch = {.place = options->place,
	    .most_bytes = CF_SIGNED_IMAGE_BYTES,
	    .timeout_s = FETCH_TIMEOUT_S};
	enum cf_status status = cf_fetch(&fetch, error);

	if (status != CF_OK)
		return status;
	update->data = fetch.data;
	update->len = fetch.len;
	return CF_OK;
}

static enum cf_status verify(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	struct cf_minisign_signature signature;
	const struct cf_minisign_key *key;
	char id[CF_MINISIGN_ID_TEXT_BYTES];
	uint8_t sha256[CF_SHA256_BYTES];
	enum cf_status status = fetch_signature(options, &signature, error);

	if (status != CF_OK)
		return status;
	key = cf_keyring_find(options->keyring, signature.id, options->now_wall_s);
	if (key == NULL) {
		cf_minisign_id_format(signature.id, id);
		return cf_error_set(
		    error, CF_EINVALID, "signed with key %s, which is not trusted", id);
	}
	memcpy(update->key_id, signature.id, sizeof update->key_id);
	status = fetch_image(options, update, error);
	if (status == CF_OK)
		status =
		    cf_minisign_verify(key, &signature, update->data, update->len, true, error);
	if (status == CF_OK)
		status = cf_statement_parse(signature.comment, &update->statement, error);
	if (status != CF_OK)
		return status;
	status = cf_sha256(update->data, update->len, sha256);
	if (status != CF_OK)
		return cf_error_set(error, status, "%s", cf_status_text(status));
	if (memcmp(sha256, update->statement.sha256, sizeof sha256) != 0)
		return cf_error_set(error, CF_ECHECKSUM,
		    "the signed statement is about other bytes than these (sha256)");
	return CF_OK;
}

enum cf_status cf_image_update_prepare(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	struct cf_fresh_seen seen;
	enum cf_status status;

	*update = (struct cf_image_update){.fresh = CF_FRESH_OTHER};
	status = verify(options, update, error);
	if (status == CF_OK)
		status = cf_keyring_seen(options->keyring, options->serials, CF_STATEMENT_IMAGE,
		    options->channel, options->now_wall_s, &seen, error);
	if (status != CF_OK)
		return status;
	update->fresh = cf_fresh_judge(
	    &update->statement, CF_STATEMENT_IMAGE, options->channel, &seen, options->now_wall_s);
	/* Taken before and over since: what is in force stays, but it is not put in force again. */
	if (update->fresh == CF_FRESH_SAME && update->statement.until_wall_s <= options->now_wall_s)
		update->fresh = CF_FRESH_EXPIRED;
	if (update->fresh != CF_FRESH_NEW && update->fresh != CF_FRESH_SAME)
		return CF_OK;
	return cf_image_from_memory(update->data, update->len, &update->image, error);
}

enum cf_status cf_image_update_note(const struct cf_image_update_options *options,
    const struct cf_image_update *update, struct cf_error *error)
{
	return cf_keyring_note(options->serials, update->key_id, &update->statement, error);
}

void cf_image_update_done(struct cf_image_update *update)
{
	cf_image_close(update->image);
	free(update->data);
	*update = (struct cf_image_update){.data = NULL};
}
