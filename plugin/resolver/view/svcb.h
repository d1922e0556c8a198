/*
 * The RDATA of SVCB and HTTPS records (RFC 9460): where a client would go next.
 * Hostile bytes; pure functions; any thread.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What to do with each thing found: target is an uncompressed wire name of target_len bytes ("."
 * when the record's owner is meant), or NULL, and then addr is a hint. Return false to stop.
 */
typedef bool cf_svcb_visit(
    void *arg, const uint8_t *target, size_t target_len, const struct cf_addr *addr);

/*
 * Walks target name and address hints of one record, in the order they stand. CF_EMALFORMED when
 * the bytes break the format; what was found before has been visited by then.
 */
enum cf_status cf_svcb_walk(
    const uint8_t *rdata, size_t len, cf_svcb_visit *visit, void *arg) CF_MUST_CHECK;
