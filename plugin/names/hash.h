/*
 * The keyed hash of DNS names: SipHash-1-3 over the labels from the root down, so that all suffixes
 * of a name are hashed in one pass - the state after k labels is copied and finished.
 *
 * Each label goes in as its length byte and bytes, filled with zeros to whole 8-byte words; the
 * length says how many words a label has, so that different names never feed the same words. Names
 * come from clients, so the hash is keyed; SipHash because it is made for exactly this (Aumasson,
 * Bernstein, 2012; 1-3 is what hash tables use). Part of the image format. Pure functions; any
 * thread.
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
