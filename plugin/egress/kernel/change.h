/*
 * From one table to another by as few messages as it takes. Only elements that differ are sent, and
 * rules of chains that differ; counters stay as they are and go on. One thread.
 */
#pragma once

#include "egress/kernel/transaction.h"
#include "egress/table/table.h"

/*
 * Adds to the batch what turns former, which is in force, into wanted; former NULL: what replaces
 * whatever there is. CF_EINVALID with *error: wanted cannot be (a user whom nobody knows).
 */
enum cf_status cf_change_add(struct cf_transaction *batch, const struct cf_table *former,
    const struct cf_table *wanted, struct cf_error *error) CF_MUST_CHECK;
