/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for tables whose keys strangers choose.
 * Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t cf_siphash(const uint8_t key[16], const void *data, size_t len);
