/* Which MACs are routers: those carry other hosts' traffic, and join nothing. */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The addresses of each MAC on one day. */
struct router_day {
	struct cf_map *found; /* MACs with at least so many */
	const struct cf_map *suspects;
	uint32_t limit;
	struct cf_map *pairs, *macs;
	uint32_t *counts; /* addresses, by number in macs */
	size_t count_size;
	uint32_t day;
};

struct router_search {
	struct cf_model *model;
	struct router_day seen, bound;
};

static enum cf_status count_pair(
    struct router_day *state, uint32_t day, const char *mac, const char *addr)
{
	char key[600];
	uint32_t at;
	bool added;

	if (mac[0] == '\0' || !cf_model_is_counted(addr) ||
	    !cf_map_find(state->suspects, mac, strlen(mac), &at))
		return CF_OK;
	if (day != state->day) {
		cf_map_clear(state->pairs);
		cf_map_clear(state->macs);
		state->day = day;
	}
	int len = snprintf(key, sizeof key, "%s %s", mac, addr);

	if (cf_map_add(state->pairs, key, (size_t)len, 0, &at, &added) != CF_OK)
		return CF_ENOMEM;
	if (!added)
		return CF_OK;
	if (cf_map_add(state->macs, mac, strlen(mac), cf_map_count(state->macs), &at, &added) !=
	    CF_OK)
		return CF_ENOMEM;
	uint32_t *counts = cf_array_grow(state->counts, at, 1, &state->count_size, sizeof *counts);

	if (counts == NULL)
		return CF_ENOMEM;
	state->counts = counts;
	state->counts[at] = added ? 1 : state->counts[at] + 1;
	if (state->counts[at] == state->limit)
		return cf_map_add(state->found, mac, strlen(mac), 0, &at, NULL);
	return CF_OK;
}

/* A row of either query: day, claim or endpoint. Sensors are not looked at. */
static enum cf_status take_claim(void *context, const struct cf_row *row)
{
	static const struct model_columns columns = {
	    0, MODEL_NO_COLUMN, 1, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
	struct router_search *search = context;
	struct model_links links;

	if (!cf_model_links(search->model, row, &columns, &links))
		return CF_OK; /* passed over, and counted where its minutes are read */
	const struct model_claim *claim = &search->model->claims[links.claim];
	enum cf_status status = count_pair(&search->seen, links.day, claim->mac, claim->addr);

	if (status == CF_OK && cf_identity_strength(claim->how) == CF_IDENTITY_BOUND)
		status = count_pair(&search->bound, links.day, claim->mac, claim->addr);
	return status;
}

static enum cf_status take_endpoint(void *context, const struct cf_row *row)
{
	static const struct model_columns columns = {
	    0, MODEL_NO_COLUMN, MODEL_NO_COLUMN, 1, MODEL_NO_COLUMN};
	struct router_search *search = context;
	struct model_links links;

	if (!cf_model_links(search->model, row, &columns, &links))
		return CF_OK; /* likewise */
	const struct model_endpoint *endpoint = &search->model->endpoints[links.endpoint];

	return count_pair(&search->seen, links.day, endpoint->mac, endpoint->addr);
}

/* The MACs that a monitor says are routers. */
static enum cf_status take_known(struct cf_model *model)
{
	enum cf_status status = CF_OK;
	uint32_t at;

	for (uint32_t i = 1; i <= model->claim_max && status == CF_OK; i++)
		if (model->claims[i].router)
			status = cf_map_add(model->routers, model->claims[i].mac,
			    strlen(model->claims[i].mac), 0, &at, NULL);
	return status;
}

static bool begin_day(
    struct router_day *state, struct cf_map *found, const struct cf_map *suspects, uint32_t limit)
{
	*state = (struct router_day){.found = found,
	    .limit = limit,
	    .suspects = suspects,
	    .pairs = cf_map_new(),
	    .macs = cf_map_new(),
	    .day = UINT32_MAX};
	return state->pairs != NULL && state->macs != NULL;
}

static void end_day(struct router_day *state)
{
	cf_map_free(state->pairs);
	cf_map_free(state->macs);
	free(state->counts);
}

enum cf_status cf_model_find_routers(struct cf_model *model, struct cf_error *error)
{
	struct router_search search = {.model = model};
	bool complete =
	    begin_day(&search.seen, model->routers, model->router_suspects, MODEL_ROUTER_ADDRESSES);
	enum cf_status status = CF_OK;

	complete = begin_day(&search.bound, model->proxies, model->proxy_suspects,
	               MODEL_PROXY_ADDRESSES) &&
	    complete;
	if (!complete || take_known(model) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	bool is_needed =
	    cf_map_count(model->router_suspects) > 0 || cf_map_count(model->proxy_suspects) > 0;

	if (status == CF_OK && is_needed)
		status = cf_ledger_each_row(model->ledger, "SELECT day, claim_id FROM sighting",
		    take_claim, &search, error);
	search.seen.day = UINT32_MAX;
	if (status == CF_OK && is_needed)
		status = cf_ledger_each_row(model->ledger,
		    "SELECT day, endpoint_id FROM rollup JOIN endpoint USING(endpoint_id) WHERE "
		    "mac<>''",
		    take_endpoint, &search, error);
	end_day(&search.seen);
	end_day(&search.bound);
	return status;
}
