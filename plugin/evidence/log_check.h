/*
 * One pass over logs: their chains of seals, held against keys and witnessed seals, and the
 * verdicts of their hits. One thread; several at once with judges, keys and witnesses of their own.
 */
#pragma once

#include "evidence/judge.h"
#include "records/read/verify.h"

struct cf_log_check {
	struct cf_judge *judge; /* given */
	struct cf_verify *verify;
	struct cf_record *record;
	/* Paths that others refer to until the end. */
	struct cf_log_set *sets;
	size_t set_count, set_size;
};

/* report gets each finding about a chain. CF_ENOMEM. cf_log_check_done() in any case. */
enum cf_status cf_log_check_init(struct cf_log_check *check, struct cf_judge *judge,
    const struct cf_verify_with *with, cf_verify_report *report, void *context) CF_MUST_CHECK;

/*
 * A log and its rotated files, oldest first; is_last: no other comes. CF_EIO: one cannot be read;
 * CF_ENOTFOUND: there is none; CF_ENOMEM. *error says which.
 */
enum cf_status cf_log_check_set(struct cf_log_check *check, const char *path, bool is_last,
    struct cf_error *error) CF_MUST_CHECK;

/* Reports what is still open. */
void cf_log_check_finish(struct cf_log_check *check, struct cf_verify_summary *summary_out);
void cf_log_check_done(struct cf_log_check *check);
