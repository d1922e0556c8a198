/*
 * A newer pack from a publisher: fetched, checked, looked at, and put where `curfew apply` finds
 * it.
 *
 * The folder of fetched packs:
 *
 *   NAME            link to the pack that is in use          (switched by rename)
 *   .packs/NAME.SERIAL/       its tables, and those of the one before
 *   .packs/NAME.bundle        the bundle they came in, with NAME.bundle.minisig and NAME.tag (ETag)
 *   .packs/serials.tsv        trust/keyring.h
 *   .packs/lock               one update at a time
 *
 * Order: signature, then statement, then digest, and only then is anything unpacked; what is
 * unpacked has to read as a pack without error and must not have shrunk. Whatever fails, the pack
 * in use stays as it was. One thread an update; another process waits for the lock.
 */
#pragma once

#include "base/diag.h"
#include "base/limits.h"
#include "base/status.h"
#include "compile/list/list_diff.h"
#include "compile/pack/pack.h"
#include "trust/keyring.h"

/* A category of fewer entries than this may lose them all without a question. */
#define CF_UPDATE_FEW 5
/* Seconds that a transfer may take when nobody says: a timer fetches at night. */
#define CF_UPDATE_TIMEOUT_S 900

struct cf_update_options {
	const char *name; /* of the pack: its vendor, as the statement must say */
	/* Of the bundle, as cf_fetch() takes them; PLACE.minisig beside each. Tried in turn until
	 * one has something that can be taken, or what is in use. */
	const char *const *places;
	size_t place_count;
	const char *ca_file; /* NULL: the system's certificates */
	uint64_t most_bytes; /* of the bundle; 0: CF_BUNDLE_BYTES */
	uint32_t timeout_s;  /* of one transfer; 0: CF_UPDATE_TIMEOUT_S */
	const struct cf_keyring *keyring;
	const char *folder;           /* of fetched packs; made when it is not there */
	const char *current;          /* the pack in use, for what changes; NULL: none */
	unsigned most_shrink_percent; /* of the entries of any category */
	int64_t now_wall_s;
};

struct cf_update {
	const struct cf_update_options *options; /* borrowed */
	const char *place;                       /* that what follows came from; borrowed */
	int lock;
	enum cf_fresh fresh;           /* what became of it */
	struct cf_statement statement; /* when signed by a key that is trusted */
	uint8_t key_id[CF_MINISIGN_ID_BYTES];
	struct cf_pack *before, *after; /* before NULL: none; after NULL unless fresh is NEW */
	char staged[CF_PATH_BYTES];     /* the unpacked tables; "" when none */
	uint8_t *bundle;
	size_t bundle_len;
	char *signature; /* the text */
	size_t signature_len;
	char tag[256];
};

/*
 * Fetches and checks. CF_OK with update->fresh: CF_FRESH_NEW is ready for cf_update_install();
 * CF_FRESH_SAME: nothing to do; CF_FRESH_EARLY and all refusals likewise change nothing. Failures:
 * as cf_fetch(), cf_minisign_verify(), cf_statement_parse(), cf_bundle_unpack(); CF_EINVALID also
 * for a key that is not trusted, for a pack with errors (they are in diags) and for one that
 * shrank; CF_ECHECKSUM: a bundle that is not the one the statement is about; CF_EAGAIN: another
 * update runs. Of several places, why each was passed over is in diags, and the last one's failure
 * is returned. cf_update_done() in any case.
 */
enum cf_status cf_update_prepare(const struct cf_update_options *options, struct cf_update *update,
    struct cf_diags *diags, struct cf_error *error) CF_MUST_CHECK;

/*
 * Puts the prepared pack in place of the one in use: first its serial is noted, then the link
 * switches, so that a stop in between can only make the next run say that it is there already -
 * which cf_update_prepare() then mends by installing it again. CF_EIO.
 */
enum cf_status cf_update_install(struct cf_update *update, struct cf_error *error) CF_MUST_CHECK;

/* Removes what was not installed, and frees. */
void cf_update_done(struct cf_update *update);
