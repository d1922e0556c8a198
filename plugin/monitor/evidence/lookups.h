/*
 * Look-ups of listed names under way: questions wait here for their answers, so that one look-up
 * becomes one record which says what came of it.
 *
 *   question ----> waiting --answer--> told --> (remembered until its place is needed)
 *                     `---patience---> told: no answer was seen
 *
 * An answer belongs to a question with the same client, server, both ports, transport, id, name and
 * type; a question sent again meanwhile is the same look-up. One table serves all workers: the
 * caller holds the monitor's lock. Allocates at cf_lookups_new() only; when it is full, the
 * question that waits longest is told without an outcome, and counted.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "monitor/packet/observer.h"
#include "names/name.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_watchlist;

/* What a question was answered with. */
enum cf_outcome {
	CF_OUTCOME_UNKNOWN = 0, /* not known: not read to its end, or not waited for */
	CF_OUTCOME_ANSWERED,    /* with what was asked for */
	CF_OUTCOME_NXDOMAIN,
	CF_OUTCOME_NODATA,
	CF_OUTCOME_SINKHOLE, /* addresses that lead nowhere, or that an extended error disowns */
	CF_OUTCOME_REFUSED,
	CF_OUTCOME_FAILED,    /* any other error */
	CF_OUTCOME_TRUNCATED, /* to be asked again over TCP */
	CF_OUTCOME_UNSEEN,    /* no answer was seen here within the client's patience */
};

/* Extended errors kept of one answer (RFC 8914 allows several). */
#define CF_LOOKUP_EDES 4

struct cf_lookup_answer {
	enum cf_outcome outcome;
	bool has_rcode;
	bool gives_address; /* of somewhere: not of a sinkhole */
	uint16_t rcode;     /* with the upper bits of an OPT record (RFC 6891 6.1.3) */
	uint16_t ede[CF_LOOKUP_EDES];
	uint8_t ede_count;
};

struct cf_lookup {
	int64_t at_wall_us; /* of the question */
	struct cf_endpoints ends;
	enum cf_transport transport;
	uint16_t id, qtype;
	struct cf_name name;
	/* for its record */
	struct cf_watchlist *watchlist; /* a reference, put when it has been told */
	uint32_t interface;
	uint16_t vlan;
	bool has_mac, own_resolver;
	uint8_t mac[6];
	/* of this table alone */
	bool used, waiting;
	bool through; /* answered by a foreign resolver with addresses: told as an escape */
	bool unasked; /* its answer came first, at at_wall_us; the question may be on its way */
	uint32_t
	    again; /* questions sent again while it waited; each may have an answer of its own */
};

/* Called for each look-up once, when it is known what came of it. */
typedef void cf_lookup_told(
    void *arg, const struct cf_lookup *lookup, const struct cf_lookup_answer *answer);

struct cf_lookups;

enum cf_status cf_lookups_new(
    uint64_t seed, cf_lookup_told *told, void *arg, struct cf_lookups **lookups_out) CF_MUST_CHECK;
/* Tells nobody. NULL is fine. */
void cf_lookups_free(struct cf_lookups *lookups);

/* The look-up of this question, or NULL: the one that waits, else one that was told. */
struct cf_lookup *cf_lookups_find(struct cf_lookups *lookups, const struct cf_dns_message *message,
    const struct cf_name *name, uint16_t qtype);
/*
 * The look-up that waits for an answer like message, which does not repeat the question:
 * Unbound 1.17 and others send REFUSED with a header alone. NULL when none does, or when several
 * could be meant.
 */
struct cf_lookup *cf_lookups_find_unnamed(
    struct cf_lookups *lookups, const struct cf_dns_message *message);
/*
 * A question that cf_lookups_find() knows no waiting look-up of; takes over the reference to its
 * watchlist. Of lookup everything but the last part is to be filled in.
 */
void cf_lookups_asked(struct cf_lookups *lookups, const struct cf_lookup *lookup);
/* The answer to a look-up that waits. */
void cf_lookups_answered(
    struct cf_lookups *lookups, struct cf_lookup *lookup, const struct cf_lookup_answer *answer);

/*
 * Keeps in mind a look-up of which only the answer came, and which the caller told: its watchlist
 * is not looked at. A question that comes behind finds it, with unasked set.
 */
void cf_lookups_told_before(struct cf_lookups *lookups, const struct cf_lookup *lookup);

/* Tells those whose patience is over; about once a second. */
void cf_lookups_reap(struct cf_lookups *lookups, int64_t now_wall_us);
/* Tells all that wait. */
void cf_lookups_flush(struct cf_lookups *lookups);

/* Look-ups told without an outcome because too many waited at once. */
uint64_t cf_lookups_evicted(const struct cf_lookups *lookups);

/* "answered" ...; NULL for what is not known. Static storage. */
const char *cf_outcome_text(enum cf_outcome outcome);

/* The resolver itself says that somebody blocks this (RFC 8914 4.5, 4.16 to 4.19). */
static inline bool cf_ede_is_block(uint16_t info_code)
{
	return info_code == 4 || (info_code >= 15 && info_code <= 18);
}
