/*
 * The ledger as hosts: everything a report says comes from here. Loads the sums, works out who is
 * who (ledger/model/owner.h), who watched when (ledger/minutes/coverage.h), and each host's state
 * (ledger/model/state.h).
 *
 * Made once for an instant, then read; nothing later than that instant is looked at. One thread.
 */
#pragma once

#include "ledger/action.h"
#include "ledger/ingest/fact.h"
#include "ledger/minutes/coverage_lack.h"
#include "ledger/store/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_state {
	CF_STATE_BYPASSING, /* vendor traffic got through after the cut-off: worst */
	CF_STATE_DEPENDENT,
	CF_STATE_MIGRATING, /* quiet for a while, but not for the whole window */
	CF_STATE_EXCEPTED,
	CF_STATE_VISITED, /* the vendor's web site was opened, and nothing else found */
	CF_STATE_UNKNOWN,
	CF_STATE_CLEAN,
	CF_STATES,
};
/* "bypassing" ...; "?" out of range. */
const char *cf_state_text(enum cf_state state);

/* An exception of the policy in force, for "excepted until, by, why". Borrowed texts. */
struct cf_model_exception {
	const char *owner, *reason, *clients;
	int64_t from_wall_s, until_wall_s; /* INT64_MAX: never ends */
};

struct cf_model_options {
	int64_t at_wall_s;       /* the instant of the report */
	uint32_t window_minutes; /* clean is said after this long; 0: 14 days */
	uint32_t recent_minutes; /* no hit for this long: migrating; 0: 3 days */
	uint32_t alive_minutes;  /* a silent host is not a clean host after this long; 0: 3 days */
	uint32_t
	    tolerance_minutes; /* a gap in coverage no longer than this is let pass; 0: 5 minutes */
	uint32_t lag_minutes;  /* what is known may end this long before the instant; 0: 60 */
	/* Not watched: times of which so much, or more, was in tunnels that are not read; 0: 10 */
	uint32_t unread_percent;
	const struct cf_model_exception *exceptions;
	size_t exception_count;
};

/* The newest minute the ledger knows of, as an instant: the natural time of a report. What lies
 * after the reader's own clock does not count: one wrong clock must not move everybody's now. 0:
 * empty. */
int64_t cf_model_horizon(struct cf_ledger *ledger);

/* A sensor: one vantage point. */
struct cf_model_sensor {
	uint32_t id; /* in the ledger */
	const char *name, *source, *site;
	const char *privacy; /* "truncate" or "pseudonym" when its log masks addresses; else "" */
	uint64_t seen, lost;
	uint64_t unread;                    /* of seen: packets in tunnels that it does not read */
	uint32_t first_minute, last_minute; /* of its heartbeats; first > last: none */
	bool has_leases, has_sightings;     /* imported leases alone watch nothing */
};

/*
 * What became of a look-up or a connection. One of ours is blocked; so is a look-up whose answer
 * says that the site's own resolver blocks it.
 */
enum cf_hit_outcome {
	CF_OUTCOME_BLOCKED_HERE,
	CF_OUTCOME_ANSWERED_HERE, /* the look-up got its answer, the connection its bytes */
	CF_OUTCOME_REFUSED_ELSEWHERE,
	CF_OUTCOME_UNANSWERED, /* an error that refuses nobody, or no record of that type */
	CF_OUTCOME_OBSERVED,   /* seen, no more */
	CF_HIT_OUTCOMES,
};
/* "blocked" "answered" "refused elsewhere" "not answered" "observed only"; "?" out of range. */
const char *cf_hit_outcome_text(enum cf_hit_outcome outcome);

/* A kind of hit. */
struct cf_model_kind {
	const char *event, *action, *via, *relay, *owner, *phase;
	const char *list, *rule, *rule_type, *category, *product, *confidence;
	unsigned flags;
	int64_t cutoff_wall_s;
	enum cf_hit_outcome outcome;
	bool is_lookup;     /* a DNS question; else a connection */
	bool is_dependence; /* says that the host needs the vendor */
	bool is_visit;      /* somebody opened the vendor's web site: no dependence */
	bool is_excepted;   /* let pass on purpose */
	bool is_escape;
	bool is_blocked;
	bool is_weak;     /* an address shared with others */
	uint32_t episode; /* kinds with the same number may be witnesses of one event */
};

/* What one sensor saw of one kind at one host. */
struct cf_evidence {
	uint32_t kind, sensor;
	uint64_t n;       /* as this witness counts */
	uint64_t counted; /* of these, the episodes that no witness before it told of */
	uint64_t escaped; /* as counted, of those that got through after the cut-off */
	int64_t first_wall_us, last_wall_us;
	uint64_t bytes_out, bytes_in;
	const char *sample;
	int64_t sample_wall_us;
};

enum cf_host_identity_kind {
	CF_IDENTITY_ADDR,
	CF_IDENTITY_MAC,
	CF_IDENTITY_NAME,
	CF_IDENTITY_CLIENT,
	CF_IDENTITY_VLAN
};

struct cf_host_identity {
	enum cf_host_identity_kind kind;
	uint32_t hit_minute; /* of an address: the last hit that came from it; 0 none */
	const char *value;
	const char *how; /* "dhcp", "traffic" ... */
	const char *site;
	uint32_t from_minute, to_minute;
};

/* What was found of a host on a day. Minutes of the day, -1 never. */
struct cf_day_found {
	int16_t hit_first, hit_last; /* dependence */
	int16_t excepted_last, escape_last, visit_last;
	uint64_t hits, excepted, escapes, blocked, visits;
};
/* Of most days nothing was. */
extern const struct cf_day_found cf_day_nothing_found;

struct cf_host_day {
	uint32_t day;
	uint32_t set; /* sensors that saw it */
	int16_t alive_first, alive_last;
	const struct cf_day_found *found; /* never NULL */
};

/* Why a host is not said to be clean though nothing was found; what is true of several, the first.
 */
enum cf_lack {
	CF_LACK_NOTHING,
	CF_LACK_ALIVE,   /* never seen alive */
	CF_LACK_NEW,     /* first seen within the window */
	CF_LACK_SILENT,  /* silent for too long within it */
	CF_LACK_SENSOR,  /* no sensor that watches ever saw it */
	CF_LACK_WATCHED, /* a stretch of it that nobody watched */
	CF_LACK_MASKED,  /* it is no host: a network, as truncated addresses are */
};

/* Of a host what most have not: nothing got through, nothing was let pass, nobody said anything. */
struct cf_host_rare {
	uint64_t excepted, escapes, visits;
	uint64_t escaped_lookups; /* of escapes; the others are connections */
	int64_t first_escape_wall_us, last_escape_wall_us, last_visit_wall_us; /* 0 never */
	const char *relay;        /* it depends through this host, "" directly */
	const char *owner, *note; /* by hand */
	int64_t excepted_until_wall_s;
	const char *excepted_by, *excepted_why;
};
/* What all have of which nothing of it is known. */
extern const struct cf_host_rare cf_host_nothing_rare;

struct cf_host {
	char id[12];
	enum cf_state state;
	const char *key;                    /* of the node it is named by: "mac:..." */
	const char *site;                   /* where it was last */
	const char *name, *addr, *mac;      /* latest; "" unknown */
	uint32_t first_minute, last_minute; /* any sign of life */
	struct cf_host_day *days;
	uint32_t day_count, day_room;
	struct cf_host_identity *identities;
	uint32_t identity_count, identity_room;
	struct cf_evidence *evidence;
	uint32_t evidence_count, evidence_room;
	/* Episodes: look-ups and connections, each once, however many sensors saw it. */
	uint64_t hits;
	uint64_t blocked, answered, refused, unanswered, observed; /* what became of hits */
	/* Of hits and of what was let pass; 0 never. */
	int64_t first_hit_wall_us, last_hit_wall_us;
	const struct cf_host_rare *rare; /* never NULL */
	const char *product;             /* most likely */
	const char *confidence;          /* of that: "high" "medium" "low" */
	int64_t since_wall_s;            /* clean since, dependent since first hit, 0 unknown */
	const char *why;                 /* one phrase */
	const struct cf_coverage_lack *watch; /* of the window, by the sensors that saw it in it */
	enum cf_lack lack;                    /* of an unknown or visited one */
	bool is_unknown_holder; /* hits of an address that nobody is known to have held */
	bool is_network;        /* all that is known of it comes from truncated addresses */
	bool is_clean_but;      /* unknown, and clean if watch's one stretch had been watched */
	bool by_dns_alone;      /* clean, and for some of the window only resolvers watched it */
};

struct cf_model;

/* CF_ENOMEM, CF_EIO, CF_ECHECKSUM (ledger or actions damaged). */
enum cf_status cf_model_load(struct cf_ledger *ledger, const struct cf_model_options *options,
    struct cf_model **model_out, struct cf_error *error) CF_MUST_CHECK;
void cf_model_free(struct cf_model *model);

const struct cf_model_options *cf_model_options(const struct cf_model *model);
size_t cf_model_hosts(const struct cf_model *model, struct cf_host *const **hosts_out);
size_t cf_model_sensors(const struct cf_model *model, const struct cf_model_sensor **sensors_out);
const struct cf_model_kind *cf_model_kind(const struct cf_model *model, uint32_t kind);
struct cf_coverage *cf_model_coverage(const struct cf_model *model);
/* Rows of the ledger that were damaged and left out: what is said may lack something. */
uint64_t cf_model_skipped_rows(const struct cf_model *model);
const struct cf_actions *cf_model_actions(const struct cf_model *model);

/*
 * The host that a person means: its id, a key, a MAC, a name given by hand, a host name, or an
 * address
 * ("10.0.0.5", "10.0.0.5@site"), the last of several by time. NULL: none.
 */
const struct cf_host *cf_model_find(const struct cf_model *model, const char *selector);

/* Days counted by state: what report progress shows. counts[day - first_day][state]. */
struct cf_progress {
	uint32_t first_day, day_count;
	uint32_t (*counts)[CF_STATES];
	uint64_t *hits, *escapes;
};
enum cf_status cf_model_progress(
    struct cf_model *model, struct cf_progress *progress_out) CF_MUST_CHECK;
void cf_progress_done(struct cf_progress *progress);
