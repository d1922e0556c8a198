/*
 * The roll: which clients asked this worker anything, in the stretch of time that is called an
 * epoch (a minute). Written in the path of every answer, so it neither allocates nor clears: a slot
 * holds the epoch it was filled in, and the next epoch but one uses it again.
 *
 * One thread writes; another may read the epoch before the one that is written, while that lasts.
 */
#pragma once

#include "base/addr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Clients of one worker and epoch; a power of two. 24 bytes each, twice. */
#define CF_ROLL_SLOTS 16384
/* Slots that are looked at before a client counts as left out. */
#define CF_ROLL_PROBES 16

struct cf_roll_slot {
	_Atomic uint64_t high, low; /* the address, IPv4 as ::ffff:a.b.c.d */
	_Atomic uint64_t mark;      /* zone << 32 | epoch; 0: never used */
};

struct cf_roll {
	_Atomic uint64_t left_out; /* look-ups whose client found no room, since birth */
	struct cf_roll_slot slots[2][CF_ROLL_SLOTS];
};

/* Notes the client of an answer; epoch 0 notes nobody. The writing thread. */
void cf_roll_note(struct cf_roll *roll, uint32_t epoch, const struct sockaddr_storage *from);

/* One client of an epoch; *at begins at 0. False at the end. The reading thread. */
bool cf_roll_next(const struct cf_roll *roll, uint32_t epoch, size_t *at, struct cf_addr *addr_out,
    uint32_t *zone_out);
