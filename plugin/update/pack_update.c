/* Fetch, check, look, switch. */

#include "update/pack_update.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/sha256.h"
#include "trust/bundle.h"
#include "trust/fetch.h"
#include "trust/minisign.h"
#include "update/pack_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the folders and takes the lock. */
static enum cf_status begin(
    const struct cf_update_options *options, struct cf_update *update, struct cf_error *error)
{
	char path[CF_PATH_BYTES];

	if (!cf_statement_name_ok(options->name))
		return cf_error_set(error, CF_EINVALID, "'%s' is no name of a pack", options->name);
	if (mkdir(options->folder, 0755) != 0 && errno != EEXIST)
		return cf_update_failed(options->folder, "make", CF_EIO, error);
	(void)snprintf(path, sizeof path, "%s/.packs", options->folder);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return cf_update_failed(path, "make", CF_EIO, error);
	(void)snprintf(path, sizeof path, "%s/.packs/lock", options->folder);
	update->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (update->lock < 0)
		return cf_update_failed(path, "open", CF_EIO, error);
	if (flock(update->lock, LOCK_EX | LOCK_NB) != 0)
		return cf_error_set(error, CF_EAGAIN, "another update is running; try again later");
	return CF_OK;
}

/* The tag of the signature that is there; "" makes the server send it. */
static void read_tag(const struct cf_update_options *options, char tag[CF_FETCH_TAG_BYTES])
{
	char path[CF_PATH_BYTES];
	FILE *file = NULL;

	tag[0] = '\0';
	/* A tag is worth something only with the pack it came with. */
	(void)snprintf(path, sizeof path, "%s/%s/pack.yaml", options->folder, options->name);
	if (access(path, R_OK) != 0)
		return;
	if (cf_input_open_stream(
	        cf_update_path(options->folder, options->name, ".tag", path), &file, NULL) != CF_OK)
		return; /* then the server sends it */
	if (fgets(tag, CF_FETCH_TAG_BYTES, file) == NULL)
		tag[0] = '\0';
	tag[strcspn(tag, "\r\n")] = '\0';
	(void)fclose(file); /* only read */
}

/* The signature that came with the pack in use, when the server says that it still holds. */
static enum cf_status read_kept_signature(
    const struct cf_update_options *options, struct cf_fetch *fetch, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_fetch kept = {
	    .place = cf_update_path(options->folder, options->name, ".bundle.minisig", path),
	    .most_bytes = CF_UPDATE_SIGNATURE_BYTES};
	enum cf_status status = cf_fetch(&kept, error);

	fetch->data = kept.data;
	fetch->len = kept.len;
	return status;
}

static long timeout(const struct cf_update_options *options)
{
	return options->timeout_s == 0 ? CF_UPDATE_TIMEOUT_S : (long)options->timeout_s;
}

static enum cf_status fetch_signature(
    const struct cf_update_options *options, struct cf_update *update, struct cf_error *error)
{
	char place[CF_PATH_BYTES];
	struct cf_fetch fetch = {.place = place,
	    .ca_file = options->ca_file,
	    .most_bytes = CF_UPDATE_SIGNATURE_BYTES,
	    .timeout_s = timeout(options)};
	enum cf_status status;

	if (snprintf(place, sizeof place, "%s.minisig", update->place) >= (int)sizeof place)
		return cf_error_set(error, CF_ETOOBIG, "'%s': too long", update->place);
	read_tag(options, fetch.tag);
	status = cf_fetch(&fetch, error);
	if (status == CF_OK && fetch.unchanged)
		status = read_kept_signature(options, &fetch, error);
	if (status != CF_OK)
		return status;
	update->signature = (char *)fetch.data;
	update->signature_len = fetch.len;
	memcpy(update->tag, fetch.tag, sizeof update->tag);
	return CF_OK;
}

static enum cf_status fetch_bundle(
    const struct cf_update_options *options, struct cf_update *update, struct cf_error *error)
{
	struct cf_fetch fetch = {.place = update->place,
	    .ca_file = options->ca_file,
	    .most_bytes = options->most_bytes == 0 ? CF_BUNDLE_BYTES : options->most_bytes,
	    .timeout_s = timeout(options)};
	enum cf_status status = cf_fetch(&fetch, error);

	if (status != CF_OK)
		return status;
	update->bundle = fetch.data;
	update->bundle_len = fetch.len;
	return CF_OK;
}

/*
 * The statement of a signature whose own comment signature holds. The bundle is not looked at yet:
 * most runs end here, with the serial that is in use. What a comment says before the bundle was
 * verified is used for nothing but to end.
 */
static enum cf_status read_statement(const struct cf_update_options *options,
    struct cf_update *update, struct cf_minisign_signature *signature, struct cf_error *error)
{
	enum cf_status status =
	    cf_minisign_signature_parse(update->signature, update->signature_len, signature, error);
	char id[CF_MINISIGN_ID_TEXT_BYTES];

	if (status != CF_OK)
		return status;
	memcpy(update->key_id, signature->id, sizeof update->key_id);
	if (cf_keyring_find(options->keyring, signature->id, options->now_wall_s) == NULL) {
		cf_minisign_id_format(signature->id, id);
		return cf_error_set(
		    error, CF_EINVALID, "signed with key %s, which is not trusted (now)", id);
	}
	return cf_statement_parse(signature->comment, &update->statement, error);
}

static enum cf_status check_bundle(const struct cf_update_options *options,
    const struct cf_update *update, const struct cf_minisign_signature *signature,
    struct cf_error *error)
{
	const struct cf_minisign_key *key =
	    cf_keyring_find(options->keyring, signature->id, options->now_wall_s);
	uint8_t sha256[CF_SHA256_BYTES];
	enum cf_status status =
	    cf_minisign_verify(key, signature, update->bundle, update->bundle_len, true, error);

	if (status != CF_OK)
		return status;
	status = cf_sha256(update->bundle, update->bundle_len, sha256);
	if (status != CF_OK)
		return cf_error_set(error, status, "%s", cf_status_text(status));
	if (memcmp(sha256, update->statement.sha256, sizeof sha256) != 0)
		return cf_error_set(error, CF_ECHECKSUM,
		    "the signed statement is about other bytes than these (sha256)");
	return CF_OK;
}

/* Unpacks beside, and reads it as a pack. */
static enum cf_status stage(const struct cf_update_options *options, struct cf_update *update,
    struct cf_diags *diags, struct cf_error *error)
{
	enum cf_status status;

	(void)cf_update_path(options->folder, options->name, ".new-XXXXXX", update->staged);
	if (mkdtemp(update->staged) == NULL) {
		status = cf_update_failed(update->staged, "make", CF_EIO, error);
		update->staged[0] = '\0';
		return status;
	}
	if (chmod(update->staged, 0755) != 0)
		return cf_update_failed(update->staged, "open to readers", CF_EIO, error);
	status = cf_bundle_unpack(update->bundle, update->bundle_len, update->staged, error);
	if (status != CF_OK)
		return status;
	status = cf_pack_read(update->staged, &update->after, diags);
	if (status != CF_OK)
		return cf_error_set(
		    error, status, "the bundle holds no good pack: %s", cf_status_text(status));
	if (strcmp(update->after->vendor, options->name) != 0)
		return cf_error_set(error, CF_EINVALID,
		    "the bundle holds the pack of '%s', not of '%s'", update->after->vendor,
		    options->name);
	return CF_OK;
}

static void ignore(void *context, const struct cf_list_difference *difference)
{
	(void)context;
	(void)difference;
}

static void count_categories(const struct cf_pack *pack, size_t counts[CF_CATEGORIES])
{
	memset(counts, 0, CF_CATEGORIES * sizeof counts[0]);
	for (size_t i = 0; i < pack->name_count; i++)
		counts[pack->names[i].category]++;
	for (size_t i = 0; i < pack->network_count; i++)
		counts[pack->networks[i].category]++;
}

/* A pack that was cut, or that somebody emptied, ends a block without a word. */
static enum cf_status check_shrink(
    const struct cf_update_options *options, const struct cf_update *update, struct cf_error *error)
{
	size_t changes[CF_CHANGES][CF_CATEGORIES], before[CF_CATEGORIES];
	enum cf_status status;

	if (update->before == NULL || update->statement.shrink)
		return CF_OK;
	status = cf_list_diff(update->before, update->after, ignore, NULL, changes);
	if (status != CF_OK)
		return cf_error_set(error, status, "cannot compare with the pack in use: %s",
		    cf_status_text(status));
	count_categories(update->before, before);
	for (unsigned category = 0; category < CF_CATEGORIES; category++) {
		size_t gone = changes[CF_CHANGE_REMOVED][category];

		if (gone >= CF_UPDATE_FEW &&
		    gone * 100 > before[category] * options->most_shrink_percent)
			return cf_error_set(error, CF_EINVALID,
			    "%zu of %zu entries of %s are gone, more than %u %%: refused; a "
			    "publisher "
			    "who means it signs with --shrink",
			    gone, before[category], cf_category_text((enum cf_category)category),
			    options->most_shrink_percent);
	}
	return CF_OK;
}

/* True when the link leads to the pack of this serial. */
static bool is_installed(const struct cf_update_options *options, uint64_t serial)
{
	char folder[CF_PATH_BYTES], expected[CF_PATH_BYTES];

	cf_update_linked(options->folder, options->name, folder);
	(void)snprintf(
	    expected, sizeof expected, "%s.%llu", options->name, (unsigned long long)serial);
	return strcmp(folder, expected) == 0;
}

static enum cf_status judge(
    const struct cf_update_options *options, struct cf_update *update, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_fresh_seen seen;
	enum cf_status status;

	(void)snprintf(path, sizeof path, "%s/.packs/serials.tsv", options->folder);
	status = cf_keyring_seen(options->keyring, path, CF_STATEMENT_PACK, options->name,
	    options->now_wall_s, &seen, error);
	if (status != CF_OK)
		return status;
	update->fresh = cf_fresh_judge(
	    &update->statement, CF_STATEMENT_PACK, options->name, &seen, options->now_wall_s);
	/* Noted, and then stopped before the switch. */
	if (update->fresh == CF_FRESH_SAME && !is_installed(options, seen.serial))
		update->fresh = CF_FRESH_NEW;
	return CF_OK;
}

/* What one place has, up to the verified bytes of a bundle that is newer. */
static enum cf_status look_at(
    const struct cf_update_options *options, struct cf_update *update, struct cf_error *error)
{
	struct cf_minisign_signature signature;
	enum cf_status status = fetch_signature(options, update, error);

	if (status == CF_OK)
		status = read_statement(options, update, &signature, error);
	if (status == CF_OK)
		status = judge(options, update, error);
	if (status != CF_OK || update->fresh != CF_FRESH_NEW)
		return status;
	status = fetch_bundle(options, update, error);
	return status == CF_OK ? check_bundle(options, update, &signature, error) : status;
}

/* True where another place could do no better. */
static bool is_answer(const struct cf_update *update)
{
	if (update->fresh == CF_FRESH_SAME)
		return update->statement.until_wall_s > update->options->now_wall_s;
	return update->fresh == CF_FRESH_NEW || update->fresh == CF_FRESH_EARLY;
}

static void forget(struct cf_update *update)
{
	free(update->signature);
	free(update->bundle);
	update->signature = NULL;
	update->bundle = NULL;
	update->fresh = CF_FRESH_OTHER;
}

/* The first place that has an answer, else the last one's trouble. */
static enum cf_status look_around(const struct cf_update_options *options, struct cf_update *update,
    struct cf_diags *diags, struct cf_error *error)
{
	enum cf_status status = CF_EINVALID;

	for (size_t i = 0; i < options->place_count; i++) {
		update->place = options->places[i];
		status = look_at(options, update, error);
		if ((status == CF_OK && is_answer(update)) || i + 1 == options->place_count)
			break;
		cf_diag_add(diags, CF_DIAG_WARNING, update->place, 0, options->name,
		    "%s; trying '%s'", status == CF_OK ? cf_fresh_text(update->fresh) : error->text,
		    options->places[i + 1]);
		forget(update);
	}
	return status;
}

enum cf_status cf_update_prepare(const struct cf_update_options *options, struct cf_update *update,
    struct cf_diags *diags, struct cf_error *error)
{
	enum cf_status status;

	*update = (struct cf_update){.options = options, .lock = -1, .fresh = CF_FRESH_OTHER};
	status = begin(options, update, error);
	if (status == CF_OK)
		status = look_around(options, update, diags, error);
	if (status != CF_OK || update->fresh != CF_FRESH_NEW)
		return status;
	status = stage(options, update, diags, error);
	if (status == CF_OK && options->current != NULL) {
		struct cf_diags old;

		/* What the pack in use has wrong was said when it came. */
		cf_diags_init(&old);
		if (cf_pack_read(options->current, &update->before, &old) != CF_OK)
			update->before = NULL;
		cf_diags_done(&old);
	}
	return status == CF_OK ? check_shrink(options, update, error) : status;
}
