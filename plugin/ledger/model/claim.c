/* Claims begin one after the other; the best of those begun is on top of a heap. */

#include "ledger/model/claim.h"

#include <stdlib.h>

/* The claims of a place while it is settled: those begun, and what came of those before. */
struct contest {
	cf_claim_order *is_before;
	const void *context;
	struct cf_claim *heap;
	size_t count;
	struct cf_claim *out;
	size_t out_count;
};

/* Which of two claims that cover a minute has the place. */
static bool is_better(
    const struct contest *contest, const struct cf_claim *a, const struct cf_claim *b)
{
	if (a->strength != b->strength)
		return a->strength > b->strength;
	if (a->from_minute != b->from_minute)
		return a->from_minute > b->from_minute;
	if (a->node != b->node)
		return contest->is_before(contest->context, a->node, b->node);
	return a->to_minute > b->to_minute;
}

static void swap(struct cf_claim *a, struct cf_claim *b)
{
	struct cf_claim kept = *a;

	*a = *b;
	*b = kept;
}

static void push(struct contest *contest, const struct cf_claim *claim)
{
	size_t at = contest->count++;

	contest->heap[at] = *claim;
	while (at > 0 && is_better(contest, &contest->heap[at], &contest->heap[(at - 1) / 2])) {
		swap(&contest->heap[at], &contest->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void pop(struct contest *contest)
{
	size_t at = 0;

	contest->heap[0] = contest->heap[--contest->count];
	for (;;) {
		size_t best = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < contest->count &&
			    is_better(contest, &contest->heap[child], &contest->heap[best]))
				best = child;
		if (best == at)
			return;
		swap(&contest->heap[at], &contest->heap[best]);
		at = best;
	}
}

/* The node has the place from .. to; joined to what it had before, where nothing lies between. */
static void put_holding(
    struct contest *contest, const struct cf_claim *claim, uint32_t from, uint32_t to)
{
	struct cf_claim *last =
	    contest->out_count > 0 ? &contest->out[contest->out_count - 1] : NULL;
	uint8_t end = to == claim->to_minute ? claim->end : (uint8_t)CF_IDENTITY_OPEN;

	if (last != NULL && last->node == claim->node && last->to_minute + 1 == from &&
	    last->end == CF_IDENTITY_OPEN) {
		last->to_minute = to;
		last->end = end;
		return;
	}
	contest->out[contest->out_count++] = (struct cf_claim){.from_minute = from,
	    .to_minute = to,
	    .node = claim->node,
	    .strength = claim->strength,
	    .end = end,
	    .beginning = claim->beginning};
}

static int by_beginning(const void *a, const void *b)
{
	const struct cf_claim *x = a, *y = b;

	return (x->from_minute > y->from_minute) - (x->from_minute < y->from_minute);
}

/* From claims in order of their beginnings to holdings that follow each other. */
static void run_contest(struct contest *contest, const struct cf_claim *claims, size_t count)
{
	uint32_t now = 0;

	for (size_t next = 0; next < count || contest->count > 0;) {
		while (contest->count > 0 && contest->heap[0].to_minute < now)
			pop(contest); /* over while a better one covered it */
		if (contest->count == 0) {
			if (next == count)
				return;
			now = claims[next].from_minute;
		}
		while (next < count && claims[next].from_minute <= now)
			push(contest, &claims[next++]);
		uint32_t until = contest->heap[0].to_minute;

		if (next < count && claims[next].from_minute <= until)
			until = claims[next].from_minute - 1;
		put_holding(contest, &contest->heap[0], now, until);
		now = until + 1;
	}
}

ptrdiff_t cf_claims_last_from(const struct cf_claim *holdings, size_t count, uint32_t minute)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (holdings[mid].from_minute <= minute)
			low = mid + 1;
		else
			high = mid;
	}
	return (ptrdiff_t)low - 1;
}

/* Another claim of the same node may have covered the one that says why it ended. */
static void mark_ends(struct contest *contest, const struct cf_claim *claims, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ptrdiff_t at = claims[i].end == CF_IDENTITY_OPEN
		    ? -1
		    : cf_claims_last_from(contest->out, contest->out_count, claims[i].to_minute);

		if (at >= 0 && contest->out[at].node == claims[i].node &&
		    contest->out[at].to_minute <= claims[i].to_minute + 1)
			contest->out[at].end = claims[i].end;
	}
}

enum cf_status cf_claims_settle(struct cf_claim *claims, size_t count, cf_claim_order *is_before,
    const void *context, struct cf_claim **holdings_out, size_t *count_out)
{
	struct contest contest = {.is_before = is_before, .context = context};
	struct cf_claim *smaller;

	qsort(claims, count, sizeof *claims, by_beginning);
	/* Each beginning and each end opens at most one holding. */
	contest.heap = malloc((count + 1) * sizeof *contest.heap);
	contest.out = malloc((2 * count + 1) * sizeof *contest.out);
	if (contest.heap == NULL || contest.out == NULL) {
		free(contest.heap);
		free(contest.out);
		return CF_ENOMEM;
	}
	run_contest(&contest, claims, count);
	mark_ends(&contest, claims, count);
	free(contest.heap);
	smaller = realloc(contest.out, (contest.out_count + 1) * sizeof *smaller);
	*holdings_out = smaller == NULL ? contest.out : smaller; /* as large as it was */
	*count_out = contest.out_count;
	return CF_OK;
}
