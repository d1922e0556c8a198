/*
 * SipHash-1-3 (Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash for
 * tables whose keys strangers choose and put in. One round a word and three at the end, instead of
 * the paper's 2-4, are what hash tables use (Python, Rust). Pure; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t cf_siphash(const uint8_t key[16], const void *data, size_t len);
