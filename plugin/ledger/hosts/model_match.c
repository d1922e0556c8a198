#include "ledger/hosts/model_match.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define NO_PLACE UINT32_MAX
#define MINUTES  (CF_DAY_MINUTES + MODEL_APART_MINUTES)
#define LATE     (CF_DAY_MINUTES - MODEL_APART_MINUTES) /* from here on the next day is near */

/* How much of a minute's places a witness matched. */
struct taking {
	uint32_t witness;
	int32_t minute;
	uint64_t n;
};

/* What is remembered of a group: its places and takings, one after another. */
struct memory {
	struct model_group group;
	uint32_t places, takings;
};

struct memories {
	struct cf_array groups, places, takings;
};

struct model_match {
	uint32_t day;
	struct memories of_day_before, of_day;
	size_t group_at, place_at, taking_at; /* in of_day_before: where the next group is */
	struct model_group group;
	uint32_t witness;
	struct cf_array places, takings;
	uint32_t first[MINUTES]; /* place of each minute */
	bool no_memory;
};

struct model_match *cf_model_match_new(void)
{
	return calloc(1, sizeof(struct model_match));
}

static void free_memories(struct memories *memories)
{
	free(memories->groups.items);
	free(memories->places.items);
	free(memories->takings.items);
}

void cf_model_match_free(struct model_match *match)
{
	if (match == NULL)
		return;
	free_memories(&match->of_day_before);
	free_memories(&match->of_day);
	free(match->places.items);
	free(match->takings.items);
	free(match);
}

static void forget(struct memories *memories)
{
	memories->groups.used = memories->places.used = memories->takings.used = 0;
}

void cf_model_match_day(struct model_match *match, uint32_t day)
{
	struct memories before = match->of_day_before;

	match->of_day_before = match->of_day;
	match->of_day = before;
	forget(&match->of_day);
	if (day != match->day + 1)
		forget(&match->of_day_before);
	match->day = day;
	match->group_at = match->place_at = match->taking_at = 0;
}

static int compare(const struct model_group *x, const struct model_group *y)
{
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->episode != y->episode)
		return x->episode < y->episode ? -1 : 1;
	return (x->of_escapes > y->of_escapes) - (x->of_escapes < y->of_escapes);
}

/* The group's memory, or NULL; those of lower keys are passed over for good. */
static const struct memory *remembered(struct model_match *match, const struct model_group *group)
{
	const struct memory *groups = match->of_day_before.groups.items;

	while (match->group_at < match->of_day_before.groups.used) {
		const struct memory *memory = &groups[match->group_at];
		int order = compare(&memory->group, group);

		if (order >= 0)
			return order == 0 ? memory : NULL;
		match->place_at += memory->places;
		match->taking_at += memory->takings;
		match->group_at++;
	}
	return NULL;
}

bool cf_model_match_remembers(struct model_match *match, const struct model_group *group)
{
	return remembered(match, group) != NULL;
}

static enum cf_status put(struct model_match *match, const struct model_place *told)
{
	struct model_place *place = cf_array_add(&match->places, sizeof *place);
	uint32_t *first = &match->first[told->minute + MODEL_APART_MINUTES];

	if (place == NULL)
		return CF_ENOMEM;
	*place = *told;
	place->next = *first;
	*first = (uint32_t)(match->places.used - 1);
	return CF_OK;
}

static enum cf_status note_taking(
    struct cf_array *takings, uint32_t witness, int32_t minute, uint64_t n)
{
	struct taking *taking = cf_array_add(takings, sizeof *taking);

	if (taking == NULL)
		return CF_ENOMEM;
	*taking = (struct taking){.witness = witness, .minute = minute, .n = n};
	return CF_OK;
}

enum cf_status cf_model_match_begin(struct model_match *match, const struct model_group *group)
{
	const struct memory *memory = remembered(match, group);
	const struct model_place *places = match->of_day_before.places.items;
	const struct taking *takings = match->of_day_before.takings.items;
	enum cf_status status = CF_OK;

	match->group = *group;
	match->places.used = match->takings.used = 0;
	match->no_memory = false;
	memset(match->first, 0xff, sizeof match->first);
	for (uint32_t i = 0; memory != NULL && i < memory->places && status == CF_OK; i++)
		status = put(match, &places[match->place_at + i]);
	for (uint32_t i = 0; memory != NULL && i < memory->takings && status == CF_OK; i++) {
		const struct taking *taking = &takings[match->taking_at + i];

		status = note_taking(&match->takings, taking->witness, taking->minute, taking->n);
	}
	return status;
}

/* What the witness matched of a minute already is no more there for it. */
static void take_off(struct model_match *match, int32_t minute, uint64_t n)
{
	struct model_place *places = match->places.items;
	uint32_t i = match->first[minute + MODEL_APART_MINUTES];

	for (; i != NO_PLACE && n > 0; i = places[i].next) {
		uint64_t taken = places[i].left < n ? places[i].left : n;

		places[i].left -= taken;
		n -= taken;
	}
}

void cf_model_match_hear(struct model_match *match, uint32_t witness)
{
	struct model_place *places = match->places.items;
	const struct taking *takings = match->takings.items;

	match->witness = witness;
	for (size_t i = 0; i < match->places.used; i++)
		places[i].left = places[i].witness == witness ? 0 : places[i].n;
	for (size_t i = 0; i < match->takings.used; i++)
		if (takings[i].witness == witness)
			take_off(match, takings[i].minute, takings[i].n);
}

/* A place near the minute with something left; of that outcome, or CF_HIT_OUTCOMES for any. */
static struct model_place *find(
    const struct model_match *match, uint32_t minute, enum cf_hit_outcome outcome)
{
	static const int32_t steps[] = {0, -1, 1, -2, 2};
	struct model_place *places = match->places.items;

	_Static_assert(sizeof steps / sizeof steps[0] == 2 * MODEL_APART_MINUTES + 1, "each once");
	for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
		int32_t at = (int32_t)minute + steps[s];

		if (at >= CF_DAY_MINUTES)
			continue;
		for (uint32_t i = match->first[at + MODEL_APART_MINUTES]; i != NO_PLACE;
		     i = places[i].next)
			if (places[i].left > 0 &&
			    (outcome == CF_HIT_OUTCOMES || places[i].outcome == outcome))
				return &places[i];
	}
	return NULL;
}

struct model_place *cf_model_match_take(struct model_match *match, uint32_t minute,
    enum cf_hit_outcome outcome, uint64_t most, uint64_t *taken_out)
{
	struct model_place *place = find(match, minute, outcome);

	if (place == NULL)
		place = find(match, minute, CF_OUTCOME_OBSERVED);
	if (place == NULL)
		place = find(match, minute, CF_HIT_OUTCOMES);
	if (place == NULL)
		return NULL;
	*taken_out = place->left < most ? place->left : most;
	if (place->minute >= LATE &&
	    note_taking(&match->takings, match->witness, place->minute, *taken_out) != CF_OK) {
		match->no_memory = true;
		return NULL;
	}
	place->left -= *taken_out;
	return place;
}

enum cf_status cf_model_match_move(struct model_match *match, struct model_place *place, uint64_t n,
    uint32_t evidence, enum cf_hit_outcome outcome)
{
	struct model_place moved = *place;

	if (n == place->n) {
		place->evidence = evidence;
		place->outcome = outcome;
		return CF_OK;
	}
	moved.n = n;
	moved.left = 0;
	moved.evidence = evidence;
	moved.outcome = outcome;
	place->n -= n;
	return put(match, &moved); /* place is stale from here on */
}

enum cf_status cf_model_match_add(struct model_match *match, uint32_t minute, uint32_t evidence,
    enum cf_hit_outcome outcome, uint64_t n)
{
	return put(match,
	    &(struct model_place){.minute = (int32_t)minute,
	        .witness = match->witness,
	        .evidence = evidence,
	        .n = n,
	        .outcome = outcome});
}

enum cf_status cf_model_match_end(struct model_match *match)
{
	const struct model_place *places = match->places.items;
	const struct taking *takings = match->takings.items;
	struct memory memory = {.group = match->group};
	enum cf_status status = match->no_memory ? CF_ENOMEM : CF_OK;

	for (size_t i = 0; i < match->places.used && status == CF_OK; i++) {
		struct model_place *kept = NULL;

		if (places[i].minute < LATE)
			continue;
		kept = cf_array_add(&match->of_day.places, sizeof *kept);
		if (kept == NULL)
			return CF_ENOMEM;
		*kept = places[i];
		kept->minute -= CF_DAY_MINUTES;
		memory.places++;
	}
	for (size_t i = 0; i < match->takings.used && status == CF_OK; i++) {
		if (takings[i].minute < LATE)
			continue;
		status = note_taking(&match->of_day.takings, takings[i].witness,
		    takings[i].minute - CF_DAY_MINUTES, takings[i].n);
		memory.takings++;
	}
	if (status != CF_OK || memory.places == 0)
		return status;
	struct memory *kept = cf_array_add(&match->of_day.groups, sizeof *kept);

	if (kept == NULL)
		return CF_ENOMEM;
	*kept = memory;
	return CF_OK;
}
