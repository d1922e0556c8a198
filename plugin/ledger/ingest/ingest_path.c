/* Which logs are read: one, one with its rotated files, or a folder's. */

#include "ledger/ingest/ingest.h"

#include "ledger/ingest/ingest_private.h"
#include "records/files/log_name.h"
#include "records/read/reader.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum cf_status cf_ingest_new(struct cf_ledger *ledger, const struct cf_ingest_options *options,
    struct cf_ingest **ingest_out, struct cf_error *error)
{
	struct cf_ingest *ingest = calloc(1, sizeof *ingest);

	if (ingest == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	ingest->ledger = ledger;
	ingest->options = *options;
	if (ingest->options.commit_lines == 0)
		ingest->options.commit_lines = CF_BATCH_LINES;
	ingest->record = calloc(1, sizeof *ingest->record);
	enum cf_status status = ingest->record == NULL
	    ? cf_error_set(error, CF_ENOMEM, "no memory")
	    : cf_batch_new(ledger, &ingest->batch, error);

	if (status != CF_OK) {
		cf_ingest_free(ingest);
		return status;
	}
	if (options->shares)
		cf_batch_share(ingest->batch);
	*ingest_out = ingest;
	return CF_OK;
}

void cf_ingest_free(struct cf_ingest *ingest)
{
	if (ingest == NULL)
		return;
	cf_batch_free(ingest->batch);
	cf_seals_free(ingest->left);
	free(ingest->record);
	free(ingest);
}

const struct cf_ingest_counts *cf_ingest_counts(const struct cf_ingest *ingest)
{
	return &ingest->counts;
}

/* Tells why the file is no log that can be read, and goes on with the others. */
static void pass_over(struct cf_ingest *ingest, const char *path, const char *why)
{
	char text[CF_ERROR_TEXT_BYTES];

	snprintf(text, sizeof text, "cannot read log '%s': %s", path, why);
	cf_ingest_notice(ingest, text);
	ingest->had_failures = true;
}

static enum cf_status ingest_file(
    struct cf_ingest *ingest, const char *path, struct cf_error *error)
{
	struct ingest_look look = {.stat = ""};
	struct stat st;

	if (cf_ingest_is_stopped(ingest))
		return CF_OK;
	ingest->counts.files++;
	if (strcmp(path, "-") == 0)
		return cf_ingest_log(ingest, path, &look, error);
	/* Taken before reading: what is appended meanwhile makes another text next time. */
	if (stat(path, &st) != 0) {
		pass_over(ingest, path, strerror(errno));
		return CF_OK;
	}
	if (strcmp(path, "/dev/null") == 0)
		return CF_OK; /* a log without lines */
	if (strncmp(path, "/dev/fd/", 8) == 0)
		return cf_ingest_log(ingest, path, &look, error); /* given on purpose */
	if (!S_ISREG(st.st_mode)) { /* a FIFO has no end, a device neither */
		pass_over(ingest, path, "not a regular file");
		return CF_OK;
	}
	look.written_wall_s = st.st_mtim.tv_sec;
	snprintf(look.stat, sizeof look.stat, "%llx:%llx:%lld:%lld.%09ld",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, (long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (cf_batch_knows_stat(ingest->batch, look.stat)) {
		ingest->counts.files_unchanged++;
		return CF_OK;
	}
	return cf_ingest_log(ingest, path, &look, error);
}

/* The next file of a log whose file before is that one (NULL: none). What that left is for this one
 * alone. */
static enum cf_status ingest_next(
    struct cf_ingest *ingest, const char *path, const char *before, struct cf_error *error)
{
	struct cf_seals *left = ingest->left;

	if (before == NULL) {
		cf_seals_free(left);
		ingest->left = left = NULL;
	}
	ingest->before = before;
	enum cf_status status = ingest_file(ingest, path, error);

	ingest->before = NULL;
	if (ingest->left == left) { /* not read: unchanged, or not to be opened */
		cf_seals_free(left);
		ingest->left = NULL;
	}
	return status;
}

static enum cf_status ingest_set(struct cf_ingest *ingest, const char *path, struct cf_error *error)
{
	struct cf_log_set set = {0};
	enum cf_status status = cf_log_set_find(path, &set);

	if (status != CF_OK)
		return cf_error_set(error, status, "cannot look for logs like '%s': %s", path,
		    status == CF_EIO ? strerror(errno) : cf_status_text(status));
	bool is_there = false;

	for (size_t i = 0; i < set.count; i++)
		is_there = is_there || strcmp(set.paths[i], path) == 0;
	/* A file that is there is read, whatever its name looks like: one rotated log alone, say.
	 */
	if (!is_there && access(path, F_OK) == 0) {
		status = ingest_next(ingest, path, NULL, error);
	} else if (set.count == 0) {
		char text[PATH_MAX + 64];

		snprintf(text, sizeof text, "no log '%s'", path);
		cf_ingest_notice(ingest, text);
		ingest->had_failures = true;
	}
	for (size_t i = 0; i < set.count && status == CF_OK; i++)
		status = ingest_next(ingest, set.paths[i], i == 0 ? NULL : set.paths[i - 1], error);
	cf_log_set_done(&set);
	return status;
}

/* hits.jsonl, hits.jsonl.1, hits-20240930.jsonl.zst ...: not what lies beside a log (open folds,
 * status files), keys or notes. */
static bool is_log_name(const char *name)
{
	static const char suffix[] = ".jsonl";
	const char *end = strstr(name, suffix);
	char base[NAME_MAX + 1];
	struct cf_log_name parsed;

	if (name[0] == '.' || end == NULL)
		return false;
	snprintf(base, sizeof base, "%.*s", (int)(end - name) + (int)sizeof suffix - 1, name);
	return cf_log_name_parse(name, base, &parsed);
}

static int is_log_or_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	    (is_log_name(entry->d_name) || entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
}

/* The entries of a folder, by_length(), and which of them were taken. */
struct folder {
	const char *path;
	struct dirent **entries;
	bool *taken;
	int count;
};

/* Logs by the length of their names: before hits.jsonl.1 and hits.1.jsonl comes hits.jsonl, which
 * tells what belongs together. */
static int by_length(const struct dirent **a, const struct dirent **b)
{
	size_t x = strlen((*a)->d_name), y = strlen((*b)->d_name);

	return x != y ? (x > y) - (x < y) : strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes the entry of this path, if it lies in the folder and was not taken. */
static bool take_entry(struct folder *folder, const char *path)
{
	size_t len = strlen(folder->path), name_len;
	int low = 0, high = folder->count;

	if (strncmp(path, folder->path, len) != 0 || path[len] != '/')
		return false;
	name_len = strlen(path + len + 1);
	while (low < high) {
		int middle = low + (high - low) / 2;
		const char *name = folder->entries[middle]->d_name;
		size_t x = strlen(name);
		int order =
		    x != name_len ? (x > name_len) - (x < name_len) : strcmp(name, path + len + 1);

		if (order == 0) {
			bool was_taken = folder->taken[middle];

			folder->taken[middle] = true;
			return !was_taken;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* All files of the log that one of this name is of, oldest first, as far as they lie here. */
static enum cf_status ingest_log_of(
    struct cf_ingest *ingest, struct folder *folder, const char *name, struct cf_error *error)
{
	struct cf_log_set set = {0};
	const char *before = NULL, *end = strstr(name, ".jsonl");
	char base[PATH_MAX];

	if (end == NULL ||
	    (size_t)snprintf(base, sizeof base, "%s/%.*s.jsonl", folder->path, (int)(end - name),
	        name) >= sizeof base ||
	    cf_log_set_find(base, &set) != CF_OK)
		return CF_OK; /* then they are read one by one */
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < set.count && status == CF_OK; i++)
		if (take_entry(folder, set.paths[i])) {
			status = ingest_next(ingest, set.paths[i], before, error);
			before = set.paths[i];
		}
	cf_log_set_done(&set);
	return status;
}

static enum cf_status ingest_folder(
    struct cf_ingest *ingest, const char *path, struct cf_error *error);

static enum cf_status ingest_entry(
    struct cf_ingest *ingest, struct folder *folder, int at, struct cf_error *error)
{
	const char *name = folder->entries[at]->d_name;
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder->path, name) >= sizeof path)
		return CF_OK;
	/* Links to folders are not followed: they may lead back up. */
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return ingest_folder(ingest, path, error);
	if (!is_log_name(name))
		return CF_OK;
	enum cf_status status = ingest_log_of(ingest, folder, name, error);

	if (status == CF_OK && take_entry(folder, path))
		status = ingest_next(ingest, path, NULL, error);
	return status;
}

static enum cf_status ingest_folder(
    struct cf_ingest *ingest, const char *path, struct cf_error *error)
{
	struct folder folder = {.path = path};
	enum cf_status status = CF_OK;

	folder.count = scandir(path, &folder.entries, is_log_or_folder, by_length);
	if (folder.count < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read folder '%s': %s", path, strerror(errno));
	folder.taken = calloc((size_t)folder.count + 1, sizeof *folder.taken);
	if (folder.taken == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	for (int i = 0; i < folder.count && status == CF_OK; i++)
		if (!folder.taken[i])
			status = ingest_entry(ingest, &folder, i, error);
	for (int i = 0; i < folder.count; i++)
		free(folder.entries[i]);
	free(folder.entries);
	free(folder.taken);
	return status;
}

enum cf_status cf_ingest_path(
    struct cf_ingest *ingest, const char *path, bool with_siblings, struct cf_error *error)
{
	struct stat st;
	enum cf_status status;

	ingest->had_failures = false;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		status = ingest_folder(ingest, path, error);
	else if (with_siblings && strcmp(path, "-") != 0)
		status = ingest_set(ingest, path, error);
	else
		status = ingest_next(ingest, path, NULL, error);
	if (status == CF_OK && ingest->had_failures)
		return cf_error_set(error, CF_EIO, "not every log could be read; the others count");
	return status;
}

struct cf_batch *cf_ingest_batch(struct cf_ingest *ingest)
{
	return ingest->batch;
}

void cf_ingest_abandon(struct cf_ingest *ingest)
{
	cf_batch_abandon(ingest->batch);
}

enum cf_status cf_ingest_finish(struct cf_ingest *ingest, struct cf_error *error)
{
	return cf_batch_commit(ingest->batch, error);
}
