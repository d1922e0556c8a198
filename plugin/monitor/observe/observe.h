/*
 * The monitor's eyes: an observer (observer.h) that turns what the decoder reports into evidence,
 * follows the flows to the vendor, learns who the hosts are, and writes it all to the hit log.
 *
 *   worker 1: decoder -> cf_observe --\
 *   worker 2: decoder -> cf_observe ----> cf_monitor (one lock: flows, announcements, hosts ...)
 *   worker n: decoder -> cf_observe --/
 *
 * A cf_observe belongs to one thread. The shared cf_monitor is locked only for packets that concern
 * the vendor, a DNS message, or a host not heard of for some seconds; other packets cost a few
 * table look-ups. Time is the packets' own throughout.
 */
#pragma once

#include "base/status.h"
#include "monitor/evidence/asn.h"
#include "monitor/evidence/locality.h"
#include "monitor/evidence/watchlist.h"
#include "monitor/packet/observer.h"
#include "records/write/log.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_monitor;
struct cf_observe;

/* Every kind of evidence. */
#define CF_EVIDENCE_ALL UINT32_MAX

struct cf_monitor_options {
	uint32_t evidence;  /* bits 1 << enum cf_via */
	bool encrypted_dns; /* also record DoT and DoH to known resolvers */
	struct cf_locality locality;
	const struct cf_asn_db *asn_db; /* borrowed; NULL: none */
	bool
	    asn_everywhere; /* it knows more than the image: look every address up, not only hits */
	uint64_t seed;      /* of the hash tables, as cf_decoder_new() */
	const char *const *interface_names; /* borrowed; interface_count of them */
	uint32_t interface_count;
};

/* What the observers counted since the start, all workers together. */
enum cf_observe_counter {
	CF_OBSERVE_HITS,
	CF_OBSERVE_FINDINGS_OFF,     /* evidence of a kind that is switched off */
	CF_OBSERVE_RESOLVER_TRAFFIC, /* a resolver's own traffic to the vendor: no dependence */
	CF_OBSERVE_MAIL_RELAY,
	CF_OBSERVE_VENDOR_SINKHOLE,
	CF_OBSERVE_INBOUND,     /* opened by the vendor's side */
	CF_OBSERVE_EXEMPT,      /* to an address that an exempt name announced */
	CF_OBSERVE_ASKED_AGAIN, /* questions sent again while their look-up waited: no new one */
	CF_OBSERVE_LAN_EVICTED, /* pairs not written yet, dropped for newer ones */
	CF_OBSERVE_EDGE,        /* packets that the edge logged */
	CF_OBSERVE_COUNTERS,
};
const char *cf_observe_counter_text(enum cf_observe_counter counter);

struct cf_observe_stats {
	uint64_t at[CF_OBSERVE_COUNTERS];
	uint64_t flows, flows_evicted, announced_evicted, hosts, hosts_evicted, macs_evicted,
	    bypass_evicted, lookups_evicted, identities_refused;
};

/* Options are copied but for what they borrow. CF_ENOMEM. */
enum cf_status cf_monitor_new(
    const struct cf_monitor_options *options, struct cf_monitor **monitor_out) CF_MUST_CHECK;
/* After its observers are freed. NULL is fine. */
void cf_monitor_free(struct cf_monitor *monitor);
/* Any thread. */
void cf_monitor_stats(struct cf_monitor *monitor, struct cf_observe_stats *stats_out);

/*
 * One worker's observer, writing through producer. Takes a reference of its own to watchlist, which
 * may be NULL: then hosts are followed and nothing else. CF_ENOMEM.
 */
enum cf_status cf_observe_new(struct cf_monitor *monitor, struct cf_producer *producer,
    struct cf_watchlist *watchlist, struct cf_observe **observe_out) CF_MUST_CHECK;
void cf_observe_free(struct cf_observe *observe);

/* The callbacks to give to cf_decoder_new(). */
struct cf_observer cf_observe_observer(struct cf_observe *observe);

/* Works with another watchlist from the next packet on. Only between packets, in its own thread. */
void cf_observe_swap(struct cf_observe *observe, struct cf_watchlist *watchlist);

/* Ends flows and sequences whose time is over; call it about once a second of packet time. */
void cf_observe_reap(struct cf_observe *observe, int64_t now_wall_us);
/* Ends and writes everything there is: once, by one observer, when the others have stopped. */
void cf_observe_flush(struct cf_observe *observe);

/* Packets and bytes by interface and by its outermost VLAN, since the start. */
struct cf_observe_traffic {
	uint64_t packets, bytes;
};
/*
 * Copies this worker's counters of one interface: traffic[0..4096) by VLAN id, 0 for untagged. Only
 * in its own thread.
 */
const struct cf_observe_traffic *cf_observe_traffic_get(
    const struct cf_observe *observe, uint32_t interface);

/*
 * Parses words like "dest_ip,sni" or "all,-ja4" into bits 1 << enum cf_via. A list that begins with
 * a word without '-' starts from none, otherwise from all. CF_EMALFORMED with *error filled.
 */
enum cf_status cf_evidence_parse(
    const char *text, uint32_t *evidence_out, struct cf_error *error) CF_MUST_CHECK;
