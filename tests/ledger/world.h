/*
 * A made-up network with known truth: sites with a resolver and a monitor each, hosts that depend,
 * migrate, are excepted, bypass or fall silent, addresses that change hands, routers, laptops that
 * change sites, sensors that fail, lose packets, crash and have their cable pulled; clocks that are
 * wrong, leases imported and given back, hosts that ask and are refused, hosts that forward for
 * containers; three VLANs, pseudonyms, truncated addresses; sites without a monitor, where the
 * resolver alone says who is there; logs written by the real writer, rotated in four schemes,
 * compressed, with lines that came twice. All logs begin at one instant. Everything follows from
 * the seed.
 *
 * The truth is worked out the naive way, minute by minute, from what the world did, not from the
 * logs.
 */
#pragma once

#include "ledger/model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2026-01-05T00:00:00Z. */
#define WORLD_START_S INT64_C(1767571200)

struct world {
	uint64_t seed;
	uint32_t sites, hosts, days;
	uint32_t sighting_hours; /* between identity records */
	uint32_t rotate_days;
	char dir[64];
	const char *privacy; /* NULL: "full"; or "pseudonym", "truncate" */
	enum {
		WORLD_WATCHED, /* every site has a monitor */
		WORLD_BARE,    /* the last one has not, and its hosts keep their addresses */
		WORLD_BARE_WITH_LEASES, /* ... but the leases of its server are imported */
	} bare;
};

enum world_role {
	WORLD_CLEAN,
	WORLD_DEPENDENT,
	WORLD_MIGRATED,
	WORLD_EXCEPTED,
	WORLD_BYPASSING,
	WORLD_INJECTED, /* names that products inject into pages: never evidence */
	WORLD_SILENT,
	WORLD_ROUTED,  /* behind a router: only its address is known */
	WORLD_VISITOR, /* opens the vendor's web site */
	WORLD_RELAYED, /* depends through a server inside */
	WORLD_ROLES,
};

/* Of a host; of a network where addresses are truncated. */
struct world_truth {
	char selector[64];
	bool is_by_addr; /* all that is known of it is an address, which it keeps */
	enum world_role role;
	uint64_t hits, excepted, escapes, blocked, visits; /* events, not records of them */
	uint64_t answered, observed;
	uint64_t watched_minutes; /* of the window, by the sensors that saw it then */
	char relay[64];
	int64_t first_s, last_s; /* of hits and excepted ones; 0 never */
	uint32_t addresses;
	enum cf_state state;
	bool by_dns_alone; /* clean, and for some of the window watched by resolvers alone */
};

struct world_coverage {
	char sensor[24];
	const char *source;
	uint64_t watched_minutes;
	uint32_t gaps;
};

/* What the logs have that is to be set aside, of all sites. */
struct world_odd {
	uint64_t wild, repeated; /* records of impossible instants; lines that came before */
};

/* Writes the logs below world->dir (folders s0, s1 ...); *truth_out has world->hosts items. */
void world_make(struct world *world, struct world_truth **truth_out,
    struct world_coverage **coverage_out, struct world_odd *odd_out);
