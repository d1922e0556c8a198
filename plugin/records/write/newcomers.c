/* An eight-way table of clients, and an allowance that fills with time. */

#include "records/write/newcomers.h"

#include "base/limits.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define WAYS     8
#define SETS     (CF_NEWCOMERS / WAYS)
#define US_PER_S INT64_C(1000000)
#define COST_US  (US_PER_S / CF_NEWCOMERS_PER_S)

_Static_assert((SETS & (SETS - 1)) == 0, "a set is chosen by a mask");

struct known {
	int64_t heard_us; /* 0: nobody */
	uint8_t client[CF_NEWCOMER_BYTES];
};

struct cf_newcomers {
	uint8_t key[16];
	int64_t most_us;
	int64_t allowance_us; /* in microseconds' worth: a new client costs COST_US */
	int64_t at_us;
	struct known known[CF_NEWCOMERS];
};

enum cf_status cf_newcomers_new(
    const uint8_t key[16], uint32_t burst, struct cf_newcomers **newcomers_out)
{
	struct cf_newcomers *newcomers = calloc(1, sizeof *newcomers);

	if (newcomers == NULL)
		return CF_ENOMEM;
	memcpy(newcomers->key, key, sizeof newcomers->key);
	newcomers->most_us = newcomers->allowance_us = burst * COST_US;
	*newcomers_out = newcomers;
	return CF_OK;
}

void cf_newcomers_free(struct cf_newcomers *newcomers)
{
	free(newcomers);
}

static bool take(struct cf_newcomers *newcomers, int64_t now_us)
{
	if (now_us > newcomers->at_us) {
		int64_t passed_us = now_us - newcomers->at_us;

		/* Bounded first: the first record comes decades after 1970. */
		newcomers->allowance_us = passed_us >= newcomers->most_us - newcomers->allowance_us
		    ? newcomers->most_us
		    : newcomers->allowance_us + passed_us;
		newcomers->at_us = now_us;
	}
	if (newcomers->allowance_us < COST_US)
		return false;
	newcomers->allowance_us -= COST_US;
	return true;
}

bool cf_newcomers_let(
    struct cf_newcomers *newcomers, const uint8_t client[CF_NEWCOMER_BYTES], int64_t now_us)
{
	uint64_t hash = cf_siphash(newcomers->key, client, CF_NEWCOMER_BYTES);
	struct known *set = &newcomers->known[(hash & (SETS - 1)) * WAYS], *place = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].heard_us != 0 && memcmp(set[i].client, client, CF_NEWCOMER_BYTES) == 0) {
			set[i].heard_us = now_us > 0 ? now_us : 1;
			return true;
		}
		if (set[i].heard_us < place->heard_us)
			place = &set[i];
	}
	if (!take(newcomers, now_us))
		return false;
	place->heard_us = now_us > 0 ? now_us : 1;
	memcpy(place->client, client, CF_NEWCOMER_BYTES);
	return true;
}
