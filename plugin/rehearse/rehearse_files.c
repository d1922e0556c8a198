/* Files, sets of rotated files, folders. */

#include "rehearse/rehearse_files.h"

#include "base/limits.h"
#include "records/files/log_set.h"
#include "records/read/reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

CF_PRINTF(2, 3)
static void tell(struct cf_rehearsed_logs *logs, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + CF_PATH_BYTES];
	va_list args;

	logs->had_failures = true;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	logs->notice(logs->arg, text);
}

/*
 * The writer's privacy mode stands in its start record or next heartbeat, perhaps behind hits:
 * looks for it first. What cannot be read is told of by take_file().
 */
static enum cf_status learn_privacy(struct cf_rehearsed_logs *logs, const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_error unused;
	struct cf_line line;
	enum cf_status status = CF_OK;
	bool is_known = false;

	if (strcmp(path, "-") == 0 || cf_reader_open(path, &reader, &unused) != CF_OK)
		return CF_OK;
	for (enum cf_read got = CF_READ_SKIPPED; status == CF_OK && !is_known;) {
		got = cf_reader_next(reader, logs->record, &line);
		if (got == CF_READ_END || got == CF_READ_FAILED)
			break;
		if (got != CF_READ_RECORD)
			continue;
		is_known = logs->record->report.privacy.len > 0;
		status = cf_rehearsal_learn(logs->rehearsal, logs->record);
	}
	cf_reader_close(reader);
	return status;
}

static enum cf_status take_file(struct cf_rehearsed_logs *logs, const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_error error = {0};
	struct cf_line line;
	enum cf_read got;
	enum cf_status status = learn_privacy(logs, path);

	if (status != CF_OK)
		return status;
	status = cf_reader_open(path, &reader, &error);
	if (status != CF_OK) {
		tell(logs, "%s", error.text);
		return CF_OK;
	}
	while (
	    status == CF_OK && (got = cf_reader_next(reader, logs->record, &line)) != CF_READ_END) {
		if (got == CF_READ_FAILED) {
			tell(logs, "%s", cf_reader_error(reader)->text);
			break;
		}
		if (got == CF_READ_RECORD)
			status = cf_rehearsal_take(logs->rehearsal, logs->record);
		logs->lines++;
		if (logs->progress != NULL)
			logs->progress(logs->arg, logs->lines);
	}
	cf_reader_close(reader);
	return status;
}

static enum cf_status take_set(struct cf_rehearsed_logs *logs, const char *path)
{
	struct cf_log_set set = {0};
	enum cf_status status = cf_log_set_find(path, &set);

	if (status != CF_OK || set.count == 0) {
		tell(logs, "no log '%s'", path);
		return CF_OK;
	}
	for (size_t i = 0; i < set.count && status == CF_OK; i++)
		status = take_file(logs, set.paths[i]);
	cf_log_set_done(&set);
	return status;
}

static enum cf_status take_folder(struct cf_rehearsed_logs *logs, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	enum cf_status status = CF_OK;

	if (count < 0) {
		tell(logs, "cannot read '%s': %s", folder, strerror(errno));
		return CF_OK;
	}
	for (int i = 0; i < count; i++) {
		char path[CF_PATH_BYTES];

		if (status == CF_OK && strstr(entries[i]->d_name, ".jsonl") != NULL &&
		    (size_t)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) <
		        sizeof path)
			status = take_file(logs, path);
		free(entries[i]);
	}
	free(entries);
	return status;
}

enum cf_status cf_rehearse_log(struct cf_rehearsed_logs *logs, const char *path)
{
	struct stat about;
	enum cf_status status;

	logs->record = calloc(1, sizeof *logs->record);
	if (logs->record == NULL)
		return CF_ENOMEM;
	status = stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? take_folder(logs, path)
	                                                           : take_set(logs, path);
	free(logs->record);
	return status;
}
