/* Two files, written beside and renamed. */

#include "records/anchor/key_pair.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/instant.h"
#include "records/anchor/sensor_key.h"
#include "trust/minisign_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key and as many changes as anybody makes in a life. */
#define KEY_FILE_BYTES 16384

enum cf_status cf_key_pair_name(
    struct cf_key_pair *pair, const char *folder, const char *writer, struct cf_error *error)
{
	int secret =
	    snprintf(pair->secret_path, sizeof pair->secret_path, "%s/%s.key", folder, writer);
	int public =
	    snprintf(pair->public_path, sizeof pair->public_path, "%s/%s.pub", folder, writer);

	if (secret < (int)sizeof pair->secret_path && public < (int)sizeof pair->public_path)
		return CF_OK;
	return cf_error_set(error, CF_ETOOBIG, "'%.100s...' is too long", folder);
}

enum cf_status cf_key_pair_own(struct cf_key_pair *pair, const char *user, struct cf_error *error)
{
	const struct passwd *entry = getpwnam(user);

	if (entry == NULL)
		return cf_error_set(
		    error, CF_ENOTFOUND, "there is no user '%.300s'; --owner names another", user);
	pair->uid = entry->pw_uid;
	pair->gid = entry->pw_gid;
	pair->has_owner = true;
	return CF_OK;
}

/* Beside, with its rights from the first moment on, then over the old one. */
static enum cf_status replace_file(const char *path, const char *text, mode_t mode,
    const struct cf_key_pair *owner, struct cf_error *error)
{
	char beside[CF_PATH_BYTES + 8];
	size_t len = strlen(text);
	int fd, reason;

	(void)snprintf(beside, sizeof beside, "%s.new", path);
	(void)unlink(beside); /* of one that was cut */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0 && fchmod(fd, mode) == 0 &&
	    (owner == NULL || fchown(fd, owner->uid, owner->gid) == 0) &&
	    cf_write_all(fd, text, len) && fsync(fd) == 0 && close(fd) == 0 &&
	    rename(beside, path) == 0)
		return CF_OK;
	reason = errno;
	if (fd >= 0)
		(void)unlink(beside); /* useless */
	return cf_error_set(error, CF_EIO, "cannot write '%.300s': %s", path, strerror(reason));
}

/* The changes of a key file: what stands behind its two lines. */
static void keep_changes(const char *text, struct cf_key_pair *pair)
{
	size_t used = strlen(pair->changes);
	unsigned count = 1;

	for (const char *line = text; line != NULL && count < CF_KEY_CHANGES_MOST; count++) {
		const char *next = strstr(line, "\ncurfew-key-1 ");
		size_t len;

		if (next == NULL)
			return;
		line = next + 1;
		len = strcspn(line, "\n");
		if (len + 1 >= sizeof pair->changes - used)
			return;
		memcpy(pair->changes + used, line, len);
		used += len;
		pair->changes[used++] = '\n';
		pair->changes[used] = '\0';
	}
}

/* The old key's word for the new one, in front of the words of those before it. */
static enum cf_status name_successor(const struct cf_key_pair *pair,
    const struct cf_minisign_key *next, int64_t now_wall_s, char *changes, struct cf_error *error)
{
	struct cf_sensor_key *old = NULL;
	struct cf_key_change change = {.at_wall_us = 0};
	struct cf_error why;
	char text[CF_KEY_CHANGE_TEXT_BYTES];
	size_t len;
	enum cf_status status = CF_OK;

	if (cf_sensor_key_read(pair->secret_path, &old, &why) != CF_OK)
		return cf_error_set(error, CF_EINVALID,
		    "'%.200s': %.230s; it cannot name its successor (--lost makes one that nobody "
		    "names)",
		    pair->secret_path, why.text);
	(void)cf_instant_format(now_wall_s, change.at);
	memcpy(change.old_id, cf_sensor_key_id(old), sizeof change.old_id);
	memcpy(change.next.id, next->id, sizeof change.next.id);
	memcpy(change.next.key, next->key, sizeof change.next.key);
	len = cf_key_change_format_signed(&change, text);
	if (cf_sensor_key_sign(old, text, len, change.sig)) {
		len = cf_key_change_format(&change, changes);
		memcpy(changes + len, "\n", 2);
	} else {
		status = cf_error_set(error, CF_EINTERNAL, "libcrypto does not sign");
	}
	cf_sensor_key_free(old);
	return status;
}

static enum cf_status write_public(const struct cf_key_pair *pair, const struct cf_public_key *key,
    const char *writer, struct cf_error *error)
{
	char id[CF_KEY_ID_TEXT_BYTES], line[CF_PUBLIC_KEY_TEXT_BYTES];
	char text[sizeof pair->changes + 256];

	cf_public_key_id(key, id);
	cf_public_key_format(key, line);
	(void)snprintf(text, sizeof text, "untrusted comment: curfew %s key %s\n%s\n%s", writer, id,
	    line, pair->changes);
	return replace_file(pair->public_path, text, 0644, NULL, error);
}

/* The secret first: were it cut there, the log itself would tell of the new key. */
static enum cf_status write_pair(struct cf_key_pair *pair, const struct cf_minisign_secret *secret,
    const char *writer, struct cf_error *error)
{
	char secret_text[CF_MINISIGN_SECRET_TEXT_BYTES];
	char text[sizeof secret_text + sizeof pair->changes];
	enum cf_status status;

	cf_minisign_secret_format(secret, secret_text);
	memcpy(pair->key.id, secret->key.id, sizeof pair->key.id);
	memcpy(pair->key.key, secret->key.key, sizeof pair->key.key);
	(void)snprintf(text, sizeof text, "%s%s", secret_text, pair->changes);
	status = replace_file(pair->secret_path, text, 0600, pair->has_owner ? pair : NULL, error);
	explicit_bzero(secret_text, sizeof secret_text);
	explicit_bzero(text, sizeof text);
	return status == CF_OK ? write_public(pair, &pair->key, writer, error) : status;
}

/* The changes so far, which the new file keeps; the secret does not stay in memory. */
static enum cf_status read_changes(struct cf_key_pair *pair, struct cf_error *error)
{
	char *text = NULL;
	size_t len = 0;
	enum cf_status status =
	    cf_input_read_whole(pair->secret_path, KEY_FILE_BYTES, &text, &len, error);

	if (status != CF_OK)
		return status;
	keep_changes(text, pair);
	explicit_bzero(text, len);
	free(text);
	return CF_OK;
}

/* A public half that is not there is made of the secret one. */
static enum cf_status mend_public(
    struct cf_key_pair *pair, const char *writer, struct cf_error *error)
{
	struct cf_sensor_key *key = NULL;
	struct stat about;
	enum cf_status status;

	if (stat(pair->public_path, &about) == 0)
		return CF_OK;
	if (cf_sensor_key_read(pair->secret_path, &key, NULL) != CF_OK)
		return CF_OK; /* doctor says what is wrong with it */
	status = read_changes(pair, error);
	if (status == CF_OK)
		status = write_public(pair, cf_sensor_key_public(key), writer, error);
	cf_sensor_key_free(key);
	return status;
}

static enum cf_status take_history(struct cf_key_pair *pair, const struct cf_minisign_secret *next,
    int64_t now_wall_s, struct cf_error *error)
{
	enum cf_status status = name_successor(pair, &next->key, now_wall_s, pair->changes, error);

	return status == CF_OK ? read_changes(pair, error) : status;
}

enum cf_status cf_key_pair_make(struct cf_key_pair *pair, const char *writer, enum cf_key_wish wish,
    int64_t now_wall_s, bool *is_made_out, struct cf_error *error)
{
	struct cf_minisign_secret secret;
	struct stat about;
	bool is_there = lstat(pair->secret_path, &about) == 0;
	enum cf_status status = CF_OK;

	*is_made_out = false;
	if (is_there && wish == CF_KEY_IF_MISSING)
		return mend_public(pair, writer, error);
	if (is_there && wish == CF_KEY_FIRST)
		return cf_error_set(error, CF_EINVALID,
		    "'%.300s' is there already; --replace makes a successor", pair->secret_path);
	if (cf_minisign_secret_new(&secret) != CF_OK)
		return cf_error_set(error, CF_EINTERNAL, "libsodium does not start");
	if (is_there && wish != CF_KEY_LOST)
		status = take_history(pair, &secret, now_wall_s, error);
	if (status == CF_OK)
		status = write_pair(pair, &secret, writer, error);
	cf_minisign_secret_done(&secret);
	*is_made_out = status == CF_OK;
	return status;
}
