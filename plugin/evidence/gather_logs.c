/* The logs of an evidence: which files of which, and logs.tsv. */

#include "evidence/gather.h"

#include "base/file_writer.h"
#include "evidence/segments.h"
#include "ledger/origin.h"
#include "ledger/store/ledger.h"
#include "records/files/log_set.h"
#include "records/read/reader.h"
#include "trust/crate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Logs being gathered. */
struct logs {
	const char *root;
	const struct cf_evidence_sources *sources;
	FILE *list; /* logs.tsv */
	unsigned count;
	struct cf_record *record;
};

/* The instant of the first record of a file; 0 when there is none. */
static int64_t first_of(struct logs *logs, const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_error error;
	struct cf_line line;
	int64_t first = 0;
	enum cf_read got;

	if (cf_reader_open(path, &reader, &error) != CF_OK)
		return 0;
	while (first == 0 &&
	    ((got = cf_reader_next(reader, logs->record, &line)) == CF_READ_RECORD ||
	        got == CF_READ_SKIPPED))
		if (got == CF_READ_RECORD)
			first = logs->record->at_wall_us / 1000000;
	cf_reader_close(reader);
	return first;
}

/* Whether the file may have something of the interval: what begins after its end, and what ends,
 * by the beginning of the next one, before its beginning, has not. */
static bool is_wanted(struct logs *logs, const struct cf_log_set *set, size_t i)
{
	const struct cf_evidence_sources *sources = logs->sources;

	if (sources->to_wall_s != 0 && first_of(logs, set->paths[i]) > sources->to_wall_s)
		return false;
	if (sources->from_wall_s == 0 || i + 1 == set->count)
		return true;
	int64_t next = first_of(logs, set->paths[i + 1]);

	return next == 0 || next >= sources->from_wall_s;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static enum cf_status copy_file(const char *from, const char *folder, struct cf_error *error)
{
	char to[CF_PATH_BYTES + 300];
	enum cf_status status;

	if (!cf_crate_name_ok(base_of(from)))
		return cf_error_set(
		    error, CF_EINVALID, "'%s' has a name that cannot be packed", from);
	(void)snprintf(to, sizeof to, "%s/%s", folder, base_of(from));
	status = cf_evidence_copy(from, to, error);
	return status == CF_ENOTFOUND
	    ? cf_error_set(error, CF_EIO, "'%s' was there and is gone", from)
	    : status;
}

/* Of a name that says how it is compressed, what stands before: what is cut out is not. */
static size_t plain_length(const char *base)
{
	static const char *const endings[] = {".gz", ".zst", ".xz", ".bz2"};
	size_t len = strlen(base);

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && strcmp(base + len - ending, endings[i]) == 0)
			return len - ending;
	}
	return len;
}

/* What of the file the interval needs; *copied_out: is there anything. */
static enum cf_status copy_part(struct logs *logs, const char *from, const char *folder,
    bool *copied_out, struct cf_error *error)
{
	const struct cf_evidence_sources *sources = logs->sources;
	struct cf_segments_counts counts = {.lines = 0};
	const char *base = base_of(from);
	char to[CF_PATH_BYTES + 300];
	enum cf_status status;

	*copied_out = true;
	if (!cf_crate_name_ok(base) || (sources->from_wall_s == 0 && sources->to_wall_s == 0))
		return copy_file(from, folder, error);
	(void)snprintf(to, sizeof to, "%s/%.*s", folder, (int)plain_length(base), base);
	status =
	    cf_segments_copy(from, to, sources->from_wall_s, sources->to_wall_s, &counts, error);
	if (status != CF_OK)
		return status;
	if (counts.kept == counts.lines)
		return copy_file(from, folder, error);
	*copied_out = counts.kept > 0;
	if (*copied_out)
		cf_evidence_tell(&sources->notices,
		    "'%s': %llu of %llu lines, from and to the seals around the interval", from,
		    (unsigned long long)counts.kept, (unsigned long long)counts.lines);
	return CF_OK;
}

static enum cf_status copy_set(
    struct logs *logs, const char *path, const struct cf_log_set *set, struct cf_error *error)
{
	char name[64], folder[CF_PATH_BYTES];
	size_t copied = 0;
	enum cf_status status;

	(void)snprintf(name, sizeof name, "logs/%u", logs->count);
	status = cf_evidence_folder(logs->root, name, folder, error);
	for (size_t i = 0; i < set->count && status == CF_OK; i++) {
		if (!is_wanted(logs, set, i))
			continue;
		bool is_copied = false;

		status = copy_part(logs, set->paths[i], folder, &is_copied, error);
		copied += is_copied;
	}
	if (status == CF_OK && copied > 0) {
		(void)fprintf(logs->list, "%u\t%s\n", logs->count, base_of(path));
		logs->count++;
	}
	return status;
}

static enum cf_status take_log(struct logs *logs, const char *path, struct cf_error *error)
{
	struct cf_log_set set = {0};
	enum cf_status status;

	if (logs->count == CF_EVIDENCE_LOGS)
		return cf_error_set(
		    error, CF_EINVALID, "more than %d logs; name those meant", CF_EVIDENCE_LOGS);
	if (cf_log_set_find(path, &set) != CF_OK || set.count == 0)
		status = cf_error_set(error, CF_EIO, "no log '%s'", path);
	else
		status = copy_set(logs, path, &set, error);
	cf_log_set_done(&set);
	return status;
}

static int is_log(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 6 && strcmp(entry->d_name + len - 6, ".jsonl") == 0;
}

/* Every NAME.jsonl in the folder, with its rotated files. */
static enum cf_status take_folder(struct logs *logs, const char *folder, struct cf_error *error)
{
	struct dirent **found = NULL;
	char path[CF_PATH_BYTES];
	int total = scandir(folder, &found, is_log, alphasort);
	enum cf_status status =
	    total < 0 ? cf_error_set(error, CF_EIO, "'%s': %s", folder, strerror(errno)) : CF_OK;

	for (int i = 0; i < total; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
		if (status == CF_OK)
			status = take_log(logs, path, error);
		free(found[i]);
	}
	free(found);
	return status;
}

static enum cf_status take_path(struct logs *logs, const char *path, struct cf_error *error)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? take_folder(logs, path, error)
	                                                         : take_log(logs, path, error);
}

/* True when an earlier log of the ledger lies in the same folder as the one at i. */
static bool is_known(const struct cf_origin *origin, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(origin->logs[j].folder, origin->logs[i].folder) == 0)
			return true;
	return false;
}

/* The folders of the logs that the ledger was made from, each once. */
static enum cf_status take_known(struct logs *logs, struct cf_error *error)
{
	const struct cf_ledger_options options = {.path = logs->sources->ledger,
	    .mode = CF_LEDGER_READ,
	    .now_wall_s = logs->sources->now_wall_s};
	struct cf_ledger *ledger = NULL;
	struct cf_origin *origin = NULL;
	enum cf_status status = cf_ledger_open(&options, &ledger, NULL, error);

	if (status == CF_OK)
		status = cf_origin_read(ledger, false, &origin, error);
	for (size_t i = 0; status == CF_OK && i < origin->log_count; i++)
		if (!is_known(origin, i))
			status = take_folder(logs, origin->logs[i].folder, error);
	cf_origin_free(origin);
	cf_ledger_close(ledger);
	return status == CF_ENOTFOUND ? CF_EIO : status; /* *error has the words */
}

static enum cf_status take_all(struct logs *logs, struct cf_error *error)
{
	const struct cf_evidence_sources *sources = logs->sources;
	enum cf_status status = CF_OK;

	for (int i = 0; i < sources->log_count && status == CF_OK; i++)
		status = take_path(logs, sources->logs[i], error);
	if (status == CF_OK && sources->log_count == 0)
		status = take_known(logs, error);
	if (status == CF_OK && logs->count == 0)
		status = cf_error_set(error, CF_EIO, "no log of that time; name the logs");
	return status;
}

enum cf_status cf_evidence_gather_logs(
    const char *root, const struct cf_evidence_sources *sources, struct cf_error *error)
{
	struct logs logs = {
	    .root = root, .sources = sources, .record = malloc(sizeof *logs.record)};
	char path[CF_PATH_BYTES], folder[CF_PATH_BYTES];
	struct cf_file_writer writer;
	enum cf_status status = logs.record == NULL
	    ? cf_error_set(error, CF_ENOMEM, "no memory")
	    : cf_evidence_folder(root, "logs", folder, error);

	if (status != CF_OK) {
		free(logs.record);
		return status;
	}
	(void)snprintf(path, sizeof path, "%s/logs.tsv", root);
	if (cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE) != CF_OK) {
		status = cf_file_writer_end(&writer, path, CF_EIO, error);
	} else {
		logs.list = writer.to;
		status = take_all(&logs, error);
		if (status == CF_OK)
			status = cf_file_writer_end(&writer, path, CF_OK, error);
		else
			cf_file_writer_abandon(&writer);
	}
	free(logs.record);
	return status;
}
