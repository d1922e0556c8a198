/* Look-ups under way, in a four-way table. */

#include "monitor/evidence/lookups.h"

#include "monitor/evidence/watchlist.h"

#include <stdlib.h>
#include <string.h>

#define WAYS     4
#define US_PER_S INT64_C(1000000)

struct cf_lookups {
	uint64_t seed;
	cf_lookup_told *told;
	void *arg;
	unsigned waiting;
	uint64_t evicted;
	int64_t reaped_wall_us;
	int64_t due_wall_us; /* nobody's patience is over before */
	struct cf_lookup of[CF_LOOKUPS];
};

enum cf_status cf_lookups_new(
    uint64_t seed, cf_lookup_told *told, void *arg, struct cf_lookups **lookups_out)
{
	struct cf_lookups *lookups = calloc(1, sizeof *lookups); /* touched where used */

	if (lookups == NULL)
		return CF_ENOMEM;
	lookups->seed = seed;
	lookups->told = told;
	lookups->arg = arg;
	lookups->due_wall_us = INT64_MAX;
	*lookups_out = lookups;
	return CF_OK;
}

void cf_lookups_free(struct cf_lookups *lookups)
{
	if (lookups == NULL)
		return;
	for (unsigned i = 0; i < CF_LOOKUPS; i++)
		if (lookups->of[i].waiting)
			cf_watchlist_put(lookups->of[i].watchlist);
	free(lookups);
}

static uint64_t mix(uint64_t h, const struct cf_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	h = (h ^ high) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ low) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 29;
}

/* Not by name and type: an answer may leave the question out. */
static struct cf_lookup *ways_of(
    struct cf_lookups *lookups, const struct cf_endpoints *ends, uint16_t id)
{
	uint64_t h = lookups->seed ^ ((uint64_t)ends->client_port << 32 | (uint32_t)id << 16);

	h = mix(mix(h, &ends->client), &ends->server);
	return &lookups->of[h % (CF_LOOKUPS / WAYS) * WAYS];
}

static bool is_between(const struct cf_lookup *lookup, const struct cf_dns_message *message)
{
	const struct cf_endpoints *a = &lookup->ends, *b = &message->ends;

	return lookup->used && lookup->id == message->id &&
	    lookup->transport == message->transport && a->client_port == b->client_port &&
	    a->server_port == b->server_port && cf_addr_equal(&a->client, &b->client) &&
	    cf_addr_equal(&a->server, &b->server);
}

static bool is_same(const struct cf_lookup *lookup, const struct cf_dns_message *message,
    const struct cf_name *name, uint16_t qtype)
{
	return is_between(lookup, message) && lookup->qtype == qtype &&
	    lookup->name.wire_len == name->wire_len &&
	    memcmp(lookup->name.wire, name->wire, name->wire_len) == 0;
}

struct cf_lookup *cf_lookups_find(struct cf_lookups *lookups, const struct cf_dns_message *message,
    const struct cf_name *name, uint16_t qtype)
{
	struct cf_lookup *ways = ways_of(lookups, &message->ends, message->id), *found = NULL;

	for (unsigned i = 0; i < WAYS; i++)
		if (is_same(&ways[i], message, name, qtype) && (found == NULL || ways[i].waiting))
			found = &ways[i];
	return found;
}

struct cf_lookup *cf_lookups_find_unnamed(
    struct cf_lookups *lookups, const struct cf_dns_message *message)
{
	struct cf_lookup *ways = ways_of(lookups, &message->ends, message->id), *found = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		if (!ways[i].waiting || !is_between(&ways[i], message))
			continue;
		if (found != NULL)
			return NULL;
		found = &ways[i];
	}
	return found;
}

void cf_lookups_answered(
    struct cf_lookups *lookups, struct cf_lookup *lookup, const struct cf_lookup_answer *answer)
{
	lookup->waiting = false;
	lookups->waiting--;
	lookups->told(lookups->arg, lookup, answer);
	cf_watchlist_put(lookup->watchlist);
	lookup->watchlist = NULL;
}

/* Told ones give way first, then the one that waits longest. */
static bool gives_way_before(const struct cf_lookup *one, const struct cf_lookup *other)
{
	if (one->used != other->used)
		return !one->used;
	if (one->waiting != other->waiting)
		return !one->waiting;
	return one->at_wall_us < other->at_wall_us;
}

static int64_t over_wall_us(const struct cf_lookup *lookup)
{
	return lookup->at_wall_us + CF_LOOKUP_PATIENCE_S * US_PER_S;
}

/* The place of lookup, now free. */
static struct cf_lookup *make_room(struct cf_lookups *lookups, const struct cf_lookup *lookup)
{
	static const struct cf_lookup_answer unknown;
	struct cf_lookup *ways = ways_of(lookups, &lookup->ends, lookup->id);
	struct cf_lookup *place = &ways[0];

	for (unsigned i = 1; i < WAYS; i++)
		if (gives_way_before(&ways[i], place))
			place = &ways[i];
	if (place->waiting) {
		lookups->evicted++;
		cf_lookups_answered(lookups, place, &unknown);
	}
	return place;
}

void cf_lookups_told_before(struct cf_lookups *lookups, const struct cf_lookup *lookup)
{
	struct cf_lookup *place = make_room(lookups, lookup);

	*place = *lookup;
	place->watchlist = NULL;
	place->used = place->unasked = true;
	place->waiting = place->through = false;
	place->again = 0;
}

void cf_lookups_asked(struct cf_lookups *lookups, const struct cf_lookup *lookup)
{
	struct cf_lookup *place = make_room(lookups, lookup);

	*place = *lookup;
	place->used = place->waiting = true;
	place->through = place->unasked = false;
	place->again = 0;
	lookups->waiting++;
	if (over_wall_us(place) < lookups->due_wall_us)
		lookups->due_wall_us = over_wall_us(place);
}

void cf_lookups_reap(struct cf_lookups *lookups, int64_t now_wall_us)
{
	static const struct cf_lookup_answer unseen = {.outcome = CF_OUTCOME_UNSEEN};
	/* Time may also start over, as from one capture file to the next. */
	bool started_over = now_wall_us < lookups->reaped_wall_us - CF_LOOKUP_PATIENCE_S * US_PER_S;

	lookups->reaped_wall_us = now_wall_us;
	if (lookups->waiting == 0 || (now_wall_us <= lookups->due_wall_us && !started_over))
		return;
	lookups->due_wall_us = INT64_MAX;
	for (unsigned i = 0; i < CF_LOOKUPS; i++) {
		struct cf_lookup *lookup = &lookups->of[i];

		if (!lookup->waiting)
			continue;
		if (now_wall_us > over_wall_us(lookup) || started_over)
			cf_lookups_answered(lookups, lookup, &unseen);
		else if (over_wall_us(lookup) < lookups->due_wall_us)
			lookups->due_wall_us = over_wall_us(lookup);
	}
}

void cf_lookups_flush(struct cf_lookups *lookups)
{
	static const struct cf_lookup_answer unseen = {.outcome = CF_OUTCOME_UNSEEN};

	for (unsigned i = 0; i < CF_LOOKUPS; i++)
		if (lookups->of[i].waiting)
			cf_lookups_answered(lookups, &lookups->of[i], &unseen);
}

uint64_t cf_lookups_evicted(const struct cf_lookups *lookups)
{
	return lookups->evicted;
}

const char *cf_outcome_text(enum cf_outcome outcome)
{
	static const char *const text[] = {
	    [CF_OUTCOME_UNKNOWN] = NULL,
	    [CF_OUTCOME_ANSWERED] = "answered",
	    [CF_OUTCOME_NXDOMAIN] = "nxdomain",
	    [CF_OUTCOME_NODATA] = "nodata",
	    [CF_OUTCOME_SINKHOLE] = "sinkhole",
	    [CF_OUTCOME_REFUSED] = "refused",
	    [CF_OUTCOME_FAILED] = "failed",
	    [CF_OUTCOME_TRUNCATED] = "truncated",
	    [CF_OUTCOME_UNSEEN] = "unseen",
	};

	return text[outcome];
}
