/*
 * One place for every frame, from whichever stream or file: read, counted, judged, its client noted
 * in the roll. One thread; the counts may be copied by another under the caller's lock.
 */
#pragma once

#include "base/status.h"
#include "monitor/evidence/locality.h"
#include "monitor/evidence/watchlist.h"
#include "tap/judge.h"

#include <stdint.h>

struct cf_balance;
struct cf_intake;
struct cf_producer;

struct cf_tap_counts {
	uint64_t frames, bytes;
	uint64_t questions, answers; /* of clients */
	uint64_t upstream, other;    /* the server's own, and what is not looked at */
	uint64_t malformed;          /* no dnstap, or no DNS in it */
	uint64_t no_client;          /* of a client whose address is not told */
	uint64_t odd_times;          /* a day off the clock, or none: the time of arrival counts */
	uint64_t protocols;          /* of a transport that is not known here */
	uint64_t missing;            /* answers whose question never came: something was lost */
	struct cf_tap_judged judged;
};

struct cf_intake_options {
	struct cf_producer *producer;
	const struct cf_locality *locality; /* borrowed */
	uint64_t seed;
	bool offline; /* times are the messages' own, however old */
};

/* CF_ENOMEM. */
enum cf_status cf_intake_new(
    const struct cf_intake_options *options, struct cf_intake **intake_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_intake_free(struct cf_intake *intake);

/* Goes by this image, NULL for none, from now on. */
void cf_intake_swap(struct cf_intake *intake, struct cf_watchlist *watchlist, int64_t now_wall_us);
/* Somebody listens to a resolver, or nobody does. */
void cf_intake_watch(struct cf_intake *intake, bool watches, int64_t now_wall_us);

/*
 * One frame. balance is its stream's. Returns the kind of message, CF_TAPPED_OTHER of none;
 * *at_out (may be NULL) is when it was, untouched for what is not a client's.
 */
enum cf_tapped_kind cf_intake_take(struct cf_intake *intake, struct cf_balance *balance,
    const uint8_t *payload, size_t len, int64_t now_wall_us, int64_t *at_out);

/* What is due once a second. */
void cf_intake_reap(struct cf_intake *intake, int64_t now_wall_us);
/* Tells all that waits, at the end. */
void cf_intake_flush(struct cf_intake *intake, int64_t now_wall_us);

/* All but missing, which the streams know. */
void cf_intake_counts(const struct cf_intake *intake, struct cf_tap_counts *counts_out);

/* Members `"tap":{...}` with every counter that is not zero, as JSON text. Returns text. */
const char *cf_tap_counts_format(const struct cf_tap_counts *counts, char *text, size_t size);
