/*
 * A sealed log as a queue: its segments one after the other, in the order they were written, across
 * rotation and compression, and on as the log grows. What was handed on is remembered nowhere; who
 * begins anew asks the store how far it is, and rewinds. One thread.
 *
 *   cf_log_queue_rewind(queue, has, arg, &error);
 *   while (cf_log_queue_next(queue, &queued, &error) == CF_OK) ...
 */
#pragma once

#include "fleet/wire/segment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_log_queue;

/* One segment; lines are the queue's until the next call. */
struct cf_queued {
	const struct cf_bundle_writer *writer;
	struct cf_segment segment;
	const char *lines; /* its seal's line the last */
	size_t len;
	bool holds; /* the lines are those that were sealed */
};

/*
 * Whether the store has the segment of this seal, so that no older file is needed: lines of the one
 * behind it may lie before a rotation, but not before this seal. CF_EAGAIN: cannot be known now.
 */
typedef enum cf_status cf_log_queue_has(
    void *arg, const struct cf_bundle_writer *writer, uint64_t seq, bool *has_out);

/* path is copied; stop (may be NULL) ends reading when it is not 0. CF_ENOMEM. */
enum cf_status cf_log_queue_new(
    const char *path, const volatile int *stop, struct cf_log_queue **queue_out) CF_MUST_CHECK;
void cf_log_queue_free(struct cf_log_queue *queue);

/*
 * Goes to the newest file of whose first seals has() says that they are there, else to the oldest.
 * Segments of it that the store has come again. CF_ENOTFOUND: there is no such log yet. CF_EIO,
 * CF_ENOMEM, or what has() gave; then it is to be called again.
 */
enum cf_status cf_log_queue_rewind(struct cf_log_queue *queue, cf_log_queue_has *has, void *arg,
    struct cf_error *error) CF_MUST_CHECK;

/*
 * The next whole segment of any writer. CF_ENOTFOUND: all that is sealed by now was given.
 * CF_EAGAIN: the file was just rotated, and may still be written to; ask again shortly. CF_EIO: a
 * file cannot be read on, *error says why: rewind.
 */
enum cf_status cf_log_queue_next(
    struct cf_log_queue *queue, struct cf_queued *queued_out, struct cf_error *error) CF_MUST_CHECK;

/* Bytes in files that were not read yet, as they lie on disk; those of an open segment count. */
uint64_t cf_log_queue_left(const struct cf_log_queue *queue);
const char *cf_log_queue_path(const struct cf_log_queue *queue);
