/*
 * A sensor's key as the two files that hold it: made, named as a successor by the one before it,
 * and its public half mended. The secret is minisign's file without a password
 * (trust/minisign_secret.h); behind it and behind the public line stand the changes of keys so far
 * (docs/FORMATS.md).
 *
 * Apart from sensor_key.h, which reads it: the module does that, and makes none. One thread a pair.
 */
#pragma once

#include "base/limits.h"
#include "records/anchor/public_key.h"

#include <sys/types.h>

/* Changes that a file keeps; older keys' seals are in no log any more. */
#define CF_KEY_CHANGES_MOST 16

/* One writer's files, and what goes into them. Begin with zeros. */
struct cf_key_pair {
	char secret_path[CF_PATH_BYTES], public_path[CF_PATH_BYTES];
	char changes[(CF_KEY_CHANGES_MOST + 1) * CF_KEY_CHANGE_TEXT_BYTES];
	struct cf_public_key key; /* of a pair that was made */
	uid_t uid;
	gid_t gid;
	bool has_owner; /* else whoever makes it */
};

enum cf_key_wish {
	CF_KEY_FIRST,      /* there is none yet */
	CF_KEY_IF_MISSING, /* one that is there stays; a public half that is not is made */
	CF_KEY_SUCCESSOR,  /* the one that is there names it, and is gone */
	CF_KEY_LOST,       /* nobody names it */
};

/* WRITER.key and WRITER.pub in the folder; CF_ETOOBIG. */
enum cf_status cf_key_pair_name(struct cf_key_pair *pair, const char *folder, const char *writer,
    struct cf_error *error) CF_MUST_CHECK;
/* The secret will be the user's; CF_ENOTFOUND: there is none of that name. */
enum cf_status cf_key_pair_own(
    struct cf_key_pair *pair, const char *user, struct cf_error *error) CF_MUST_CHECK;
/*
 * Makes a named pair, as the wish is, at now_wall_s. CF_EINVALID: one is there that should not be,
 * or it cannot name its successor; CF_EIO, CF_EINTERNAL. *is_made_out: pair->key is new.
 */
enum cf_status cf_key_pair_make(struct cf_key_pair *pair, const char *writer, enum cf_key_wish wish,
    int64_t now_wall_s, bool *is_made_out, struct cf_error *error) CF_MUST_CHECK;
