/*
 * The table in the kernel, through libnftables: put in force in one transaction, read back,
 * removed. Only `inet curfew` is ever named.
 *
 * Needs CAP_NET_ADMIN in the network namespace. One thread; a handle is for one caller.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "egress/table/ruleset.h"

struct cf_kernel;

/* CF_ENOMEM. Close with cf_kernel_close(); NULL is fine there. */
enum cf_status cf_kernel_open(struct cf_kernel **kernel_out) CF_MUST_CHECK;
void cf_kernel_close(struct cf_kernel *kernel);

/*
 * Runs a transaction. CF_EIO with what the kernel or the parser said, first line; what was in force
 * stays. dry_run: it is only parsed and looked at.
 */
enum cf_status cf_kernel_run(struct cf_kernel *kernel, const char *ruleset, bool dry_run,
    struct cf_error *error) CF_MUST_CHECK;

/* What is in force. */
struct cf_kernel_state {
	bool present;
	char comment[CF_EGRESS_COMMENT_BYTES];
	uint8_t digest[CF_SHA256_BYTES]; /* of the table as the kernel lists it, without counters */
	bool whole;                      /* with the elements of its sets, or their heads alone */
	struct cf_egress_totals totals[CF_COUNTERS];
};

/* The counters alone. CF_ENOTFOUND: there is no table; CF_EIO as cf_kernel_read(). */
enum cf_status cf_kernel_totals(struct cf_kernel *kernel,
    struct cf_egress_totals totals_out[CF_COUNTERS], struct cf_error *error) CF_MUST_CHECK;

/*
 * Reads it. whole: with the elements of sets, for which the kernel takes a time that grows with the
 * square of their number: some ten thousand at most. CF_EIO: not allowed, or the kernel has no
 * nftables; *error says what.
 */
enum cf_status cf_kernel_read(struct cf_kernel *kernel, bool whole,
    struct cf_kernel_state *state_out, struct cf_error *error) CF_MUST_CHECK;

/* The table as text that cf_kernel_run() puts back; the caller's, to be freed. NULL text: no table.
 */
enum cf_status cf_kernel_save(
    struct cf_kernel *kernel, char **text_out, struct cf_error *error) CF_MUST_CHECK;

/* Removes the table; CF_OK when there is none. */
enum cf_status cf_kernel_remove(struct cf_kernel *kernel, struct cf_error *error) CF_MUST_CHECK;
