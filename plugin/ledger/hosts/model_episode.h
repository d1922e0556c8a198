/*
 * Episodes: what happened, as opposed to who told of it. One look-up that the resolver and two
 * monitors saw is one episode with three witnesses; a connection whose address, TLS name and HTTP
 * request were recorded is one with as many. Vantage points are never added.
 *
 * Sums know minutes, not packets, so witnesses are matched by the minute, day by day:
 *
 *   host, question (list, rule, own or foreign resolver)   look-ups
 *   host, kind of connection                               connections
 *
 *   resolver   ..3..........1....      counted whole: it is the one that was asked
 *   monitor    ...2....2....1....      2 and 1 are the resolver's (within 2 minutes: both fold),
 *                      ^ 2 more        the others it alone saw
 *
 * Resolvers are asked one by one and are added to each other; each further witness adds only what
 * those before it did not tell of (model_match.h). The order is: resolvers, then monitors by name;
 * of one monitor, ends of connections (which know what came of them, and stand where the connection
 * began), then addresses before names before content (enum cf_via). A connection that began on a
 * day before was counted then. The last minutes of a day are matched with the first ones of the
 * next.
 *
 * An episode is counted by the witness that knows what came of it: the resolver, who was asked, or
 * the first that saw more than that something was sent (enum cf_hit_outcome).
 *
 * Which record added how many stands in the host's evidence (cf_evidence.counted, .escaped), so
 * that every figure of every report is a sum of the same numbers. One thread.
 */
#pragma once

#include "ledger/model/model_private.h"

/* One sum, or a part of one, of a host; blob holds its minutes and is copied. */
struct model_told {
	uint32_t host, evidence; /* index of the host, and of its evidence */
	uint32_t day, last;      /* and the last minute of it */
	uint64_t n;
	const void *blob;
	size_t blob_len;
};

struct model_episodes;

/* NULL without memory. */
struct model_episodes *cf_model_episodes_new(void);
void cf_model_episodes_free(struct model_episodes *episodes);

/* Days come in order: the first of another day counts those of the day before. CF_ENOMEM. */
enum cf_status cf_model_episode_add(
    struct cf_model *model, const struct model_told *told) CF_MUST_CHECK;
/* Counts what is left. CF_ENOMEM, CF_EMALFORMED. */
enum cf_status cf_model_episodes_finish(struct cf_model *model) CF_MUST_CHECK;
