/* What log_queue.c (going on) and log_queue_rewind.c (where to begin) share; nobody else includes
 * it. */
#pragma once

#include "fleet/wire/segment.h"
#include "records/read/reader.h"

#include <time.h>

/* A writer of this log, and its segment so far. */
struct cf_queue_writer {
	struct cf_bundle_writer name;
	struct cf_segment_reader segment;
};

struct cf_log_queue {
	char *path;
	const volatile int *stop;
	struct cf_reader *reader; /* NULL: nothing is open */
	bool is_compressed;
	time_t left_mono_s; /* since when the open file is not the newest; 0: it is */
	struct cf_queue_writer **writers;
	size_t writer_count, writer_size;
	struct cf_queue_writer *given; /* whose segment the caller looks at; NULL */
	struct cf_record *record;
};

/* All that was read is forgotten. */
void cf_log_queue_forget(struct cf_log_queue *queue);
/* CF_EIO, CF_ENOMEM; then nothing is open. */
enum cf_status cf_log_queue_open(
    struct cf_log_queue *queue, const char *path, struct cf_error *error) CF_MUST_CHECK;
