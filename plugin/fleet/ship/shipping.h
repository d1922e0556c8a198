/*
 * What a shipper is asked for, and how it stands with each writer. Plain data; any thread its own.
 */
#pragma once

#include "fleet/ship/carrier.h"
#include "fleet/wire/bundle_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Logs of one shipper. */
#define CF_SHIP_LOGS 16

/* How it stands with one writer. */
enum cf_ship_state {
	CF_SHIP_GOES,    /* all well, or the collectors are not there for now */
	CF_SHIP_FORKED,  /* the store has another seal of a number that is in the log */
	CF_SHIP_BEYOND,  /* the store has later seals of this name than the log */
	CF_SHIP_REFUSED, /* a collector will not have it: its certificate, its form */
};

const char *cf_ship_state_text(enum cf_ship_state state);

struct cf_ship_writer {
	struct cf_bundle_writer name;
	enum cf_ship_state state;
	uint64_t shipped_seq;    /* the store has all up to here */
	uint64_t newest_seq;     /* of the log, as far as it was read */
	int64_t oldest_wall_us;  /* the seal of the oldest segment that is not there; 0: none */
	uint64_t broken;         /* segments whose seal does not hold: not sent */
	uint64_t lost;           /* seals that were gone from the log before they were sent */
	uint64_t bundles, seals; /* taken by the store since the start */
};

struct cf_ship_report {
	const struct cf_ship_writer *const *writers;
	size_t count;
	uint64_t unshipped_bytes; /* read but not taken, and not read; as they lie on disk */
	uint64_t plain_bytes, wire_bytes; /* of bundles that were taken, since the start */
	const char *collector;            /* that answered last; "" */
	const char *trouble;              /* why nothing is sent just now; "" */
	bool is_done;                     /* the last one */
};

struct cf_shipper_options {
	const char *const *logs; /* paths as their writers have them */
	size_t log_count;
	struct cf_carrier_options carrier;
	unsigned most_seals;  /* a bundle is sent with so many; 0: 16 */
	unsigned most_wait_s; /* or when its oldest waits so long; 0: 300 */
	bool once;            /* end when all that is sealed by now is in the store */
	const volatile int *stop;
	/* What goes wrong, and what is right again: one line each; and once a second. */
	void (*say)(void *arg, const char *text);
	void (*report)(void *arg, const struct cf_ship_report *report); /* may be NULL */
	void *arg;
};
