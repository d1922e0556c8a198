/*
 * What the ledger takes from one line of the hit log. Texts are borrowed from the reader's buffer
 * for the duration of one call; absent texts have length 0. ledger/ingest/ingest_log.c fills it
 * from records/read/reader.h, tests fill it by hand.
 */
#pragma once

#include "records/form/identity.h"
#include "records/form/record.h"

#include <stdbool.h>
#include <stdint.h>

/* Bits of cf_fact.flags, kept in the column kind.flags: append only. */
enum cf_fact_flag {
	CF_FACT_ESCAPE = 1 << 0,           /* bytes came back from the vendor after the cut-off */
	CF_FACT_HARDCODED = 1 << 1,        /* no DNS answer announced the address */
	CF_FACT_FOREIGN_RESOLVER = 1 << 2, /* asked of somebody else's resolver */
	CF_FACT_RESOLVED = 1 << 3,         /* the answer went through (NOERROR, not ours) */
	CF_FACT_ECH = 1 << 4,              /* the name was hidden */
	CF_FACT_REFUSED = 1 << 5,      /* NXDOMAIN, sinkhole, REFUSED, or an error that says so */
	CF_FACT_SAYS_BLOCKED = 1 << 6, /* ... and an extended error says that it is a block */
	CF_FACT_END = 1 << 7,          /* a connection's last record: it began at at_wall_us */
	CF_FACT_BEGUN_BEFORE = 1 << 8, /* ... on a day before: at_wall_us is its end */
	CF_FACT_CAME_BACK = 1 << 9,    /* ... and the server sent something */
	CF_FACT_UNANSWERED = 1 << 10,  /* another error, or no record of the type asked for */
};

struct cf_fact {
	int64_t at_wall_us, last_wall_us; /* last: end of the fold window, or at */
	enum cf_event event;
	uint64_t count;
	struct cf_text sensor, source;
	struct cf_text addr, mac; /* of the host: the client of a hit, the subject of an identity */
	uint16_t vlan;
	/* hits */
	enum cf_action action;
	enum cf_via via;
	unsigned flags;
	struct cf_text list, rule, rule_type, category, product, confidence, value;
	struct cf_text relay, owner, phase;
	int64_t cutoff_wall_s;
	uint64_t bytes_out, bytes_in;
	/* identities */
	struct cf_text name, client, how;
	int64_t from_wall_us, to_wall_us;
	bool router;
	enum cf_identity_end end; /* why the address was not held longer than to */
	/* heartbeats: totals since the sensor's start */
	int64_t started_wall_us;
	struct cf_text iface;
	uint64_t seen, lost;
};
