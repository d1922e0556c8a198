/*
 * What a check could confirm, what contradicts the evidence, and what nobody can know from it: each
 * told as it is found, and counted. Several threads may say something at once.
 */
#pragma once

#include "base/status.h"

#include <pthread.h>

enum cf_said {
	CF_SAID_GOOD,    /* confirmed */
	CF_SAID_NOTE,    /* to be known, and no more: lines that no seal covers yet */
	CF_SAID_UNKNOWN, /* could not be confirmed */
	CF_SAID_BAD,     /* contradicted */
	CF_SAID_KINDS,
};

/* Who hears it, one call at a time. subject is a word such as "manifest"; text may hold foreign
 * text, and both are gone afterwards. */
typedef void cf_sayings_hear(
    void *context, enum cf_said said, const char *subject, const char *text);

struct cf_sayings {
	cf_sayings_hear *hear;
	void *context;
	pthread_mutex_t lock;
	unsigned long counts[CF_SAID_KINDS];
};

void cf_sayings_init(struct cf_sayings *sayings, cf_sayings_hear *hear, void *context);
void cf_say(struct cf_sayings *sayings, enum cf_said said, const char *subject, const char *format,
    ...) CF_PRINTF(4, 5);
/* The worst that was said: CF_SAID_GOOD when all of it was confirmed, notes or not. */
enum cf_said cf_sayings_worst(const struct cf_sayings *sayings);
void cf_sayings_done(struct cf_sayings *sayings);
