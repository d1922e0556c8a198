#include "ledger/hosts/model_episode.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* Repeats are folded within a minute from their first on, at each witness from another one. */
#define APART_MINUTES 2

struct item {
	uint32_t host, episode, witness, evidence;
	uint64_t n;
	uint64_t blob_at;
	uint32_t blob_len : 30;
	uint32_t is_escape : 1;
	uint32_t is_rest : 1; /* of a connection that was counted on the day it began */
};

/* How many of one minute are there to be matched. */
struct minute {
	uint64_t told; /* by the witnesses before */
	uint64_t left; /* of these, not yet matched by this witness */
};

struct model_episodes {
	uint32_t day;
	struct item *items;
	size_t count, size;
	uint8_t *blobs;
	size_t blobs_len, blobs_size;
	struct minute minutes[CF_DAY_MINUTES];
	uint64_t fresh[CF_DAY_MINUTES]; /* this witness's own, told to the next */
};

struct model_episodes *cf_model_episodes_new(void)
{
	return calloc(1, sizeof(struct model_episodes));
}

void cf_model_episodes_free(struct model_episodes *episodes)
{
	if (episodes == NULL)
		return;
	free(episodes->items);
	free(episodes->blobs);
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

/* ---- counting */

static void count_hits(
    struct cf_host *host, struct cf_host_day *day, const struct cf_model_kind *kind, uint64_t n)
{
	if (kind->is_excepted) {
		day->excepted += n;
		host->excepted += n;
	} else if (kind->is_visit) {
		day->visits += n;
		host->visits += n;
	} else if (kind->is_dependence) {
		day->hits += n;
		host->hits += n;
		switch (kind->outcome) {
		case CF_OUTCOME_BLOCKED_HERE:
			day->blocked += n;
			host->blocked += n;
			break;
		case CF_OUTCOME_ANSWERED_HERE:
			host->answered += n;
			break;
		case CF_OUTCOME_REFUSED_ELSEWHERE:
			host->refused += n;
			break;
		case CF_OUTCOME_OBSERVED:
		case CF_HIT_OUTCOMES:
			host->observed += n;
			break;
		}
	}
}

static void count_escapes(
    struct cf_host *host, struct cf_host_day *day, const struct cf_model_kind *kind, uint64_t n)
{
	day->escapes += n;
	host->escapes += n;
	if (kind->is_lookup)
		host->escaped_lookups += n;
}

/* The host's entry for the day, made when its sums were read; another may have begun since. */
static struct cf_host_day *day_of(const struct cf_host *host, uint32_t day)
{
	size_t i = host->day_count;

	while (i > 0 && host->days[i - 1].day > day)
		i--;
	return i > 0 && host->days[i - 1].day == day ? &host->days[i - 1] : NULL;
}

/* n episodes that nobody before told of. */
static enum cf_status count(
    struct cf_model *model, const struct item *item, uint64_t n, bool of_escapes)
{
	struct cf_host *host = model->hosts[item->host];
	struct cf_host_day *day = day_of(host, model->episodes->day);
	struct cf_evidence *evidence = &host->evidence[item->evidence];
	const struct cf_model_kind *kind = &model->kinds[evidence->kind];

	if (day == NULL)
		return CF_EMALFORMED; /* cannot be: cf_model_episode_add() needs it */
	if (of_escapes) {
		evidence->escaped += n;
		count_escapes(host, day, kind, n);
	} else {
		evidence->counted += n;
		count_hits(host, day, kind, n);
	}
	return CF_OK;
}

/* ---- matching */

/* Takes up to n of what was told near the minute, the nearest first; returns how many. */
static uint64_t match(struct model_episodes *episodes, uint32_t minute, uint64_t n)
{
	static const int steps[] = {0, -1, 1, -2, 2};
	uint64_t found = 0;

	_Static_assert(sizeof steps / sizeof steps[0] == 2 * APART_MINUTES + 1, "each once");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && found < n; i++) {
		int64_t at = (int64_t)minute + steps[i];

		if (at < 0 || at >= CF_DAY_MINUTES)
			continue;
		uint64_t taken = episodes->minutes[at].left;

		if (taken > n - found)
			taken = n - found;
		episodes->minutes[at].left -= taken;
		found += taken;
	}
	return found;
}

static enum cf_status match_item(
    struct cf_model *model, const struct item *item, bool of_escapes, bool is_first)
{
	struct model_episodes *episodes = model->episodes;
	struct cf_minutes minutes = {0};
	uint64_t fresh = 0;
	enum cf_status status = cf_minutes_decode(
	    &minutes, episodes->blobs + item->blob_at, item->blob_len, CF_MINUTES_SUM);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = minutes.items[i].minute;
		uint64_t n = minutes.items[i].value;

		if (!is_first)
			n -= match(episodes, minute, n);
		episodes->fresh[minute] += n;
		fresh += n;
	}
	cf_minutes_done(&minutes);
	return status == CF_OK && fresh > 0 ? count(model, item, fresh, of_escapes) : status;
}

/* What this witness alone saw is known to the next. */
static void end_witness(struct model_episodes *episodes)
{
	for (uint32_t i = 0; i < CF_DAY_MINUTES; i++) {
		episodes->minutes[i].told += episodes->fresh[i];
		episodes->minutes[i].left = episodes->minutes[i].told;
	}
	memset(episodes->fresh, 0, sizeof episodes->fresh);
}

/* The items of one host and episode, in order of witnesses. */
static enum cf_status match_group(
    struct cf_model *model, const struct item *items, size_t count_of, bool of_escapes)
{
	struct model_episodes *episodes = model->episodes;
	enum cf_status status = CF_OK;
	uint32_t witness = UINT32_MAX, first = UINT32_MAX;

	memset(episodes->minutes, 0, sizeof episodes->minutes);
	memset(episodes->fresh, 0, sizeof episodes->fresh);
	for (size_t i = 0; i < count_of && status == CF_OK; i++) {
		if (of_escapes ? !items[i].is_escape : items[i].is_rest)
			continue;
		if (first == UINT32_MAX)
			first = items[i].witness;
		if (witness != UINT32_MAX && items[i].witness != witness)
			end_witness(episodes);
		witness = items[i].witness;
		status = match_item(model, &items[i], of_escapes, witness == first);
	}
	return status;
}

static enum cf_status count_group(struct cf_model *model, const struct item *items, size_t count_of)
{
	bool one_witness = true, escapes = false;
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < count_of; i++) {
		one_witness = one_witness && items[i].witness == items[0].witness;
		escapes = escapes || items[i].is_escape;
	}
	if (!one_witness) {
		status = match_group(model, items, count_of, false);
		if (status == CF_OK && escapes)
			status = match_group(model, items, count_of, true);
		return status;
	}
	for (size_t i = 0; i < count_of && status == CF_OK; i++) {
		if (!items[i].is_rest)
			status = count(model, &items[i], items[i].n, false);
		if (status == CF_OK && items[i].is_escape)
			status = count(model, &items[i], items[i].n, true);
	}
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
	enum cf_via via = CF_VIA_QNAME;

	if (strcmp(model->sensors[evidence->sensor].source, "resolver") == 0)
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
	    .is_escape = kind->is_escape,
	    .is_rest = (kind->flags & CF_FACT_BEGUN_BEFORE) != 0};
	episodes->blobs_len += told->blob_len;
	return CF_OK;
}
