/*
 * A sensor that follows a channel: the newest image that its publisher signed is fetched, checked
 * and put in force; whatever is wrong with it, the image in force stays.
 *
 * Beside what update/image_update.h checks: the image must not take away more than is allowed
 * unless its statement says so. One whose time has not come is kept as FOLDER/next.img with its
 * signature, and put in force by the first run that finds its time come, reachable or not. A serial
 * is noted before its image is put in force, so that a stop in between can only make the next run
 * put the same one in force. FOLDER is that of kept images (update/image_kept.h).
 *
 * One thread; a second process at the same time is turned away.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"
#include "trust/keyring.h"
#include "update/channel_state.h"

#include <stdbool.h>

struct cf_follow_options {
	const char *channel;
	const char *const *places; /* as cf_fetch() takes them; PLACE.minisig beside each */
	size_t place_count;
	const char *ca_file; /* NULL: the system's certificates */
	uint64_t most_bytes; /* of an image; 0: CF_SIGNED_IMAGE_BYTES */
	uint32_t timeout_s;  /* of one transfer; 0: 900 */
	const struct cf_keyring *keyring;
	unsigned most_shrink_percent; /* as cf_changes_shrink() counts */
	const char *image;            /* in force */
	unsigned keep;                /* former images that are kept */
	bool again; /* put the channel's image in force though another one was put in force here */
	bool dry_run; /* only look */
	int64_t now_wall_s;
	/* Called for a place that had nothing to take: refused, or (status CF_EIO) out of reach. */
	void (*passed_over)(
	    void *context, const char *place, enum cf_status status, const char *why);
	void *context;
};

enum cf_follow_outcome {
	CF_FOLLOW_TAKEN,   /* a newer image is in force (with dry_run: would be) */
	CF_FOLLOW_SAME,    /* the channel's image is in force already */
	CF_FOLLOW_MENDED,  /* it was gone or damaged, and is in force again */
	CF_FOLLOW_EARLY,   /* the newest is kept until its time comes; what is in force stays */
	CF_FOLLOW_LOCAL,   /* another image was put in force here, and stays */
	CF_FOLLOW_NOTHING, /* no place had anything to take */
};

struct cf_followed {
	enum cf_follow_outcome outcome;
	struct cf_statement statement; /* of what was taken, kept, or is there; serial 0: of none */
	char digest[CF_SHA256_TEXT_BYTES]; /* of the image as records name it; "" not opened */
	unsigned shrink_percent;           /* of what was taken */
	unsigned refused, unreachable;     /* places, in this run */
	struct cf_channel_state state;     /* afterwards */
	char note[CF_ERROR_TEXT_BYTES];    /* what did not work and does not matter for DNS; "" */
};

/*
 * Goes through the places in turn; the first that has a newer image ends it. CF_OK with *followed;
 * CF_EIO, CF_ENOMEM, CF_EINVALID (others may write where images are kept), CF_EMALFORMED (the file
 * of serials, or the state): nothing was changed; CF_EAGAIN: another run is under way.
 */
enum cf_status cf_channel_follow(const struct cf_follow_options *options,
    struct cf_followed *followed, struct cf_error *error) CF_MUST_CHECK;
