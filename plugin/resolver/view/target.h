/*
 * Where records that name a service's host lead: MX, SRV, NAPTR, AFSDB, KX. What an SVCB record
 * leads to is in svcb.h; aliases are not services. Hostile bytes; pure functions; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for types that cf_target_find() reads. */
bool cf_target_is_type(uint16_t rrtype);

/*
 * The target in one record's rdata, as an uncompressed wire name with the root label. False for
 * other types, for ".", which stands for none, and for bytes that break the format.
 */
bool cf_target_find(uint16_t rrtype, const uint8_t *rdata, size_t len, const uint8_t **name_out,
    size_t *name_len_out);
