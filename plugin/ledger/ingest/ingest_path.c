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
		status = ingest_file(ingest, path, error);
	} else if (set.count == 0) {
		char text[PATH_MAX + 64];

		snprintf(text, sizeof text, "no log '%s'", path);
		cf_ingest_notice(ingest, text);
		ingest->had_failures = true;
	}
	for (size_t i = 0; i < set.count && status == CF_OK; i++)
		status = ingest_file(ingest, set.paths[i], error);
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

static enum cf_status ingest_folder(
    struct cf_ingest *ingest, const char *folder, struct cf_error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_log_or_folder, alphasort);
	enum cf_status status = CF_OK;

	if (count < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read folder '%s': %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (status == CF_OK &&
		    (size_t)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) <
		        sizeof path) {
			struct stat st;

			/* Links to folders are not followed: they may lead back up. */
			if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
				status = ingest_folder(ingest, path, error);
			else if (is_log_name(entries[i]->d_name))
				status = ingest_file(ingest, path, error);
		}
		free(entries[i]);
	}
	free(entries);
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
		status = ingest_file(ingest, path, error);
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
