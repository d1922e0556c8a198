/*
 * What `curfew log verify` holds a log against, from its command line: keys, witnesses, time
 * stamps, and the time it is to cover. One thread.
 */
#pragma once

#include "cli/front/options.h"
#include "records/read/vouchers.h"

/* Files of witnesses that one command line names. */
#define LOG_WITNESS_FILES 64

struct log_vouch {
	struct cf_vouchers vouchers;
	struct {
		const char *path, *reply; /* reply: of a time stamp over path; NULL: none */
	} witnesses[LOG_WITNESS_FILES];
	unsigned witness_count;
	const char *ca_file; /* certificates of time stamp authorities */
	const char *from, *to, *sensor;
};

/* For CLI_VALUE on a struct log_vouch: --key, --seal and --tsr. */
bool log_vouch_take_key(void *place, const struct cli_given *given);
bool log_vouch_take_seal(void *place, const struct cli_given *given);
bool log_vouch_take_reply(void *place, const struct cli_given *given);

/*
 * Reads the witnesses and fills in *with. False with the exit code after a message; witnesses come
 * before the log is opened, so that what is sealed meanwhile is not missing.
 */
bool log_vouch_open(struct log_vouch *vouch, struct cf_verify_with *with, int *exit_out);
void log_vouch_done(struct log_vouch *vouch);
