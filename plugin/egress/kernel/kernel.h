/*
 * The table in the kernel: put in force in one transaction, read back, removed. Only `inet curfew`
 * is ever named.
 *
 * Needs CAP_NET_ADMIN in the network namespace. One thread; a handle is for one caller.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"
#include "egress/table/table.h"

struct cf_kernel;

/* CF_ENOMEM. Close with cf_kernel_close(); NULL is fine there. */
enum cf_status cf_kernel_open(struct cf_kernel **kernel_out) CF_MUST_CHECK;
void cf_kernel_close(struct cf_kernel *kernel);

/* What is in force. */
struct cf_kernel_state {
	bool present;
	uint32_t generation; /* of all tables of the machine */
	char comment[CF_EGRESS_COMMENT_BYTES];
	uint8_t digest[CF_SHA256_BYTES]; /* of the table as the kernel lists it, without counters */
	bool whole;                      /* with the elements of its sets, or their heads alone */
	struct cf_egress_totals totals[CF_COUNTERS];
};

/*
 * Puts a table in force. former: the one that is in force, of which state tells: only what differs
 * is sent, and it holds only when nobody changed any table since state was read, else CF_EAGAIN;
 * NULL: whatever there is, is replaced. *messages_out (may be NULL): how many it took. dry_run: the
 * kernel looks at it and nothing changes. CF_EIO, CF_EINVALID with *error: what was in force stays.
 */
enum cf_status cf_kernel_put(struct cf_kernel *kernel, const struct cf_table *former,
    const struct cf_kernel_state *state, const struct cf_table *table, bool dry_run,
    uint32_t *messages_out, struct cf_error *error) CF_MUST_CHECK;

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

/* Removes the table; CF_OK when there is none. */
enum cf_status cf_kernel_remove(struct cf_kernel *kernel, struct cf_error *error) CF_MUST_CHECK;
