/* Questions count up and answers down, in a four-way table by client and id. */

#include "tap/balance.h"

#include "base/limits.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>

#define WAYS     4
#define US_PER_S INT64_C(1000000)
/* Between two looks through the table. */
#define LOOK_US (CF_TAP_DELAY_S * US_PER_S)

/* What is open between one client's port and this server under one id. */
struct pair {
	uint64_t tag;
	int64_t touched_wall_us;
	int32_t open; /* questions less answers; 0: the place is free */
};

struct cf_balance {
	uint8_t key[16];
	bool tells_questions;
	int64_t first_wall_us;  /* of the first question */
	int64_t forgot_wall_us; /* when a question last had to make room */
	int64_t looked_wall_us;
	uint64_t missing;
	struct pair pairs[CF_TAP_PAIRS];
};

enum cf_status cf_balance_new(const uint8_t key[16], struct cf_balance **balance_out)
{
	struct cf_balance *balance = calloc(1, sizeof *balance); /* touched where used */

	if (balance == NULL)
		return CF_ENOMEM;
	memcpy(balance->key, key, sizeof balance->key);
	balance->forgot_wall_us = INT64_MIN / 2;
	*balance_out = balance;
	return CF_OK;
}

void cf_balance_free(struct cf_balance *balance)
{
	free(balance);
}

static uint64_t tag_of(
    const struct cf_balance *balance, const struct cf_tapped *tapped, uint16_t id)
{
	uint8_t bytes[sizeof tapped->ends.client.bytes + 8];
	uint16_t port = tapped->ends.client_port;
	size_t len = sizeof tapped->ends.client.bytes;

	memcpy(bytes, tapped->ends.client.bytes, len);
	memcpy(bytes + len, &port, 2);
	memcpy(bytes + len + 2, &id, 2);
	memcpy(bytes + len + 4, &tapped->protocol, 4);
	return cf_siphash(balance->key, bytes, sizeof bytes);
}

/* An answer is alone: does that mean anything? */
static void conclude(struct cf_balance *balance, const struct pair *pair)
{
	int64_t patience_us = CF_TAP_PATIENCE_S * US_PER_S;

	if (pair->open < 0 && balance->tells_questions &&
	    pair->touched_wall_us - balance->first_wall_us > patience_us &&
	    pair->touched_wall_us - balance->forgot_wall_us > patience_us)
		balance->missing += (uint64_t)-pair->open;
}

/* The pair of this tag, or a place for it. */
static struct pair *pair_of(struct cf_balance *balance, uint64_t tag)
{
	struct pair *ways = &balance->pairs[tag % (CF_TAP_PAIRS / WAYS) * WAYS], *place = &ways[0];

	for (unsigned i = 0; i < WAYS; i++) {
		if (ways[i].open != 0 && ways[i].tag == tag)
			return &ways[i];
		if (place->open != 0 &&
		    (ways[i].open == 0 || ways[i].touched_wall_us < place->touched_wall_us))
			place = &ways[i];
	}
	if (place->open > 0)
		balance->forgot_wall_us = place->touched_wall_us > balance->looked_wall_us
		    ? place->touched_wall_us
		    : balance->looked_wall_us;
	conclude(balance, place);
	*place = (struct pair){.tag = tag};
	return place;
}

void cf_balance_take(
    struct cf_balance *balance, const struct cf_tapped *tapped, uint16_t id, int64_t now_wall_us)
{
	struct pair *pair = pair_of(balance, tag_of(balance, tapped, id));

	if (tapped->kind == CF_TAPPED_QUESTION) {
		if (!balance->tells_questions)
			balance->first_wall_us = now_wall_us;
		balance->tells_questions = true;
		pair->open++;
	} else {
		pair->open--;
	}
	pair->touched_wall_us = now_wall_us;
}

uint64_t cf_balance_missing(struct cf_balance *balance, int64_t now_wall_us)
{
	if (now_wall_us - balance->looked_wall_us < LOOK_US)
		return balance->missing;
	balance->looked_wall_us = now_wall_us;
	for (unsigned i = 0; i < CF_TAP_PAIRS; i++) {
		struct pair *pair = &balance->pairs[i];
		int64_t age_us = now_wall_us - pair->touched_wall_us;
		int64_t most_us = (pair->open < 0 ? CF_TAP_DELAY_S : CF_TAP_PATIENCE_S) * US_PER_S;

		if (pair->open == 0 || age_us <= most_us)
			continue;
		conclude(balance, pair);
		pair->open = 0;
	}
	return balance->missing;
}
