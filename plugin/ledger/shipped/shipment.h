/*
 * Whole segments of one writer's log, as a sensor ships them, and what they are to a ledger
 * (ledger/shipped/shipped.h).
 */
#pragma once

#include "records/form/record.h"

#include <stddef.h>
#include <stdint.h>

/* All borrowed for the call. Its seals were checked by the caller: each holds, they are of that
 * writer, and their numbers are from_seq to to_seq without a hole. */
struct cf_shipment {
	struct cf_text sensor, source, run; /* run: of the last seal */
	uint64_t from_seq, to_seq;          /* of seals, both included; from 1 */
	const char *prev, *sha256; /* 64 hex digits: of the seal before from_seq (zeros: none)
	                              and of to_seq */
	uint64_t oldest_seq;       /* from_seq: the sensor has nothing before it any more */
	int64_t first_wall_us, last_wall_us; /* of the first line and of the last seal */
	const char *lines;                   /* each with its newline */
	size_t len;
};

enum cf_shipped_verdict {
	CF_SHIPPED_TAKEN, /* it is in the transaction */
	CF_SHIPPED_KNOWN, /* it was there before */
	CF_SHIPPED_HOLE,  /* it does not begin where the head ends: send what follows the head */
	CF_SHIPPED_FORK,  /* another chain than the one that was taken: two machines of one name, or
	                     one  brought back from a copy. Nothing of it is taken. */
};
