/*
 * What a resolver tells of its clients, held against the image: look-ups of listed names, names
 * that lead to them, addresses of the vendor in answers. By the same decision and in the same words
 * as the monitor (monitor/observe/observe_answer.h), for who asks the site's own resolver.
 *
 * A question waits for its answer; servers hand over either first, or one alone. Nothing here can
 * refuse anything: what the policy blocks is recorded as observed, with what the resolver did. One
 * thread.
 */
#pragma once

#include "base/status.h"
#include "monitor/evidence/locality.h"
#include "monitor/evidence/watchlist.h"
#include "monitor/message/decode_dns.h"
#include "tap/tapped.h"

struct cf_producer;
struct cf_tap_judge;

struct cf_tap_judged {
	uint64_t hits;
	uint64_t forwarded;    /* questions of resolvers that ask for others: not recorded */
	uint64_t again;        /* questions sent again while their look-up waited: no new one */
	uint64_t late;         /* questions that came behind their answers */
	uint64_t answer_alone; /* look-ups recorded by their answer alone */
	uint64_t evicted;      /* told before their answer, for want of room */
};

/* Writes through producer; locality->named are those who ask for others. CF_ENOMEM. */
enum cf_status cf_tap_judge_new(struct cf_producer *producer, const struct cf_locality *locality,
    uint64_t seed, struct cf_tap_judge **judge_out) CF_MUST_CHECK;
/* Tells nothing that waits. NULL is fine. */
void cf_tap_judge_free(struct cf_tap_judge *judge);

/* Goes by this image from now on; takes a reference of its own. NULL: by none, and records nothing.
 */
void cf_tap_judge_swap(struct cf_tap_judge *judge, struct cf_watchlist *watchlist);

/*
 * A question or an answer of a client whose address is known. message is its tapped->message, read;
 * at_wall_us the time of the question, or where nobody told it of the answer.
 */
void cf_tap_judge_take(struct cf_tap_judge *judge, const struct cf_tapped *tapped,
    const struct cf_dns_message *message, int64_t at_wall_us);

/* Tells what nobody will answer any more; about once a second. */
void cf_tap_judge_reap(struct cf_tap_judge *judge, int64_t now_wall_us);
/* Tells all that waits. */
void cf_tap_judge_flush(struct cf_tap_judge *judge);

void cf_tap_judge_stats(const struct cf_tap_judge *judge, struct cf_tap_judged *stats_out);
