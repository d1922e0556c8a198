/* What rehearse.c collects and rehearse_report.c says; nobody else includes it. */
#pragma once

#include "base/map.h"
#include "rehearse/rehearse.h"

/* What a hit came to in the log, and would come to: by the policy, whoever carries it out. */
enum fate { BLOCKED, LET_PASS, FLAGGED, PASSED };

/* Who could carry out a block: the resolver, or only something in the way of packets. */
enum enforcer { BY_RESOLVER, BY_FIREWALL };

/* What the log does not say about clients (its writer's privacy mode). */
enum hiding { NOTHING_HIDDEN, TRUNCATED, PSEUDONYMS, HIDINGS };

/* Who told of it. Of look-ups the first two are witnesses, of connections the others. */
enum witness { AT_RESOLVER, ON_THE_WIRE, BY_ADDRESS, BY_NAME, BY_CONTENT, WITNESSES };

/* All hits of one client that change in one way for one reason. */
struct change {
	char client[CF_ADDR_TEXT_BYTES + 4]; /* a network where addresses are truncated */
	enum cf_category category;
	enum fate was, would;
	enum enforcer by;
	bool is_known;  /* false: what it would be depends on who it was, which the log hides */
	bool is_hidden; /* the client is no host's address */
	uint32_t phase, exception;
	uint64_t told[WITNESSES];
	int64_t first_us, last_us;
	char sample[120];
};

struct cf_rehearsal {
	const struct cf_image *image;
	int64_t at_wall_s;
	struct cf_map *map, *modes; /* modes: of writers that hide something */
	struct change *changes;
	size_t count, size;
	uint64_t records, unlisted;
	bool hidden[HIDINGS];
	int64_t first_us, last_us;
};

struct cf_decision;

/* Decides the record at the rehearsal's instant; false when the log hides who it was and the policy
 * makes a difference of it. */
bool cf_rehearsal_decide(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    struct cf_decision *decision);
/* What it came to in the log, and by a decision. */
enum fate cf_rehearsal_fate_of(const struct cf_record *record);
enum fate cf_rehearsal_fate_by(const struct cf_decision *decision);
