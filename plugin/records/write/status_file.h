/*
 * The status file beside the hit log: one small JSON object with the counters, replaced by rename
 * so that a reader never sees half of it. Belongs to the writer's thread.
 */
#pragma once

#include "records/write/log.h"
#include "records/write/trouble.h"
#include "records/write/writer.h"

struct cf_status_file {
	char *path; /* NULL: none wanted */
	int early;  /* opened while there were rights to, and written in place; -1: not */
	int64_t next_us;
	struct cf_log_stats told;
	int64_t told_us;
	struct cf_trouble trouble;
};

/* path may be NULL. CF_ENOMEM. */
enum cf_status cf_status_file_init(struct cf_status_file *status, const char *path) CF_MUST_CHECK;
/* Opens it now, to be written in place: for who cannot make files there later. */
void cf_status_file_open_early(struct cf_status_file *status);
void cf_status_file_done(struct cf_status_file *status);

/* At most once a second. */
bool cf_status_file_is_due(struct cf_status_file *status, int64_t now_us);

/*
 * Writes the file unless nothing changed within the last ten seconds. members are the caller's own.
 * A file that cannot be written is left as it was: its age tells, and teller is told once.
 */
void cf_status_file_write(struct cf_status_file *status, const struct cf_writer *writer,
    const struct cf_log_stats *stats, const char *members, size_t members_len, bool last);
/* How often it could not be written. */
uint64_t cf_status_file_failures(const struct cf_status_file *status);
