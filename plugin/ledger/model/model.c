#include "ledger/model/model.h"

#include "ledger/model/model_episode.h"
#include "ledger/model/model_private.h"
#include "ledger/model/state.h"
#include "ledger/newest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The end of the newest minute up to now_wall_s that is in the rows of sql (day and minutes, of
 * days up to ?1), as an instant; 0: none. */
static int64_t newest_of(struct cf_ledger *ledger, const char *sql, int64_t day, int64_t now_wall_s)
{
	sqlite3_stmt *row = NULL;
	int64_t newest = 0;

	if (sqlite3_prepare_v2(cf_ledger_db(ledger), sql, -1, &row, NULL) != SQLITE_OK)
		return 0;
	(void)sqlite3_bind_int64(row, 1, day); /* unbound it gives no rows */
	while (sqlite3_step(row) == SQLITE_ROW) {
		struct cf_minutes minutes = {0};

		if (cf_minutes_decode(&minutes, sqlite3_column_blob(row, 1),
		        (size_t)sqlite3_column_bytes(row, 1), CF_MINUTES_MAX) != CF_OK)
			minutes.count = 0;
		for (uint32_t i = minutes.count; i > 0; i--) {
			int64_t at = sqlite3_column_int64(row, 0) * 86400 +
			    minutes.items[i - 1].minute * INT64_C(60);

			if (at > now_wall_s)
				continue;
			newest = at + 60 > newest ? at + 60 : newest;
			break;
		}
		cf_minutes_done(&minutes);
	}
	sqlite3_finalize(row);
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
}

static enum cf_status make_parts(struct cf_model *model, struct cf_error *error)
{
	model->text_map = cf_map_new();
	model->site_map = cf_map_new();
	model->routers = cf_map_new();
	model->proxies = cf_map_new();
	model->splits = cf_map_new();
	model->node_cache = cf_map_new();
	model->evidence_map = cf_map_new();
	model->identity_map = cf_map_new();
	model->rule_map = cf_map_new();
	model->episodes = cf_model_episodes_new();
	if (model->text_map == NULL || model->site_map == NULL || model->routers == NULL ||
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
	model->db = cf_ledger_db(ledger);
	model->options = *options;
	set_defaults(&model->options);
	model->at_minute = options->at_wall_s < 60 ? 0 : (uint32_t)(options->at_wall_s / 60);
	enum cf_status status = make_parts(model, error);

	/* One snapshot of the ledger, whatever is written meanwhile. */
	if (status == CF_OK)
		status = cf_ledger_exec(ledger, "BEGIN", error);
	if (status == CF_OK) {
		status = cf_model_load_tables(model, error);
		if (status == CF_OK)
			status = cf_model_load_coverage(model, error);
		if (status == CF_OK)
			status = cf_model_load_owners(model, error);
		if (status == CF_OK)
			status = cf_model_load_hosts(model, error);
		(void)sqlite3_exec(
		    model->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
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
	for (size_t i = 0; i < model->host_count; i++) {
		free(model->hosts[i]->days);
		free(model->hosts[i]->identities);
		free(model->hosts[i]->evidence);
		free(model->hosts[i]);
	}
	free(model->hosts);
	free(model->host_of_node);
	cf_model_tables_free(model);
	free(model->sites);
	cf_map_free(model->site_map);
	cf_map_free(model->routers);
	cf_map_free(model->proxies);
	cf_map_free(model->splits);
	cf_map_free(model->node_cache);
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

const struct cf_model_options *cf_model_options(const struct cf_model *model)
{
	return &model->options;
}

size_t cf_model_hosts(const struct cf_model *model, struct cf_host *const **hosts_out)
{
	*hosts_out = model->hosts;
	return model->host_count;
}

size_t cf_model_sensors(const struct cf_model *model, const struct cf_model_sensor **sensors_out)
{
	*sensors_out = model->sensors;
	return model->sensor_count;
}

const struct cf_model_kind *cf_model_kind(const struct cf_model *model, uint32_t kind)
{
	return &model->kinds[kind];
}

struct cf_coverage *cf_model_coverage(const struct cf_model *model)
{
	return model->coverage;
}

uint64_t cf_model_skipped_rows(const struct cf_model *model)
{
	return model->skipped_rows + cf_ledger_bad_rows(model->ledger);
}

const struct cf_actions *cf_model_actions(const struct cf_model *model)
{
	return model->actions;
}

/* The last holder of an address, at one site or any. */
static uint32_t select_addr(struct cf_model *model, const char *addr, size_t len, const char *site)
{
	uint32_t best = CF_NODE_NONE, best_minute = 0;

	for (uint32_t i = 0; i < cf_owners_place_count(model->owners); i++) {
		const struct cf_owner_claim *holdings;
		uint32_t place_site;
		const char *text = cf_owners_place_addr(model->owners, i, &place_site);

		if (strlen(text) != len || memcmp(text, addr, len) != 0 ||
		    (site != NULL && strcmp(site, model->sites[place_site]) != 0))
			continue;
		size_t count = cf_owners_holdings(model->owners, i, &holdings);

		if (count > 0 &&
		    (best == CF_NODE_NONE || holdings[count - 1].to_minute > best_minute)) {
			best = holdings[count - 1].node;
			best_minute = holdings[count - 1].to_minute;
		}
	}
	return best;
}

uint32_t cf_model_select_node(struct cf_model *model, const char *selector)
{
	char key[700];
	uint32_t node = cf_owners_find_node(model->owners, selector, strlen(selector));

	if (node != CF_NODE_NONE)
		return node;
	int len = snprintf(key, sizeof key, "mac:%s", selector);

	node = cf_owners_find_node(model->owners, key, (size_t)len);
	if (node != CF_NODE_NONE)
		return node;
	const char *at = strrchr(selector, '@');

	len = snprintf(key, sizeof key, "ip:%s%s", selector, at == NULL ? "@" : "");
	node = at == NULL ? select_addr(model, selector, strlen(selector), NULL)
	                  : select_addr(model, selector, (size_t)(at - selector), at + 1);
	return node != CF_NODE_NONE ? node : cf_owners_find_node(model->owners, key, (size_t)len);
}

const struct cf_host *cf_model_find(const struct cf_model *model, const char *selector)
{
	const struct cf_host *by_name = NULL;

	for (size_t i = 0; i < model->host_count; i++) {
		const struct cf_host *host = model->hosts[i];

		if (strcmp(host->id, selector) == 0 || strcmp(host->key, selector) == 0 ||
		    (host->is_network && strcmp(host->addr, selector) == 0) ||
		    (host->mac[0] != '\0' && strcasecmp(host->mac, selector) == 0))
			return host;
		if (host->name[0] != '\0' && strcasecmp(host->name, selector) == 0 &&
		    (by_name == NULL || host->last_minute > by_name->last_minute))
			by_name = host;
	}
	if (by_name != NULL)
		return by_name;
	const char *at = strrchr(selector, '@');
	const struct cf_host_identity *best = NULL;
	const struct cf_host *found = NULL;

	for (size_t i = 0; i < model->host_count; i++)
		for (size_t j = 0; j < model->hosts[i]->identity_count; j++) {
			const struct cf_host_identity *one = &model->hosts[i]->identities[j];
			size_t len = at == NULL ? strlen(selector) : (size_t)(at - selector);

			if (strlen(one->value) == len &&
			    strncasecmp(one->value, selector, len) == 0 &&
			    (at == NULL || strcmp(one->site, at + 1) == 0) &&
			    (best == NULL || one->to_minute > best->to_minute)) {
				best = one;
				found = model->hosts[i];
			}
		}
	return found;
}

void cf_progress_done(struct cf_progress *progress)
{
	free(progress->counts);
	free(progress->hits);
	free(progress->escapes);
	*progress = (struct cf_progress){0};
}

/* Each host at the end of each day since it was first seen. */
static void count_host(
    struct cf_model *model, const struct cf_host *host, struct cf_progress *progress)
{
	size_t known = 0;

	for (uint32_t i = 0; i < progress->day_count; i++) {
		uint32_t day = progress->first_day + i, end = (day + 1) * DAY_MINUTES;

		for (; known < host->day_count && host->days[known].day <= day; known++) {
			progress->hits[i] += host->days[known].hits + host->days[known].excepted;
			progress->escapes[i] += host->days[known].escapes;
		}
		if (known == 0)
			continue;
		if (end > model->at_minute)
			end = model->at_minute;
		struct cf_state_judgement judgement =
		    cf_state_judge(host, known, end, model->coverage, &model->options, false);
		enum cf_state state = judgement.state;

		if (state == CF_STATE_DEPENDENT && host->state == CF_STATE_EXCEPTED &&
		    i + 1 == progress->day_count)
			state = CF_STATE_EXCEPTED;
		progress->counts[i][state]++;
	}
}

enum cf_status cf_model_progress(struct cf_model *model, struct cf_progress *progress_out)
{
	struct cf_progress progress = {.first_day = UINT32_MAX};
	uint32_t last = model->at_minute > 0 ? (model->at_minute - 1) / DAY_MINUTES : 0;

	for (size_t i = 0; i < model->host_count; i++)
		if (model->hosts[i]->day_count > 0 &&
		    model->hosts[i]->days[0].day < progress.first_day)
			progress.first_day = model->hosts[i]->days[0].day;
	if (progress.first_day > last) {
		*progress_out = (struct cf_progress){0};
		return CF_OK;
	}
	progress.day_count = last - progress.first_day + 1;
	progress.counts = calloc(progress.day_count, sizeof *progress.counts);
	progress.hits = calloc(progress.day_count, sizeof *progress.hits);
	progress.escapes = calloc(progress.day_count, sizeof *progress.escapes);
	if (progress.counts == NULL || progress.hits == NULL || progress.escapes == NULL) {
		cf_progress_done(&progress);
		return CF_ENOMEM;
	}
	for (size_t i = 0; i < model->host_count; i++)
		count_host(model, model->hosts[i], &progress);
	*progress_out = progress;
	return CF_OK;
}
