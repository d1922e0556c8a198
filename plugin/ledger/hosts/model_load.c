#include "ledger/model/model.h"

#include "ledger/hosts/model_episode.h"
#include "ledger/model/model_private.h"
#include "ledger/model/state.h"
#include "ledger/newest.h"

#include <stdlib.h>
#include <strings.h>

/* The end of the newest minute up to now_wall_s that is in the rows of sql (day and minutes, of
 * days up to ?1), as an instant; 0: none. */
static int64_t newest_of(struct cf_ledger *ledger, const char *sql, int64_t day, int64_t now_wall_s)
{
	struct cf_stmt *stmt = NULL;
	int64_t newest = 0;

	if (cf_stmt_new(ledger, sql, &stmt, NULL) != CF_OK)
		return 0;
	cf_stmt_int64(stmt, 1, day);
	while (cf_stmt_step(stmt) == CF_STEP_ROW) {
		const struct cf_row *row = cf_stmt_row(stmt);
		struct cf_minutes minutes = {0};

		if (cf_minutes_decode(&minutes, cf_row_blob(row, 1), cf_row_bytes(row, 1),
		        CF_MINUTES_MAX) != CF_OK)
			minutes.count = 0;
		for (uint32_t i = minutes.count; i > 0; i--) {
			int64_t at = cf_row_int64(row, 0) * 86400 +
			    minutes.items[i - 1].minute * INT64_C(60);

			if (at > now_wall_s)
				continue;
			newest = at + 60 > newest ? at + 60 : newest;
			break;
		}
		cf_minutes_done(&minutes);
	}
	cf_stmt_free(stmt);
	return newest;
}

int64_t cf_model_horizon(struct cf_ledger *ledger)
{
	/* Heartbeats first: they are the sensors' own clock; a stray record may lie in the future.
	 */
	static const char *const sql[] = {
	    "SELECT day, minutes FROM beat WHERE day=(SELECT max(day) FROM beat WHERE day<=?1)",
	    "SELECT day, minutes FROM rollup WHERE day=(SELECT max(day) FROM rollup WHERE day<=?1)",
	    ("SELECT day, minutes FROM sighting"
	     " WHERE day=(SELECT max(day) FROM sighting WHERE day<=?1)")};
	int64_t now = cf_ledger_now_wall_s(ledger), day = cf_ledger_newest_day(ledger);
	int64_t newest = newest_of(ledger, sql[0], day, now);

	if (newest != 0)
		return newest;
	int64_t hits = newest_of(ledger, sql[1], day, now),
	        seen = newest_of(ledger, sql[2], day, now);

	return hits > seen ? hits : seen;
}

static void set_defaults(struct cf_model_options *options)
{
	if (options->window_minutes == 0)
		options->window_minutes = 14 * DAY_MINUTES;
	if (options->recent_minutes == 0)
		options->recent_minutes = 3 * DAY_MINUTES;
	if (options->alive_minutes == 0)
		options->alive_minutes = 3 * DAY_MINUTES;
	if (options->tolerance_minutes == 0)
		options->tolerance_minutes = 5;
	if (options->lag_minutes == 0)
		options->lag_minutes = 60;
	if (options->unread_percent == 0)
		options->unread_percent = 10;
}

static enum cf_status make_parts(struct cf_model *model, struct cf_error *error)
{
	model->host_pool.item_bytes = sizeof(struct cf_host);
	model->rare_pool.item_bytes = sizeof(struct cf_host_rare);
	model->found_pool.item_bytes = sizeof(struct cf_day_found);
	model->watch_pool.item_bytes = sizeof(struct model_watch);
	model->day_pool.item_bytes = sizeof(struct cf_host_day);
	model->identity_pool.item_bytes = sizeof(struct cf_host_identity);
	model->evidence_pool.item_bytes = sizeof(struct cf_evidence);
	model->text_map = cf_map_new();
	model->addr_map = cf_map_new();
	model->router_suspects = cf_map_new();
	model->proxy_suspects = cf_map_new();
	model->site_map = cf_map_new();
	model->routers = cf_map_new();
	model->proxies = cf_map_new();
	model->splits = cf_map_new();
	model->node_cache = cf_map_new();
	model->evidence_map = cf_map_new();
	model->identity_map = cf_map_new();
	model->rule_map = cf_map_new();
	model->episodes = cf_model_episodes_new();
	if (model->text_map == NULL || model->addr_map == NULL || model->router_suspects == NULL ||
	    model->proxy_suspects == NULL || model->site_map == NULL || model->routers == NULL ||
	    model->proxies == NULL || model->splits == NULL || model->node_cache == NULL ||
	    model->evidence_map == NULL || model->identity_map == NULL || model->rule_map == NULL ||
	    model->episodes == NULL || cf_owners_new(DAY_MINUTES, &model->owners) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (cf_ptrs_open(cf_ledger_path(model->ledger), &model->ptrs) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return cf_actions_open(cf_ledger_path(model->ledger), &model->actions, error);
}

/* What only reading rows needs: reports of many hosts need the room. */
static void forget_loading(struct cf_model *model)
{
	cf_map_free(model->evidence_map);
	cf_map_free(model->identity_map);
	cf_map_free(model->rule_map);
	cf_map_free(model->node_cache);
	free(model->claim_nodes);
	free(model->claims);
	free(model->endpoints);
	free(model->mac_rows);
	cf_map_free(model->router_suspects);
	cf_map_free(model->proxy_suspects);
	cf_model_numbers_free(&model->claim_numbers);
	cf_model_numbers_free(&model->endpoint_numbers);
	model->mac_rows = NULL;
	model->router_suspects = model->proxy_suspects = NULL;
	model->claim_nodes = NULL;
	model->claims = NULL;
	model->endpoints = NULL;
	cf_model_episodes_free(model->episodes);
	model->evidence_map = model->identity_map = model->rule_map = model->node_cache = NULL;
	model->episodes = NULL;
}

enum cf_status cf_model_load(struct cf_ledger *ledger, const struct cf_model_options *options,
    struct cf_model **model_out, struct cf_error *error)
{
	struct cf_model *model = calloc(1, sizeof *model);

	if (model == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	model->ledger = ledger;
	model->options = *options;
	set_defaults(&model->options);
	model->at_minute = options->at_wall_s < 60 ? 0 : (uint32_t)(options->at_wall_s / 60);
	enum cf_status status = make_parts(model, error);

	/* One snapshot of the ledger, whatever is written meanwhile. */
	if (status == CF_OK)
		status = cf_ledger_begin(ledger, CF_BEGIN_READ, error);
	if (status == CF_OK) {
		status = cf_model_load_tables(model, error);
		if (status == CF_OK)
			status = cf_model_load_coverage(model, error);
		if (status == CF_OK)
			status = cf_model_load_owners(model, error);
		if (status == CF_OK)
			status = cf_model_load_hosts(model, error);
		cf_ledger_rollback(ledger); /* nothing was written */
	}
	forget_loading(model);
	if (status == CF_OK)
		status = cf_model_describe(model, error);
	if (status != CF_OK) {
		cf_model_free(model);
		return status;
	}
	*model_out = model;
	return CF_OK;
}

void cf_model_free(struct cf_model *model)
{
	if (model == NULL)
		return;
	for (size_t i = 0; i < model->host_count; i++)
		if (model->hosts[i]->day_room > MODEL_POOLED_DAYS)
			free(model->hosts[i]->days);
	cf_model_pool_free(&model->day_pool);
	cf_model_pool_free(&model->found_pool);
	cf_model_pool_free(&model->identity_pool);
	cf_model_pool_free(&model->evidence_pool);
	cf_model_pool_free(&model->host_pool);
	cf_model_pool_free(&model->rare_pool);
	cf_model_pool_free(&model->watch_pool);
	free(model->watches);
	free(model->hosts);
	free(model->host_of_node);
	cf_model_tables_free(model);
	free(model->sites);
	cf_map_free(model->site_map);
	cf_map_free(model->routers);
	cf_map_free(model->proxies);
	cf_map_free(model->splits);
	cf_map_free(model->node_cache);
	free(model->claim_nodes);
	cf_map_free(model->evidence_map);
	cf_map_free(model->identity_map);
	cf_map_free(model->rule_map);
	cf_model_episodes_free(model->episodes);
	cf_owners_free(model->owners);
	cf_coverage_free(model->coverage);
	cf_actions_close(model->actions);
	cf_ptrs_close(model->ptrs);
	cf_model_texts_free(model);
	free(model);
}
