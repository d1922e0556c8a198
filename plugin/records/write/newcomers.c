/* An eight-way table of clients, and an allowance for those that are not in it. */

#include "records/write/newcomers.h"

#include "base/allowance.h"
#include "base/limits.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define SETS (CF_NEWCOMERS / WAYS)

_Static_assert((SETS & (SETS - 1)) == 0, "a set is chosen by a mask");

struct known {
	int64_t heard_us; /* 0: nobody */
	uint8_t client[CF_NEWCOMER_BYTES];
};

struct cf_newcomers {
	uint8_t key[16];
	struct cf_allowance allowance;
	struct known known[CF_NEWCOMERS];
};

enum cf_status cf_newcomers_new(
    const uint8_t key[16], uint32_t burst, struct cf_newcomers **newcomers_out)
{
	struct cf_newcomers *newcomers = calloc(1, sizeof *newcomers);

	if (newcomers == NULL)
		return CF_ENOMEM;
	memcpy(newcomers->key, key, sizeof newcomers->key);
	newcomers->allowance = cf_allowance_make(burst, CF_NEWCOMERS_PER_S);
	*newcomers_out = newcomers;
	return CF_OK;
}

void cf_newcomers_free(struct cf_newcomers *newcomers)
{
	free(newcomers);
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
	if (!cf_allowance_take(&newcomers->allowance, now_us))
		return false;
	place->heard_us = now_us > 0 ? now_us : 1;
	memcpy(place->client, client, CF_NEWCOMER_BYTES);
	return true;
}
