/*
 * The keyed hash of DNS names: labels are taken in from the root down, so that all suffixes of a
 * name are hashed in one pass - the state after k labels is copied and finished.
 *
 * Each label goes in as its length byte and bytes, filled with zeros to whole 8-byte words; the
 * length says how many words a label has, so that different names never feed the same words. A word
 * costs one multiplication of 64 by 64 bits whose two halves are added without carry, which is how
 * wyhash and its kin mix (Wang Yi, 2019); docs/FORMATS.md has the formula.
 *
 * Why not SipHash, which is made for keys that strangers choose: strangers choose what is looked up
 * here, never what the table holds, and a look-up has a bound whatever its hash
 * (CF_IMAGE_HOME_NAMES). What SipHash would protect costs every answer of the resolver more than
 * the look-up itself. Part of the image format. Pure functions; any thread.
 */
#pragma once

#include "names/name.h"

#include <stddef.h>
#include <stdint.h>

/*
 * hashes[k] becomes the hash of the last k labels of canonical name, for least <= k <= most;
 * entries below least are left alone. most is at most name->label_count.
 */
void cf_name_hash_suffixes(const struct cf_name *name, const uint64_t key[2], unsigned least,
    unsigned most, uint64_t *hashes);

/*
 * The hash of one canonical wire name of wire_len bytes, known good. Up to 7 bytes behind its end
 * are read, so at least that many must be readable; what they hold does not matter.
 */
uint64_t cf_name_hash_wire(const uint8_t *wire, size_t wire_len, const uint64_t key[2]);
