/* The order of hosts: worst first. A million of them are compared by numbers that lie together. */

#include "ledger/model/model_private.h"

#include <stdlib.h>
#include <string.h>

/* Worst first: state, then escapes, then hits, then the id. */
static int by_need(const struct cf_host *x, const struct cf_host *y)
{
	if (x->rare->escapes != y->rare->escapes)
		return x->rare->escapes > y->rare->escapes ? -1 : 1;
	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* A host in the sort: what decides nearly always, without a look at the host. */
struct need {
	uint64_t rank; /* state, and whether it is sure; escapes and hits, as far as they fit */
	uint64_t text; /* of the key, behind what all keys begin with */
	struct cf_host *host;
};

#define RANK_ESCAPES ((UINT64_C(1) << 28) - 1)
#define RANK_HITS    ((UINT64_C(1) << 32) - 1)

static uint64_t down_from(uint64_t most, uint64_t number)
{
	return number < most ? most - number : 0;
}

static uint64_t rank_of(const struct cf_host *host)
{
	return (uint64_t)host->state << 61 |
	    (strcmp(host->confidence, "low") == 0 ? UINT64_C(1) << 60 : 0) |
	    down_from(RANK_ESCAPES, host->rare->escapes) << 32 | down_from(RANK_HITS, host->hits);
}

static int by_rank(const void *a, const void *b)
{
	const struct need *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->host->rare->escapes == y->host->rare->escapes && x->host->hits == y->host->hits &&
	    x->text != y->text)
		return x->text < y->text ? -1 : 1;
	return by_need(x->host, y->host);
}

/* How much all keys have in common at their beginning. */
static size_t common_of(const struct cf_model *model)
{
	const char *first = model->hosts[0]->key;
	size_t common = strlen(first);

	for (size_t i = 1; i < model->host_count; i++) {
		const char *key = model->hosts[i]->key;
		size_t len = 0;

		while (len < common && key[len] == first[len])
			len++;
		common = len;
	}
	return common;
}

/* Eight bytes as a number that is greater where the text is. */
static uint64_t text_of(const char *text)
{
	uint64_t number = 0;

	for (size_t i = 0; i < 8; i++) {
		number = number << 8 | (unsigned char)*text;
		text += *text != '\0';
	}
	return number;
}

enum cf_status cf_model_sort_hosts(struct cf_model *model)
{
	if (model->host_count < 2)
		return CF_OK;
	struct need *needs = malloc(model->host_count * sizeof *needs);
	size_t common = common_of(model);

	if (needs == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < model->host_count; i++)
		needs[i] = (struct need){.rank = rank_of(model->hosts[i]),
		    .text = text_of(model->hosts[i]->key + common),
		    .host = model->hosts[i]};
	qsort(needs, model->host_count, sizeof *needs, by_rank);
	for (size_t i = 0; i < model->host_count; i++)
		model->hosts[i] = needs[i].host;
	free(needs);
	return CF_OK;
}
