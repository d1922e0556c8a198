/*
 * What sensors decided with, in their own words: the image, the policy, the version of curfew, and
 * the packs that hits cite; each with the first and the last instant it was said. The table used.
 *
 * Gathered in memory, since each hit says so again, and written in the transaction of the batch
 * that it belongs to. One thread.
 */
#pragma once

#include "base/limits.h"
#include "ledger/store/ledger.h"

#include <stddef.h>
#include <stdint.h>

enum cf_used_what { CF_USED_IMAGE, CF_USED_POLICY, CF_USED_VERSION, CF_USED_PACK };
/* As it stands in the table: "image" "policy" "version" "pack"; "?" out of range. */
const char *cf_used_text(enum cf_used_what what);

/* A longer value is nobody's image, policy or pack; it is left out. */
#define CF_USED_BYTES 200
/* Values of one kind that one sensor may have; who writes ever new ones is not followed. */
#define CF_USED_MOST 1000

struct cf_used;

/* NULL without memory. The ledger must be open for writing and outlive it. */
struct cf_used *cf_used_new(struct cf_ledger *ledger);
void cf_used_free(struct cf_used *used);

/* Notes that the sensor said so at both instants, and between. CF_EIO: full, and could not be
 * written. Inside the batch's transaction. */
enum cf_status cf_used_note(struct cf_used *used, uint32_t sensor_id, enum cf_used_what what,
    const char *value, size_t len, int64_t from_wall_us, int64_t to_wall_us,
    struct cf_error *error) CF_MUST_CHECK;

/* Writes what was gathered. CF_EIO. */
enum cf_status cf_used_write(struct cf_used *used, struct cf_error *error) CF_MUST_CHECK;
/* Forgets what was not written. */
void cf_used_forget(struct cf_used *used);
