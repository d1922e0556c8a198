/*
 * From a judgement to a line in the hit log: fills a cf_hit with everything the host knows about
 * the recipient and queues it. Worker threads; never blocks.
 */
#pragma once

#include "resolver/state/state.h"

/* One recipient of one answer. Pointers are borrowed for the call. */
struct cf_recipient {
	const struct query_info *question;
	const struct comm_reply *reply;    /* NULL: nothing is known of the client */
	const struct edns_option *options; /* those the client sent */
	const struct timeval *now;
	uint16_t rcode; /* what the answer shows */
	bool cached;
	const char *answer; /* what we sent; NULL: the real answer */
	bool ede_sent;
	bool unanswered; /* nothing was sent: no response code is recorded */
	bool observed;   /* the answer was not ours to give: a block is only seen */
};

/*
 * Records a flag, a block, or a pass by exception; other passes are not recorded. image must be
 * pinned.
 */
void cf_hits_record(struct cf_worker *worker, const struct cf_image *image,
    const struct cf_judgement *judgement, const struct cf_recipient *recipient);

/*
 * Makes a hit whole that cf_hits_record() queued by reference; a cf_expand (records/write/log.h),
 * for the log's thread. arg is not used.
 */
void cf_hits_expand(void *arg, const void *payload, struct cf_hit *hit_out);
