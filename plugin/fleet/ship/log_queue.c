#include "fleet/ship/log_queue.h"

#include "fleet/ship/log_queue_private.h"

#include "base/array.h"
#include "records/files/log_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* As long after a file was renamed nobody writes into it any more: writers look once a second. */
#define SETTLED_S 3

enum cf_status cf_log_queue_new(
    const char *path, const volatile int *stop, struct cf_log_queue **queue_out)
{
	struct cf_log_queue *queue = calloc(1, sizeof *queue);

	if (queue == NULL)
		return CF_ENOMEM;
	queue->stop = stop;
	queue->path = strdup(path);
	queue->record = calloc(1, sizeof *queue->record);
	if (queue->path == NULL || queue->record == NULL) {
		cf_log_queue_free(queue);
		return CF_ENOMEM;
	}
	*queue_out = queue;
	return CF_OK;
}

/* All that was read is forgotten. */
void cf_log_queue_forget(struct cf_log_queue *queue)
{
	cf_reader_close(queue->reader);
	queue->reader = NULL;
	queue->left_mono_s = 0;
	for (size_t i = 0; i < queue->writer_count; i++) {
		cf_segment_reader_done(&queue->writers[i]->segment);
		free(queue->writers[i]);
	}
	queue->writer_count = 0;
	queue->given = NULL;
}

void cf_log_queue_free(struct cf_log_queue *queue)
{
	if (queue == NULL)
		return;
	cf_log_queue_forget(queue);
	free(queue->writers);
	free(queue->record);
	free(queue->path);
	free(queue);
}

const char *cf_log_queue_path(const struct cf_log_queue *queue)
{
	return queue->path;
}

/* NULL without memory. */
static struct cf_queue_writer *writer_of(
    struct cf_log_queue *queue, const struct cf_bundle_writer *name)
{
	for (size_t i = queue->writer_count; i > 0; i--)
		if (cf_bundle_writer_equal(&queue->writers[i - 1]->name, name))
			return queue->writers[i - 1];
	struct cf_queue_writer **writers = cf_array_grow(
	    queue->writers, queue->writer_count, 1, &queue->writer_size, sizeof *writers);
	struct cf_queue_writer *writer = calloc(1, sizeof *writer);

	if (writers != NULL)
		queue->writers = writers;
	if (writers == NULL || writer == NULL ||
	    cf_segment_reader_init(&writer->segment) != CF_OK) {
		free(writer);
		return NULL;
	}
	writer->name = *name;
	writers[queue->writer_count++] = writer;
	return writer;
}

enum cf_status cf_log_queue_open(
    struct cf_log_queue *queue, const char *path, struct cf_error *error)
{
	struct cf_file_identity identity;
	enum cf_status status = cf_reader_open_until(path, queue->stop, &queue->reader, error);

	if (status != CF_OK) {
		queue->reader = NULL;
		return status == CF_ENOMEM ? status : CF_EIO;
	}
	cf_reader_identity(queue->reader, &identity);
	queue->is_compressed = identity.compressed;
	return CF_OK;
}

/* ---- from file to file */

static bool is_same(const struct cf_file_identity *a, const struct cf_file_identity *b)
{
	return a->has_first_line && b->has_first_line &&
	    memcmp(a->first_line, b->first_line, sizeof a->first_line) == 0;
}

static bool identify(const char *path, struct cf_file_identity *identity_out)
{
	struct cf_reader *reader;

	if (cf_reader_open(path, &reader, NULL) != CF_OK)
		return false;
	cf_reader_identity(reader, identity_out);
	cf_reader_close(reader);
	return true;
}

/* The place of the open file in the set, told by its first line; set->count: not in it. */
static size_t place_in(const struct cf_log_set *set, const struct cf_file_identity *open)
{
	struct cf_file_identity identity;

	for (size_t i = set->count; i > 0; i--)
		if (identify(set->paths[i - 1], &identity) && is_same(open, &identity))
			return i - 1;
	return set->count;
}

/*
 * The file behind the open one that has a line, or is the newest: its path (the caller's).
 * CF_ENOTFOUND: none yet; CF_EIO: the open one is not there any more. Names may change meanwhile:
 * whoever goes on there sees by the seals whether it was the next.
 */
static enum cf_status path_behind(
    const struct cf_log_queue *queue, char **path_out, struct cf_error *error)
{
	struct cf_file_identity open, other;
	struct cf_log_set set = {.count = 0};
	char *path = NULL;
	size_t at;

	cf_reader_identity(queue->reader, &open);
	if (!open.has_first_line || cf_log_set_find(queue->path, &set) != CF_OK)
		return CF_ENOTFOUND;
	at = place_in(&set, &open);
	for (size_t i = at + 1; i < set.count && path == NULL; i++)
		if (identify(set.paths[i], &other) && (other.has_first_line || i + 1 == set.count))
			path = strdup(set.paths[i]);
	bool is_gone = at == set.count;

	cf_log_set_done(&set);
	*path_out = path;
	if (is_gone)
		return cf_error_set(error, CF_EIO, "'%s' was removed while it was read",
		    cf_reader_path(queue->reader));
	return path == NULL ? CF_ENOTFOUND : CF_OK;
}

static time_t mono_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
	return now.tv_sec + 1;                      /* never 0 */
}

/* Whether nobody writes into the open file any more: it was left long ago, or just now. */
static bool is_settled(struct cf_log_queue *queue)
{
	struct cf_file_identity identity;
	struct stat about;
	time_t now = time(NULL);

	if (queue->left_mono_s == 0)
		queue->left_mono_s = mono_s();
	cf_reader_identity(queue->reader, &identity);
	if (identity.compressed)
		return true;
	if (stat(cf_reader_path(queue->reader), &about) == 0 && about.st_dev == identity.dev &&
	    about.st_ino == identity.ino && about.st_ctime <= now)
		return now - about.st_ctime >= SETTLED_S;
	return mono_s() - queue->left_mono_s > SETTLED_S;
}

/* True while the file at the log's own path is the open one. */
static bool is_newest(const struct cf_log_queue *queue)
{
	return strcmp(cf_reader_path(queue->reader), queue->path) == 0 &&
	    !cf_reader_is_rotated(queue->reader) && !queue->is_compressed;
}

/* At the end of the open file. CF_OK: there is more to read, here or in the next one. */
static enum cf_status go_on(struct cf_log_queue *queue, struct cf_error *error)
{
	struct cf_reader *was = queue->reader;
	char *path = NULL;
	enum cf_status status = is_newest(queue) ? CF_ENOTFOUND : path_behind(queue, &path, error);

	if (status == CF_OK && !is_settled(queue))
		status = CF_EAGAIN;
	if (status == CF_OK)
		status = cf_log_queue_open(queue, path, error);
	free(path);
	if (status != CF_OK) {
		queue->reader = was;
		return status;
	}
	cf_reader_close(was);
	queue->left_mono_s = 0;
	return CF_OK;
}

/* ---- segments */

static enum cf_status take_line(struct cf_log_queue *queue, const struct cf_line *line,
    struct cf_queued *queued, bool *is_whole_out)
{
	struct cf_bundle_writer name;
	enum cf_segment_line what;
	struct cf_queue_writer *writer;

	*is_whole_out = false;
	if (!cf_segment_writer(queue->record, &name))
		return CF_OK; /* nobody that could be sent */
	writer = writer_of(queue, &name);
	if (writer == NULL ||
	    cf_segment_reader_line(&writer->segment, queue->record, line->text, line->len, &what,
	        &queued->segment) != CF_OK)
		return CF_ENOMEM;
	if (what == CF_SEGMENT_OPEN)
		return CF_OK;
	queued->writer = &writer->name;
	queued->lines = writer->segment.held;
	queued->len = writer->segment.held_len;
	queued->holds = what == CF_SEGMENT_HOLDS;
	queue->given = writer;
	*is_whole_out = true;
	return CF_OK;
}

static enum cf_status fail_reading(struct cf_log_queue *queue, struct cf_error *error)
{
	const struct cf_error *why = cf_reader_error(queue->reader);

	if (why->status == CF_EAGAIN)
		return CF_EAGAIN; /* told to stop */
	(void)cf_error_set(
	    error, CF_EIO, "'%.300s': %.180s", cf_reader_path(queue->reader), why->text);
	return CF_EIO;
}

enum cf_status cf_log_queue_next(
    struct cf_log_queue *queue, struct cf_queued *queued_out, struct cf_error *error)
{
	struct cf_line line;
	enum cf_read got;

	if (queue->given != NULL)
		cf_segment_reader_next(&queue->given->segment);
	queue->given = NULL;
	if (queue->reader == NULL)
		return CF_ENOTFOUND;
	for (;;) {
		bool is_whole = false;
		enum cf_status status = CF_OK;

		got = cf_reader_next(queue->reader, queue->record, &line);
		if (got == CF_READ_FAILED)
			return fail_reading(queue, error);
		if (got == CF_READ_END)
			status = go_on(queue, error);
		if (got == CF_READ_RECORD)
			status = take_line(queue, &line, queued_out, &is_whole);
		if (status != CF_OK || is_whole)
			return status;
	}
}

uint64_t cf_log_queue_left(const struct cf_log_queue *queue)
{
	struct cf_log_set set = {.count = 0};
	struct cf_file_identity open, identity;
	struct stat about;
	uint64_t left = 0;
	size_t at;

	if (queue->reader == NULL || cf_log_set_find(queue->path, &set) != CF_OK)
		return 0;
	cf_reader_identity(queue->reader, &open);
	for (at = set.count; at > 0; at--) {
		if (stat(set.paths[at - 1], &about) != 0)
			continue;
		if (identify(set.paths[at - 1], &identity) && is_same(&open, &identity))
			break;
		left += (uint64_t)about.st_size;
	}
	if (at > 0 && !queue->is_compressed &&
	    (uint64_t)about.st_size > cf_reader_offset(queue->reader))
		left += (uint64_t)about.st_size - cf_reader_offset(queue->reader);
	cf_log_set_done(&set);
	return left;
}
