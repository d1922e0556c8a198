#include "ledger/hosts/model_episode.h"

#include "base/array.h"
#include "ledger/hosts/model_count.h"
#include "ledger/hosts/model_match.h"

#include <stdlib.h>
#include <string.h>

struct item {
	uint32_t host, episode, witness, evidence;
	uint64_t n;
	uint64_t blob_at;
	uint32_t blob_len : 29;
	uint32_t is_late : 1; /* some of it is near the day's end */
	uint32_t is_escape : 1;
	uint32_t is_rest : 1; /* of a connection that was counted on the day it began */
};

struct model_episodes {
	uint32_t day;
	struct item *items;
	size_t count, size;
	uint8_t *blobs;
	size_t blobs_len, blobs_size;
	struct model_match *match;
};

struct model_episodes *cf_model_episodes_new(void)
{
	struct model_episodes *episodes = calloc(1, sizeof *episodes);

	if (episodes == NULL)
		return NULL;
	episodes->match = cf_model_match_new();
	if (episodes->match != NULL)
		return episodes;
	free(episodes);
	return NULL;
}

void cf_model_episodes_free(struct model_episodes *episodes)
{
	if (episodes == NULL)
		return;
	free(episodes->items);
	free(episodes->blobs);
	cf_model_match_free(episodes->match);
	free(episodes);
}

static int by_episode(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->episode != y->episode)
		return x->episode < y->episode ? -1 : 1;
	if (x->witness != y->witness)
		return x->witness < y->witness ? -1 : 1;
	return (x->evidence > y->evidence) - (x->evidence < y->evidence);
}

/* n episodes that nobody before told of. */
static enum cf_status count(
    struct cf_model *model, const struct item *item, uint64_t n, bool of_escapes)
{
	return cf_model_count(
	    model, item->host, model->episodes->day, item->evidence, n, of_escapes);
}

/* Does this witness know better what came of it? The resolver, who was asked, or who saw more. */
static bool knows_better(
    const struct item *item, enum cf_hit_outcome outcome, const struct model_place *place)
{
	if (outcome == CF_OUTCOME_OBSERVED || outcome == place->outcome)
		return false;
	return place->outcome == CF_OUTCOME_OBSERVED || (item->witness == 0 && place->witness != 0);
}

/* n of one minute; *fresh_out of them nobody told of. */
static enum cf_status match_minute(struct cf_model *model, const struct item *item, bool of_escapes,
    uint32_t minute, uint64_t n, uint64_t *fresh_out)
{
	struct model_episodes *episodes = model->episodes;
	const struct cf_evidence *evidence = &model->hosts[item->host]->evidence[item->evidence];
	enum cf_hit_outcome outcome = model->kinds[evidence->kind].outcome;
	enum cf_status status = CF_OK;
	struct model_place *place;
	uint64_t taken = 0;

	while (n > 0 && status == CF_OK &&
	    (place = cf_model_match_take(episodes->match, minute, outcome, n, &taken)) != NULL) {
		n -= taken;
		if (of_escapes || !knows_better(item, outcome, place))
			continue;
		cf_model_recount(model, item->host, episodes->day - (place->minute < 0),
		    place->evidence, item->evidence, taken);
		status =
		    cf_model_match_move(episodes->match, place, taken, item->evidence, outcome);
	}
	*fresh_out += n;
	return status == CF_OK && n > 0
	    ? cf_model_match_add(episodes->match, minute, item->evidence, outcome, n)
	    : status;
}

static enum cf_status match_item(struct cf_model *model, const struct item *item, bool of_escapes)
{
	struct model_episodes *episodes = model->episodes;
	struct cf_minutes minutes = {0};
	uint64_t fresh = 0;
	enum cf_status status = cf_minutes_decode(
	    &minutes, episodes->blobs + item->blob_at, item->blob_len, CF_MINUTES_SUM);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++)
		status = match_minute(model, item, of_escapes, minutes.items[i].minute,
		    minutes.items[i].value, &fresh);
	cf_minutes_done(&minutes);
	return status == CF_OK && fresh > 0 ? count(model, item, fresh, of_escapes) : status;
}

static struct model_group group_of(const struct item *item, bool of_escapes)
{
	return (struct model_group){
	    .host = item->host, .episode = item->episode, .of_escapes = of_escapes};
}

/* The items of one host and episode, in order of witnesses. */
static enum cf_status match_group(
    struct cf_model *model, const struct item *items, size_t count_of, bool of_escapes)
{
	struct model_match *match = model->episodes->match;
	const struct model_group group = group_of(items, of_escapes);
	enum cf_status status = cf_model_match_begin(match, &group);
	uint32_t witness = UINT32_MAX;

	for (size_t i = 0; i < count_of && status == CF_OK; i++) {
		if (of_escapes ? !items[i].is_escape : items[i].is_rest)
			continue;
		if (items[i].witness != witness)
			cf_model_match_hear(match, items[i].witness);
		witness = items[i].witness;
		status = match_item(model, &items[i], of_escapes);
	}
	return status == CF_OK ? cf_model_match_end(match) : status;
}

/*
 * Connections that began on a day before, and of which something came back today: they were
 * counted then, as seen no more.
 */
static void answer_rests(struct cf_model *model, const struct item *item)
{
	struct cf_host *host = model->hosts[item->host];
	struct cf_evidence *rest = &host->evidence[item->evidence];
	const struct cf_model_kind *kind = &model->kinds[rest->kind];
	uint64_t n = item->n;

	if (kind->outcome != CF_OUTCOME_ANSWERED_HERE)
		return;
	for (uint32_t i = 0; i < host->evidence_count && n > 0; i++) {
		const struct cf_evidence *begun = &host->evidence[i];
		const struct cf_model_kind *of = &model->kinds[begun->kind];
		uint64_t moved = begun->counted < n ? begun->counted : n;

		if (of->episode != kind->episode || of->outcome != CF_OUTCOME_OBSERVED)
			continue;
		cf_model_recount(model, item->host, model->episodes->day, i, item->evidence, moved);
		n -= moved;
	}
}

/* By the first witness that tells of any: others tell of the same. */
static void answer_group(struct cf_model *model, const struct item *items, size_t count_of)
{
	uint32_t witness = UINT32_MAX;

	for (size_t i = 0; i < count_of; i++) {
		const struct cf_host *host = model->hosts[items[i].host];
		uint32_t kind = host->evidence[items[i].evidence].kind;

		if (!items[i].is_rest || model->kinds[kind].outcome != CF_OUTCOME_ANSWERED_HERE ||
		    (witness != UINT32_MAX && items[i].witness != witness))
			continue;
		witness = items[i].witness;
		answer_rests(model, &items[i]);
	}
}

/* One witness, and nothing near midnight: all of it counts. */
static enum cf_status count_whole(struct cf_model *model, const struct item *items, size_t count_of)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < count_of && status == CF_OK; i++) {
		if (!items[i].is_rest)
			status = count(model, &items[i], items[i].n, false);
		if (status == CF_OK && items[i].is_escape)
			status = count(model, &items[i], items[i].n, true);
	}
	return status;
}

static enum cf_status count_group(struct cf_model *model, const struct item *items, size_t count_of)
{
	struct model_match *match = model->episodes->match;
	bool one_witness = true, escapes = false, rests = false, late = false;
	const struct model_group group = group_of(items, false);
	const struct model_group group_of_escapes = group_of(items, true);
	enum cf_status status;

	for (size_t i = 0; i < count_of; i++) {
		one_witness = one_witness && items[i].witness == items[0].witness;
		escapes = escapes || items[i].is_escape;
		rests = rests || items[i].is_rest;
		late = late || items[i].is_late;
	}
	if (one_witness && !late && !cf_model_match_remembers(match, &group) &&
	    (!escapes || !cf_model_match_remembers(match, &group_of_escapes))) {
		status = count_whole(model, items, count_of);
	} else {
		status = match_group(model, items, count_of, false);
		if (status == CF_OK && escapes)
			status = match_group(model, items, count_of, true);
	}
	if (status == CF_OK && rests)
		answer_group(model, items, count_of);
	return status;
}

static bool is_sorted(const struct model_episodes *episodes)
{
	for (size_t i = 1; i < episodes->count; i++)
		if (by_episode(&episodes->items[i - 1], &episodes->items[i]) > 0)
			return false;
	return true;
}

enum cf_status cf_model_episodes_finish(struct cf_model *model)
{
	struct model_episodes *episodes = model->episodes;
	enum cf_status status = CF_OK;

	if (!is_sorted(episodes)) /* which takes as much room again */
		qsort(episodes->items, episodes->count, sizeof *episodes->items, by_episode);
	for (size_t i = 0; i < episodes->count && status == CF_OK;) {
		const struct item *first = &episodes->items[i];
		size_t of_group = 1;

		while (i + of_group < episodes->count && first[of_group].host == first->host &&
		    first[of_group].episode == first->episode)
			of_group++;
		status = count_group(model, first, of_group);
		i += of_group;
	}
	episodes->count = 0;
	episodes->blobs_len = 0;
	return status;
}

/* Resolvers are one witness: each was asked for itself. */
static uint32_t witness_of(const struct cf_model *model, const struct cf_evidence *evidence)
{
	const struct cf_model_kind *kind = &model->kinds[evidence->kind];
	const char *source = model->sensors[evidence->sensor].source;
	enum cf_via via = CF_VIA_QNAME;

	if (cf_source_is_resolver(source, strlen(source)))
		return 0;
	/* A connection's end knows what came of it, so it is heard before its beginning. */
	if ((kind->flags & CF_FACT_END) != 0)
		return 1 + evidence->sensor * (CF_VIA_COUNT + 2u);
	/* The word of a later version is of no kind that is known. */
	if (!cf_via_parse(kind->via, strlen(kind->via), &via))
		via = CF_VIA_COUNT;
	return 2 + evidence->sensor * (CF_VIA_COUNT + 2u) + (uint32_t)via;
}

enum cf_status cf_model_episode_add(struct cf_model *model, const struct model_told *told)
{
	struct model_episodes *episodes = model->episodes;
	const struct cf_evidence *evidence = &model->hosts[told->host]->evidence[told->evidence];
	const struct cf_model_kind *kind = &model->kinds[evidence->kind];
	enum cf_status status = CF_OK;

	if (told->day != episodes->day) {
		status = cf_model_episodes_finish(model);
		cf_model_match_day(episodes->match, told->day);
		episodes->day = told->day;
	}
	if (status != CF_OK)
		return status;
	struct item *items =
	    cf_array_grow(episodes->items, episodes->count, 1, &episodes->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	episodes->items = items;
	uint8_t *blobs = cf_array_grow(
	    episodes->blobs, episodes->blobs_len, told->blob_len + 1, &episodes->blobs_size, 1);

	if (blobs == NULL)
		return CF_ENOMEM;
	episodes->blobs = blobs;
	if (told->blob_len > 0)
		memcpy(blobs + episodes->blobs_len, told->blob, told->blob_len);
	items[episodes->count++] = (struct item){.host = told->host,
	    .episode = kind->episode,
	    .witness = witness_of(model, evidence),
	    .evidence = told->evidence,
	    .n = told->n,
	    .blob_at = episodes->blobs_len,
	    .blob_len = (uint32_t)told->blob_len,
	    .is_late = told->last >= CF_DAY_MINUTES - MODEL_APART_MINUTES,
	    .is_escape = kind->is_escape,
	    .is_rest = (kind->flags & CF_FACT_BEGUN_BEFORE) != 0};
	episodes->blobs_len += told->blob_len;
	return CF_OK;
}
