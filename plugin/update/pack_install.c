/* Putting a prepared pack in place of the one in use. */

#include "update/pack_update.h"

#include "base/file_writer.h"
#include "trust/bundle.h"
#include "update/pack_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum cf_status keep_file(const struct cf_update_options *options, const char *ending,
    const void *data, size_t len, struct cf_error *error)
{
	struct cf_file_writer writer;
	char path[CF_PATH_BYTES];
	enum cf_status status = cf_file_writer_open(
	    &writer, cf_update_path(options->folder, options->name, ending, path));

	if (status != CF_OK)
		return cf_update_failed(path, "write", status, error);
	(void)fwrite(data, 1, len, writer.to); /* the commit sees a failure */
	status = cf_file_writer_commit(&writer);
	return status == CF_OK ? CF_OK : cf_update_failed(path, "write", status, error);
}

/* Removes packs but for the two named, and what a killed run left. Nothing depends on it. */
static void prune(const struct cf_update_options *options, const char *keep, const char *before)
{
	char folder[CF_PATH_BYTES], path[CF_PATH_BYTES + 300];
	size_t name_len = strlen(options->name);
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(folder, sizeof folder, "%s/.packs", options->folder);
	dir = opendir(folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *ending = entry->d_name + name_len;

		if (strncmp(entry->d_name, options->name, name_len) != 0 || *ending != '.' ||
		    (strncmp(ending, ".new-", 5) != 0 && (ending[1] < '1' || ending[1] > '9')) ||
		    strcmp(entry->d_name, keep) == 0 || strcmp(entry->d_name, before) == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		(void)cf_bundle_remove(path); /* tried again at the next update */
	}
	if (dir != NULL)
		(void)closedir(dir); /* only read */
}

/* Switches the link to target. */
static enum cf_status switch_link(
    const struct cf_update_options *options, const char *target, struct cf_error *error)
{
	char link[CF_PATH_BYTES], beside[CF_PATH_BYTES];

	(void)snprintf(link, sizeof link, "%s/%s", options->folder, options->name);
	(void)cf_update_path(options->folder, options->name, ".link", beside);
	if ((unlink(beside) != 0 && errno != ENOENT) || symlink(target, beside) != 0)
		return cf_update_failed(beside, "make", CF_EIO, error);
	if (rename(beside, link) != 0)
		return cf_update_failed(link, "switch", CF_EIO, error);
	return CF_OK;
}

enum cf_status cf_update_install(struct cf_update *update, struct cf_error *error)
{
	const struct cf_update_options *options = update->options;
	char path[CF_PATH_BYTES], folder[CF_PATH_BYTES], target[CF_PATH_BYTES];
	char before[CF_PATH_BYTES], ending[32];
	enum cf_status status;

	(void)snprintf(
	    ending, sizeof ending, ".%llu", (unsigned long long)update->statement.serial);
	(void)cf_update_path(options->folder, options->name, ending, folder);
	(void)snprintf(target, sizeof target, ".packs/%s%s", options->name, ending);
	cf_update_linked(options->folder, options->name, before);
	if (access(folder, F_OK) == 0 && cf_bundle_remove(folder) != CF_OK)
		return cf_update_failed(folder, "remove the former", CF_EIO, error);
	if (rename(update->staged, folder) != 0)
		return cf_update_failed(folder, "put in place", CF_EIO, error);
	update->staged[0] = '\0';
	status = keep_file(options, ".bundle", update->bundle, update->bundle_len, error);
	if (status == CF_OK)
		status = keep_file(
		    options, ".bundle.minisig", update->signature, update->signature_len, error);
	(void)snprintf(path, sizeof path, "%s/.packs/serials.tsv", options->folder);
	if (status == CF_OK)
		status = cf_keyring_note(path, update->key_id, &update->statement, error);
	if (status == CF_OK)
		status = switch_link(options, target, error);
	if (status != CF_OK)
		return status;
	prune(options, target + strlen(".packs/"), before);
	return keep_file(options, ".tag", update->tag, strlen(update->tag), error);
}

void cf_update_done(struct cf_update *update)
{
	if (update->staged[0] != '\0')
		(void)cf_bundle_remove(update->staged); /* a leftover in a folder of ours */
	if (update->lock >= 0)
		(void)close(update->lock); /* and the lock with it */
	cf_pack_free(update->before);
	cf_pack_free(update->after);
	free(update->bundle);
	free(update->signature);
}
