/* Place after place, then what was kept for later; the first newer image is put in force. */

#include "update/channel_follow.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "policy/changes.h"
#include "trust/fetch.h"
#include "update/image_force.h"
#include "update/image_update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A publisher replaces image and signature one after the other: who comes in between asks again. */
#define AGAIN_AFTER_S 2

/* One run. */
struct run {
	const struct cf_follow_options *options;
	struct cf_followed *followed;
	char folder[CF_PATH_BYTES], serials[CF_PATH_BYTES], next[CF_PATH_BYTES];
	int lock;
	bool has_bytes; /* of the file in force: */
	uint8_t bytes[CF_SHA256_BYTES];
	struct cf_image *old; /* NULL: none that can be read */
};

static enum cf_status path_in(
    const char *folder, const char *name, char path[CF_PATH_BYTES], struct cf_error *error)
{
	return snprintf(path, CF_PATH_BYTES, "%s/%s", folder, name) < CF_PATH_BYTES
	    ? CF_OK
	    : cf_error_set(error, CF_ETOOBIG, "the path of the image is too long");
}

static enum cf_status take_lock(struct run *run, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	enum cf_status status = path_in(run->folder, "channel.lock", path, error);

	if (status != CF_OK)
		return status;
	run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (run->lock < 0)
		return cf_error_set(error, CF_EIO, "cannot open '%s': %s", path, strerror(errno));
	if (flock(run->lock, LOCK_EX | LOCK_NB) != 0)
		return cf_error_set(error, CF_EAGAIN, "another `curfew fetch` is under way");
	return CF_OK;
}

/* The image in force and the digest of its file, as statements have it. */
static void look_at_old(struct run *run)
{
	struct cf_fetch file = {.place = run->options->image, .most_bytes = CF_SIGNED_IMAGE_BYTES};
	struct cf_error error;

	if (cf_force_open(run->options->image, &run->old, &error) != CF_OK || run->old == NULL)
		return;
	if (cf_fetch(&file, &error) != CF_OK)
		return;
	run->has_bytes = cf_sha256(file.data, file.len, run->bytes) == CF_OK;
	free(file.data);
}

static enum cf_status begin(struct run *run, struct cf_error *error)
{
	enum cf_status status = cf_kept_folder(run->options->image, run->folder);

	if (status != CF_OK)
		return cf_error_set(error, status, "the path of the image is too long");
	status = cf_kept_make(run->folder, error);
	if (status == CF_OK)
		status = path_in(run->folder, "serials.tsv", run->serials, error);
	if (status == CF_OK)
		status = path_in(run->folder, "next.img", run->next, error);
	if (status == CF_OK)
		status = take_lock(run, error);
	if (status == CF_OK)
		status = cf_channel_state_read(run->folder, &run->followed->state, error);
	if (status == CF_OK)
		look_at_old(run);
	return status;
}

static void end(struct run *run)
{
	cf_image_close(run->old);
	if (run->lock >= 0)
		(void)close(run->lock); /* the lock goes with it */
}

static void pass_over(struct run *run, const char *place, enum cf_status status, const char *why)
{
	if (status == CF_EIO) {
		run->followed->unreachable++;
	} else {
		run->followed->refused++;
		cf_channel_state_refuse(&run->followed->state, run->options->now_wall_s, why);
	}
	if (run->options->passed_over != NULL)
		run->options->passed_over(run->options->context, place, status, why);
}

static struct cf_image_update_options ask_at(const struct run *run, const char *place)
{
	const struct cf_follow_options *options = run->options;

	return (struct cf_image_update_options){.place = place,
	    .ca_file = options->ca_file,
	    .most_bytes = options->most_bytes,
	    .timeout_s = options->timeout_s,
	    .channel = options->channel,
	    .serials = run->serials,
	    .keyring = options->keyring,
	    .have = run->has_bytes ? run->bytes : NULL,
	    .now_wall_s = options->now_wall_s};
}

/* Per cent that the image takes away from the one in force. */
static enum cf_status find_shrink(
    const struct run *run, const struct cf_image *image, unsigned *percent_out)
{
	struct cf_changes changes = {
	    .old_image = run->old, .new_image = image, .at_wall_s = run->options->now_wall_s};
	enum cf_status status = cf_changes_find(&changes, NULL, NULL);

	*percent_out = status == CF_OK ? cf_changes_shrink(&changes.totals) : 0;
	return status;
}

static void remember(struct run *run, const struct cf_image_update *update)
{
	struct cf_channel_state *state = &run->followed->state;

	memcpy(state->channel, update->statement.name, sizeof state->channel);
	state->serial = update->statement.serial;
	(void)cf_sha256_format(update->statement.sha256, state->sha256);
	state->until_wall_s = update->statement.until_wall_s;
	state->taken_wall_s = run->options->now_wall_s;
}

/* Notes the serial, then writes. */
static enum cf_status put_in_force(struct run *run, const struct cf_image_update_options *asked,
    const struct cf_image_update *update, enum cf_follow_outcome outcome, struct cf_error *error)
{
	const struct cf_new_image new_image = {
	    .data = update->data, .len = update->len, .image = update->image};
	struct cf_error keep_error;
	enum cf_status status;

	run->followed->outcome = outcome;
	(void)cf_sha256_format(cf_image_info(update->image)->digest, run->followed->digest);
	if (run->options->dry_run)
		return CF_OK;
	status = cf_image_update_note(asked, update, error);
	if (status == CF_OK)
		status = cf_force_write(run->options->image, run->old, &new_image,
		    run->options->keep, &keep_error, error);
	if (status != CF_OK)
		return status;
	if (keep_error.status != CF_OK)
		memcpy(run->followed->note, keep_error.text, sizeof run->followed->note);
	remember(run, update);
	return CF_OK;
}

static void remove_next(const struct run *run)
{
	char signature[CF_PATH_BYTES + 16];

	(void)snprintf(signature, sizeof signature, "%s.minisig", run->next);
	(void)unlink(run->next); /* gone already, or the next run tries again */
	(void)unlink(signature);
}

static enum cf_status write_bytes(
    const char *path, const void *data, size_t len, struct cf_error *error)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open(&writer, path);

	if (status == CF_OK)
		(void)fwrite(data, 1, len, writer.to); /* the end sees a failure */
	return cf_file_writer_end(&writer, path, status, error);
}

/* Whole: the signature last, and what does not fit is found out by whoever reads it. */
static enum cf_status keep_next(
    struct run *run, const struct cf_image_update *update, struct cf_error *error)
{
	char signature[CF_PATH_BYTES + 16];
	enum cf_status status;

	run->followed->outcome = CF_FOLLOW_EARLY;
	(void)cf_sha256_format(cf_image_info(update->image)->digest, run->followed->digest);
	if (run->options->dry_run)
		return CF_OK;
	(void)snprintf(signature, sizeof signature, "%s.minisig", run->next);
	status = write_bytes(run->next, update->data, update->len, error);
	return status != CF_OK
	    ? status
	    : write_bytes(signature, update->signature, update->signature_len, error);
}

/* Says so unless another place had something better. */
static void say(struct run *run, enum cf_follow_outcome outcome)
{
	if (run->followed->outcome == CF_FOLLOW_NOTHING)
		run->followed->outcome = outcome;
}

/*
 * The image of the serial that was taken before. Another one in force is a person's doing only when
 * that image was in force once: else a stop came between noting the serial and writing.
 */
static enum cf_status look_after_same(struct run *run, const struct cf_image_update_options *asked,
    const struct cf_image_update *update, struct cf_error *error)
{
	bool was_in_force = run->followed->state.serial == update->statement.serial;

	if (update->len == 0) {
		say(run, CF_FOLLOW_SAME);
		if (!was_in_force)
			remember(run, update);
		return CF_OK;
	}
	if (run->old == NULL)
		return put_in_force(run, asked, update, CF_FOLLOW_MENDED, error);
	if (run->options->again || !was_in_force)
		return put_in_force(run, asked, update, CF_FOLLOW_TAKEN, error);
	say(run, CF_FOLLOW_LOCAL);
	return CF_OK;
}

static enum cf_status take_newer(struct run *run, const struct cf_image_update_options *asked,
    const struct cf_image_update *update, struct cf_error *error)
{
	unsigned *shrink = &run->followed->shrink_percent;
	enum cf_status status = find_shrink(run, update->image, shrink);

	if (status != CF_OK)
		return cf_error_set(error, status, "%s", cf_status_text(status));
	if (*shrink > run->options->most_shrink_percent && !update->statement.shrink)
		return cf_error_set(error, CF_EINVALID,
		    "serial %llu takes away %u %%, more than %u %%, and its publisher does not say "
		    "that it is meant (--shrink)",
		    (unsigned long long)update->statement.serial, *shrink,
		    run->options->most_shrink_percent);
	return put_in_force(run, asked, update, CF_FOLLOW_TAKEN, error);
}

/* By what was found out: CF_FRESH_NEW and the like. */
static enum cf_status act(struct run *run, const struct cf_image_update_options *asked,
    const struct cf_image_update *update, struct cf_error *error)
{
	switch (update->fresh) {
	case CF_FRESH_NEW:
		return take_newer(run, asked, update, error);
	case CF_FRESH_SAME:
		return look_after_same(run, asked, update, error);
	case CF_FRESH_EARLY:
		return keep_next(run, update, error);
	case CF_FRESH_OLD:
	case CF_FRESH_EXPIRED:
	case CF_FRESH_FORKED:
	case CF_FRESH_OTHER:
	case CF_FRESH_FUTURE:
		break;
	}
	return cf_error_set(error, CF_EINVALID, "serial %llu of %s: %s",
	    (unsigned long long)update->statement.serial, update->statement.name,
	    cf_fresh_text(update->fresh));
}

/* True when the search ends here. A failure of this machine ends it too, in *status_out. */
static bool ask(
    struct run *run, const char *place, enum cf_status *status_out, struct cf_error *error)
{
	struct cf_image_update_options asked = ask_at(run, place);
	struct cf_image_update update;
	enum cf_status status = cf_image_update_prepare(&asked, &update, error);
	bool found;

	if (status == CF_ECHECKSUM) {
		cf_image_update_done(&update);
		(void)sleep(AGAIN_AFTER_S);
		status = cf_image_update_prepare(&asked, &update, error);
	}
	if (status != CF_OK) {
		pass_over(run, place, status, error->text);
		cf_image_update_done(&update);
		return false;
	}
	status = act(run, &asked, &update, error);
	found = status == CF_OK &&
	    (run->followed->outcome == CF_FOLLOW_TAKEN ||
	        run->followed->outcome == CF_FOLLOW_MENDED);
	if (status == CF_OK) {
		run->followed->statement = update.statement;
		run->followed->state.asked_wall_s = run->options->now_wall_s;
	} else if (status == CF_EINVALID) {
		pass_over(run, place, status, error->text);
	} else {
		*status_out = status;
		found = true;
	}
	cf_image_update_done(&update);
	return found;
}

/* What was kept for later: taken when its time has come, forgotten when it is worth nothing any
 * more. */
static bool ask_next(struct run *run, enum cf_status *status_out, struct cf_error *error)
{
	unsigned refused = run->followed->refused;
	bool found;

	if (access(run->next, F_OK) != 0)
		return false;
	found = ask(run, run->next, status_out, error);
	if (!run->options->dry_run &&
	    (run->followed->refused != refused ||
	        (*status_out == CF_OK && run->followed->outcome != CF_FOLLOW_EARLY)))
		remove_next(run);
	return found;
}

enum cf_status cf_channel_follow(
    const struct cf_follow_options *options, struct cf_followed *followed, struct cf_error *error)
{
	struct run run = {.options = options, .followed = followed, .lock = -1};
	enum cf_status status;
	bool found;

	*followed = (struct cf_followed){.outcome = CF_FOLLOW_NOTHING};
	status = begin(&run, error);
	if (status != CF_OK) {
		end(&run);
		return status;
	}
	/* Places first: a newer one than what was kept may be there. */
	found = false;
	for (size_t i = 0; i < options->place_count && !found; i++)
		found = ask(&run, options->places[i], &status, error);
	if (!found)
		(void)ask_next(&run, &status, error);
	else if (status == CF_OK && !options->dry_run)
		remove_next(&run);
	if (!options->dry_run) {
		struct cf_error state_error;
		enum cf_status wrote =
		    cf_channel_state_write(run.folder, &followed->state, &state_error);

		if (wrote != CF_OK)
			memcpy(followed->note, state_error.text, sizeof followed->note);
	}
	end(&run);
	return status;
}
