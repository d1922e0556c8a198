/*
 * The body of a bundle: whole segments of one writer, one behind the other, as one zstd frame that
 * says how much it holds (docs/FORMATS.md, "Fleet"). What comes is a stranger's until all of it
 * was checked: sizes before anything is allocated, then each seal.
 *
 * Any thread; a bundle belongs to one.
 */
#pragma once

#include "base/status.h"
#include "fleet/wire/bundle_name.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Packs lines[0..len); the caller frees *packed_out. CF_ETOOBIG: more than a bundle may have,
 * before or after; CF_ENOMEM.
 */
enum cf_status cf_bundle_body_pack(
    const char *lines, size_t len, uint8_t **packed_out, size_t *packed_len_out) CF_MUST_CHECK;

/*
 * What a packed body says it holds: so much memory cf_bundle_body_unpack() takes. CF_EMALFORMED: no
 * zstd frame, or one that does not say; CF_ETOOBIG: beyond CF_FLEET_PLAIN_BYTES, or more than
 * CF_FLEET_FACTOR times what is packed.
 */
enum cf_status cf_bundle_body_plain_bytes(
    const uint8_t *packed, size_t len, size_t *plain_out, struct cf_error *error) CF_MUST_CHECK;

/* Unpacks what cf_bundle_body_plain_bytes() let pass; the caller frees *lines_out. CF_EMALFORMED,
 * CF_ENOMEM. */
enum cf_status cf_bundle_body_unpack(const uint8_t *packed, size_t len, char **lines_out,
    size_t *len_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Whether lines are exactly what the name says: lines of that writer alone, seals from_seq to
 * to_seq without a hole, the first behind prev, the last with that digest and run, each of them
 * holding, and nothing behind. CF_EINVALID with the reason; CF_ENOMEM. first_wall_us_out is the
 * instant of the first line, last_wall_us_out that of the last seal.
 */
enum cf_status cf_bundle_body_check(const struct cf_bundle_name *name, const char *lines,
    size_t len, int64_t *first_wall_us_out, int64_t *last_wall_us_out,
    struct cf_error *error) CF_MUST_CHECK;
