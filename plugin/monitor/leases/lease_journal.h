/*
 * A lease file is a journal: a later row of an address renews, ends or replaces what the earlier
 * ones said (Kea ARM, "memfile"; dhcpd.leases(5): "the last one is used"). Rows go in, in the order
 * of the file; out come intervals, each with the reason for its end.
 *
 *   18:00 alpha for 12 h ─┐
 *   alpha, given back 19:00 ┴─> alpha 18:00 to 19:00, released
 *   19:30 beta for 12 h ──────> beta 19:30 to 07:30, expired (then, if nothing else comes)
 *
 * A row that ends a lease does not always say when: Kea writes the beginning of the lease again.
 * Rows are appended as things happen, so it was not before the latest instant of any row above it.
 *
 * One thread. Holds the latest lease of each address, CF_LEASE_ADDRESSES of them.
 */
#pragma once

#include "monitor/leases/leases.h"

struct cf_lease_journal;

/* What a row says of its address. */
enum cf_lease_row_kind {
	CF_LEASE_RUNS,       /* from the lease's from_wall_s (0: not said) to its to_wall_s */
	CF_LEASE_OVER,       /* it is over, at to_wall_s: the lease's `end` says why */
	CF_LEASE_OVER_SINCE, /* it is over, not before to_wall_s (0: not said), nor before rows
	                        above */
};

/* found gets what comes out; it must not use the journal. CF_ENOMEM. */
enum cf_status cf_lease_journal_new(
    cf_lease_found *found, void *arg, struct cf_lease_journal **journal_out) CF_MUST_CHECK;
void cf_lease_journal_free(struct cf_lease_journal *journal);

/*
 * The next row. *is_used_out is false when it says nothing about who had an address. CF_ENOMEM;
 * CF_ETOOBIG: too many addresses, the row is left out.
 */
enum cf_status cf_lease_journal_row(struct cf_lease_journal *journal, enum cf_lease_row_kind kind,
    const struct cf_lease *lease, bool *is_used_out) CF_MUST_CHECK;

/* Hands out what still runs, in the order in which the addresses came. */
void cf_lease_journal_finish(struct cf_lease_journal *journal);
