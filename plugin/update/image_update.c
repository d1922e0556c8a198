/* Signature, statement, bytes, and only then the image. */

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

static long timeout(const struct cf_image_update_options *options)
{
	return options->timeout_s == 0 ? FETCH_TIMEOUT_S : (long)options->timeout_s;
}

static enum cf_status fetch_signature(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	char place[CF_PATH_BYTES];
	struct cf_fetch fetch = {.place = place,
	    .ca_file = options->ca_file,
	    .most_bytes = SIGNATURE_BYTES,
	    .timeout_s = timeout(options)};
	enum cf_status status;

	if (snprintf(place, sizeof place, "%s.minisig", options->place) >= (int)sizeof place)
		return cf_error_set(
		    error, CF_ETOOBIG, "'%.300s': the path is too long", options->place);
	status = cf_fetch(&fetch, error);
	update->signature = (char *)fetch.data;
	update->signature_len = fetch.len;
	return status;
}

/* The statement, which a key that is trusted now has signed. */
static enum cf_status read_statement(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_minisign_signature *signature,
    const struct cf_minisign_key **key_out, struct cf_error *error)
{
	char id[CF_MINISIGN_ID_TEXT_BYTES];
	enum cf_status status =
	    cf_minisign_signature_parse(update->signature, update->signature_len, signature, error);

	if (status != CF_OK)
		return status;
	*key_out = cf_keyring_find(options->keyring, signature->id, options->now_wall_s);
	if (*key_out == NULL) {
		cf_minisign_id_format(signature->id, id);
		return cf_error_set(
		    error, CF_EINVALID, "signed with key %s, which is not trusted", id);
	}
	memcpy(update->key_id, signature->id, sizeof update->key_id);
	status = cf_minisign_verify_comment(*key_out, signature, error);
	return status != CF_OK ? status
	                       : cf_statement_parse(signature->comment, &update->statement, error);
}

static enum cf_status judge(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	struct cf_fresh_seen seen;
	enum cf_status status = cf_keyring_seen(options->keyring, options->serials,
	    CF_STATEMENT_IMAGE, options->channel, options->now_wall_s, &seen, error);

	if (status != CF_OK)
		return status;
	update->fresh = cf_fresh_judge(
	    &update->statement, CF_STATEMENT_IMAGE, options->channel, &seen, options->now_wall_s);
	/* Taken before and over since: what is in force stays, but it is not put in force again. */
	if (update->fresh == CF_FRESH_SAME && update->statement.until_wall_s <= options->now_wall_s)
		update->fresh = CF_FRESH_EXPIRED;
	return CF_OK;
}

static enum cf_status fetch_image(const struct cf_image_update_options *options,
    struct cf_image_update *update, struct cf_error *error)
{
	struct cf_fetch fetch = {.place = options->place,
	    .ca_file = options->ca_file,
	    .most_bytes = options->most_bytes == 0 ? CF_SIGNED_IMAGE_BYTES : options->most_bytes,
	    .timeout_s = timeout(options)};
	enum cf_status status = cf_fetch(&fetch, error);

	if (status != CF_OK)
		return status;
	update->data = fetch.data;
	update->len = fetch.len;
	return CF_OK;
}

/* Both the signature and the statement are about the bytes that came. */
static enum cf_status check_bytes(const struct cf_image_update *update,
    const struct cf_minisign_key *key, const struct cf_minisign_signature *signature,
    struct cf_error *error)
{
	uint8_t sha256[CF_SHA256_BYTES];
	enum cf_status status =
	    cf_minisign_verify(key, signature, update->data, update->len, true, error);

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
	struct cf_minisign_signature signature;
	const struct cf_minisign_key *key = NULL;
	enum cf_status status;

	*update = (struct cf_image_update){.fresh = CF_FRESH_OTHER};
	status = fetch_signature(options, update, error);
	if (status == CF_OK)
		status = read_statement(options, update, &signature, &key, error);
	if (status == CF_OK)
		status = judge(options, update, error);
	if (status != CF_OK ||
	    (update->fresh != CF_FRESH_NEW && update->fresh != CF_FRESH_SAME &&
	        update->fresh != CF_FRESH_EARLY))
		return status;
	if (update->fresh == CF_FRESH_SAME && options->have != NULL &&
	    memcmp(options->have, update->statement.sha256, CF_SHA256_BYTES) == 0)
		return CF_OK;
	status = fetch_image(options, update, error);
	if (status == CF_OK)
		status = check_bytes(update, key, &signature, error);
	if (status == CF_OK)
		status = cf_image_from_memory(update->data, update->len, &update->image, error);
	return status;
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
	free(update->signature);
	*update = (struct cf_image_update){.data = NULL};
}
