/*
 * Where things are when nobody says: the installed places, or, when the program runs out of the
 * build folder it was made in, that folder and the checkout.
 */
#pragma once

#include "base/limits.h"

#include <stdbool.h>

struct cli_paths {
	bool from_checkout;
	char policy[CF_PATH_BYTES];  /* curfew.yaml */
	char channel[CF_PATH_BYTES]; /* channel.yaml */
	char lists[CF_PATH_BYTES];   /* folders of packs: the site's, fetched, installed */
	char fetched[CF_PATH_BYTES]; /* packs that `curfew list update` brought */
	char image[CF_PATH_BYTES];   /* curfew.img */
	char log[CF_PATH_BYTES];     /* hits.jsonl, when the policy names none */
	char module[CF_PATH_BYTES];  /* curfew.so */
	char ledger[CF_PATH_BYTES];  /* ledger.db */
	char keys[CF_PATH_BYTES];    /* folder of sensor keys: resolver.key, monitor.key, tap.key */
};

/* Fills *paths; reads /proc/self/exe and nothing else. */
void cli_paths_default(struct cli_paths *paths);

/* The same for a program at exe: what tests ask. */
void cli_paths_for(const char *exe, struct cli_paths *paths);
