/*
 * The large tables of names in memory: an endpoint or a claim (texts and numbers that tell it from
 * all others) to the number of its row in the ledger. A name that the ledger does not have yet
 * waits here until the sums that use it are written; then all that wait go in sorted, with one
 * statement. One thread; within a transaction that the caller opens and ends.
 *
 *   key --> handle (as long as the names are not forgotten) --> number of the row, once written
 */
#pragma once

#include "base/status.h"
#include "ledger/store/terms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_ledger;
struct cf_names;

/* Nothing is read yet: cf_names_forget() begins. A failure of the engine is CF_EIO; CF_ENOMEM. */
enum cf_status cf_names_new(struct cf_ledger *ledger, const struct cf_names_table *table,
    struct cf_names **names_out) CF_MUST_CHECK;
void cf_names_free(struct cf_names *names);

/* Forgets every handle and all that waits. rows: how many the table has, which the caller counts.
 */
void cf_names_forget(struct cf_names *names, int64_t rows);

/*
 * The handle of the name, found here, in the ledger, or made. CF_ETOOBIG when it is new and the
 * table is full (CF_LEDGER_NAMES), CF_EIO when the engine fails, CF_ENOMEM.
 */
enum cf_status cf_names_find(
    struct cf_names *names, struct cf_names_key key, uint32_t *handle_out) CF_MUST_CHECK;

/* The number of its row; 0 while it waits. */
uint32_t cf_names_id(const struct cf_names *names, uint32_t handle);

/* Puts all that waits into the table. A failure of the engine is CF_EIO. */
enum cf_status cf_names_write(struct cf_names *names) CF_MUST_CHECK;

/* Between transactions: forgets handles when there are more than memory is meant for. */
void cf_names_trim(struct cf_names *names);

/* Rows of the table with those that wait. */
int64_t cf_names_rows(const struct cf_names *names);
