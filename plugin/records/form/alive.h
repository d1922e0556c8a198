/*
 * The record of who asked the resolver anything at all, once for each stretch of time (a minute):
 * addresses alone, not what was asked. From it follows that a host was there and used this
 * resolver, so that its silence about the vendor means something.
 *
 *	{...,"event_type":"alive","clients":"192.0.2.7 fe80::1%eth0","last":"2026-03-01T10:01:00Z"}
 *
 * timestamp and last are the ends of the stretch. A line holds as many clients as fit, so there may
 * be several lines for one. Pure but for cf_zone_text(); any thread.
 */
#pragma once

#include "records/form/line.h"
#include "records/form/record.h"

/* Clients in one packed record: what fits into CF_RECORD_PACKED_BYTES. */
#define CF_ALIVE_PACKED 240

/* The name of a network interface, or an index as a number; with terminator. */
#define CF_ZONE_TEXT_BYTES 17

struct cf_alive_client {
	struct cf_addr addr;
	uint32_t zone; /* link-local addr: index of its link on this machine; else 0 */
};

struct cf_alive {
	int64_t from_wall_us, to_wall_us;
	const struct cf_alive_client *clients; /* borrowed; sorted by cf_alive_compare() */
	size_t count;
	uint64_t left_out; /* look-ups whose client found no room: so many at most are missing */
};

/* Order of address, then zone; for qsort(). */
int cf_alive_compare(const void *a, const void *b);

/* Takes out repeats of sorted clients, returns how many are left. */
size_t cf_alive_unique(struct cf_alive_client *clients, size_t count);

/*
 * One line with as many of the clients from *next_io on as fit; moves *next_io behind them. Returns
 * its length with newline; size is CF_RECORD_BYTES. left_out stands in the last line of a record.
 */
size_t cf_alive_format(const struct cf_alive *alive, const struct cf_line_origin *origin,
    size_t *next_io, char *line, size_t size);

/* One client of the text that a line has. zone has len 0 for most. */
struct cf_alive_seen {
	struct cf_addr addr;
	struct cf_text zone;
};

/*
 * Takes the next client off the front of *clients. False at its end. What is no address is stepped
 * over and counted in *bad_io.
 */
bool cf_client_next(struct cf_text *clients, struct cf_alive_seen *seen_out, uint64_t *bad_io);

/*
 * The name of the link with this index, or the index in digits when there is none (any more). Asks
 * the operating system; writer threads only.
 */
const char *cf_zone_text(uint32_t zone, char text[CF_ZONE_TEXT_BYTES]);
