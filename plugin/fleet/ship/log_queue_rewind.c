/* The file of a log in which reading begins. */

#include "fleet/ship/log_queue.h"
#include "fleet/ship/log_queue_private.h"

#include "base/array.h"
#include "records/files/log_set.h"

#include <stdlib.h>

/* All writers of a file seal within this time of each other: they do so once a minute. */
#define SEALS_US INT64_C(180000000)

/* First seals of the writers of one file. */
struct beginning {
	struct cf_bundle_writer *told; /* writers whose first seal was seen */
	size_t count, size;
	int64_t first_wall_us;
};

static bool is_told(const struct beginning *beginning, const struct cf_bundle_writer *name)
{
	for (size_t i = 0; i < beginning->count; i++)
		if (cf_bundle_writer_equal(&beginning->told[i], name))
			return true;
	return false;
}

static enum cf_status note_told(struct beginning *beginning, const struct cf_bundle_writer *name)
{
	struct cf_bundle_writer *told =
	    cf_array_grow(beginning->told, beginning->count, 1, &beginning->size, sizeof *told);

	if (told == NULL)
		return CF_ENOMEM;
	beginning->told = told;
	told[beginning->count++] = *name;
	return CF_OK;
}

/* *enough_out: the store has the first seal of each writer that seals at the file's beginning. */
static enum cf_status ask_beginning(struct cf_log_queue *queue, struct cf_reader *reader,
    struct beginning *beginning, cf_log_queue_has *has, void *arg, bool *enough_out)
{
	const struct cf_record *record = queue->record;
	struct cf_bundle_writer name;
	struct cf_line line;
	enum cf_read got;

	while ((got = cf_reader_next(reader, queue->record, &line)) != CF_READ_END) {
		bool has_all = false;
		enum cf_status status;

		if (got == CF_READ_FAILED)
			return CF_EIO;
		if (got == CF_READ_SKIPPED)
			continue;
		if (beginning->count > 0 &&
		    record->at_wall_us - beginning->first_wall_us > SEALS_US)
			break;
		if (record->seal.sha256.len == 0 || record->seal.seq == 0 ||
		    !cf_segment_writer(record, &name) || is_told(beginning, &name))
			continue;
		if (beginning->count == 0)
			beginning->first_wall_us = record->at_wall_us;
		status = note_told(beginning, &name);
		if (status == CF_OK)
			status = has(arg, &name, record->seal.seq, &has_all);
		if (status != CF_OK || !has_all)
			return status;
	}
	*enough_out = beginning->count > 0;
	return CF_OK;
}

/* A file that cannot be read is passed over here: if it is needed it will be said then. */
static enum cf_status is_enough(struct cf_log_queue *queue, const char *path, cf_log_queue_has *has,
    void *arg, bool *enough_out)
{
	struct beginning beginning = {.count = 0};
	struct cf_reader *reader;
	enum cf_status status;

	*enough_out = false;
	if (cf_reader_open_until(path, queue->stop, &reader, NULL) != CF_OK)
		return CF_OK;
	status = ask_beginning(queue, reader, &beginning, has, arg, enough_out);
	free(beginning.told);
	cf_reader_close(reader);
	return status == CF_EIO ? CF_OK : status;
}

enum cf_status cf_log_queue_rewind(
    struct cf_log_queue *queue, cf_log_queue_has *has, void *arg, struct cf_error *error)
{
	struct cf_log_set set = {.count = 0};
	enum cf_status status = cf_log_set_find(queue->path, &set);
	size_t at;
	bool enough = false;

	cf_log_queue_forget(queue);
	if (status != CF_OK)
		return cf_error_set(
		    error, status, "cannot look for files of log '%s'", queue->path);
	for (at = set.count; at > 0 && !enough && status == CF_OK; at--)
		status = is_enough(queue, set.paths[at - 1], has, arg, &enough);
	if (status != CF_OK)
		(void)cf_error_set(error, status, "the store cannot be asked");
	else if (set.count == 0)
		status = cf_error_set(error, CF_ENOTFOUND, "no log '%s' yet", queue->path);
	else
		status = cf_log_queue_open(queue, set.paths[at], error);
	cf_log_set_done(&set);
	return status;
}
