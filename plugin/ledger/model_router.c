/* Which MACs are routers: those carry other hosts' traffic, and join nothing. */

#include "ledger/model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 addresses of one MAC on one day, from which on it is a router to us. */
#define ROUTER_ADDRESSES 16

struct router_day {
	struct cf_map *pairs, *macs;
	uint32_t *counts;
	uint32_t count_size;
	uint32_t day;
};

static enum cf_status count_pair(struct cf_model *model, struct router_day *state, uint32_t day,
    const char *mac, const char *addr)
{
	char key[600];
	uint32_t at;
	bool added;

	if (mac[0] == '\0' || addr[0] == '\0' || strchr(addr, ':') != NULL)
		return CF_OK; /* hosts have many IPv6 addresses by themselves */
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
	if (at >= state->count_size) {
		uint32_t size = state->count_size == 0 ? 1024 : state->count_size * 2;
		uint32_t *counts = realloc(state->counts, size * sizeof *counts);

		if (counts == NULL)
			return CF_ENOMEM;
		state->counts = counts;
		state->count_size = size;
	}
	state->counts[at] = added ? 1 : state->counts[at] + 1;
	if (state->counts[at] == ROUTER_ADDRESSES)
		return cf_map_add(model->routers, mac, strlen(mac), 0, &at, NULL);
	return CF_OK;
}

static enum cf_status count_rows(struct cf_model *model, struct router_day *state, const char *sql,
    bool of_claims, struct cf_error *error)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = cf_model_prepare(model, sql, &row, error);
	int rc = SQLITE_DONE;

	if (status != CF_OK)
		return status;
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(row, 1);

		/* Sensors are not looked at here: the first one stands for them. */
		if (!cf_model_row_ok(model, sqlite3_column_int64(row, 0), 1, of_claims ? id : 0,
		        of_claims ? 0 : id, 0)) {
			status = CF_EMALFORMED;
			break;
		}
		const char *mac = of_claims ? model->claims[id].mac : model->endpoints[id].mac;
		const char *addr = of_claims ? model->claims[id].addr : model->endpoints[id].addr;

		status =
		    count_pair(model, state, (uint32_t)sqlite3_column_int64(row, 0), mac, addr);
	}
	if (status != CF_OK)
		status = cf_error_set(error, status, "cannot read ledger '%s': %s",
		    cf_ledger_path(model->ledger), cf_status_text(status));
	else if (rc != SQLITE_DONE)
		status = cf_ledger_fail(model->ledger, "read", error);
	sqlite3_finalize(row);
	return status;
}

enum cf_status cf_model_find_routers(struct cf_model *model, struct cf_error *error)
{
	struct router_day state = {.pairs = cf_map_new(), .macs = cf_map_new(), .day = UINT32_MAX};
	enum cf_status status = CF_OK;
	uint32_t at;

	if (state.pairs == NULL || state.macs == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	for (uint32_t i = 1; i <= model->claim_max && status == CF_OK; i++)
		if (model->claims[i].mac != NULL && model->claims[i].router)
			status = cf_map_add(model->routers, model->claims[i].mac,
			    strlen(model->claims[i].mac), 0, &at, NULL);
	if (status == CF_OK)
		status =
		    count_rows(model, &state, "SELECT day, claim_id FROM sighting", true, error);
	state.day = UINT32_MAX;
	if (status == CF_OK)
		status = count_rows(model, &state,
		    "SELECT day, endpoint_id FROM rollup JOIN endpoint USING(endpoint_id) WHERE "
		    "mac<>''",
		    false, error);
	cf_map_free(state.pairs);
	cf_map_free(state.macs);
	free(state.counts);
	return status;
}
