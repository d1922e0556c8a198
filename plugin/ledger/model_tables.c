/* The small tables of the ledger, sites, and coverage. */

#include "ledger/model_private.h"

#include <stdlib.h>
#include <string.h>

enum cf_status cf_model_prepare(
    struct cf_model *model, const char *sql, sqlite3_stmt **stmt_out, struct cf_error *error)
{
	if (sqlite3_prepare_v2(model->db, sql, -1, stmt_out, NULL) != SQLITE_OK)
		return cf_ledger_fail(model->ledger, "read", error);
	return CF_OK;
}

static const char *column(struct cf_model *model, sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return cf_model_text(
	    model, text == NULL ? "" : text, (size_t)sqlite3_column_bytes(row, at));
}

/* The columns behind the first, in order, to where texts point. False without memory. */
static bool read_texts(
    struct cf_model *model, sqlite3_stmt *row, const char **const texts[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.*): there if OK */
		*texts[i] = column(model, row, (int)i + 1);
		if (*texts[i] == NULL)
			return false;
	}
	return true;
}

/* Rows numbered 1 .. max_out of a table, as zeroed items. */
static enum cf_status make_room(struct cf_model *model, const char *sql, size_t item_bytes,
    void **items_out, uint32_t *max_out, struct cf_error *error)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = cf_model_prepare(model, sql, &row, error);
	int64_t max = 0;

	if (status != CF_OK)
		return status;
	if (sqlite3_step(row) == SQLITE_ROW)
		max = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	if (max < 0 || max > CF_LEDGER_NAMES * INT64_C(2))
		return cf_error_set(error, CF_ECHECKSUM, "ledger '%s' is damaged: row %lld",
		    cf_ledger_path(model->ledger), (long long)max);
	/* What is silenced below: the analyzer does not see that cf_error_set() never gives CF_OK.
	 */
	*items_out = calloc((size_t)max + 1, item_bytes);
	if (*items_out == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	*max_out = (uint32_t)max;
	return CF_OK;
}

/* Ends a loop over rows: the statement is freed, and a failure of the last step reported. */
static enum cf_status finish(struct cf_model *model, sqlite3_stmt *row, int rc,
    enum cf_status status, struct cf_error *error)
{
	if (status != CF_OK)
		status = cf_error_set(error, status, "%s", cf_status_text(status));
	else if (rc != SQLITE_DONE)
		status = cf_ledger_fail(model->ledger, "read", error);
	sqlite3_finalize(row);
	return status;
}

static bool is_row_of(int64_t id, uint32_t max)
{
	return id >= 1 && id <= max;
}

static uint32_t site_number(struct cf_model *model, const char *site)
{
	uint32_t number;

	if (cf_map_find(model->site_map, site, strlen(site), &number))
		return number;
	if (model->site_count == model->site_size) {
		uint32_t size = model->site_size == 0 ? 16 : model->site_size * 2;
		const char **sites = realloc(model->sites, size * sizeof *sites);

		if (sites == NULL)
			return UINT32_MAX;
		model->sites = sites;
		model->site_size = size;
	}
	if (cf_map_add(model->site_map, site, strlen(site), model->site_count, &number, NULL) !=
	    CF_OK)
		return UINT32_MAX;
	model->sites[model->site_count++] = site;
	return number;
}

/* The site last given to the sensor by hand; "" is shared by all that have none. */
static const char *site_of(const struct cf_model *model, const char *sensor)
{
	const char *site = "";

	for (size_t i = 0; i < cf_actions_count(model->actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);

		if (strcmp(action->verb, "site") == 0 && !cf_actions_is_undone(model->actions, i) &&
		    strcmp(action->args[0], sensor) == 0)
			site = action->args[1];
	}
	return site;
}

static enum cf_status load_sensors(struct cf_model *model, struct cf_error *error)
{
	void *index = NULL;
	sqlite3_stmt *row = NULL;
	enum cf_status status = make_room(model, "SELECT max(sensor_id) FROM sensor",
	    sizeof(uint32_t), &index, &model->sensor_max, error);

	if (status != CF_OK)
		return status;
	model->sensor_index = index;
	model->sensors = calloc(model->sensor_max + 1u, sizeof *model->sensors);
	model->sensor_site = calloc(model->sensor_max + 1u, sizeof *model->sensor_site);
	if (model->sensors == NULL || model->sensor_site == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	status = cf_model_prepare(
	    model, "SELECT sensor_id, name, source FROM sensor ORDER BY name, source", &row, error);
	if (status != CF_OK)
		return status;
	int rc;

	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		if (!cf_model_row_ok(model, 0, sqlite3_column_int64(row, 0), 0, 0, 0))
			return finish(model, row, rc, CF_EMALFORMED, error);
		struct cf_model_sensor *sensor = &model->sensors[model->sensor_count];

		if (!is_row_of(sqlite3_column_int64(row, 0), model->sensor_max))
			return finish(model, row, rc, CF_EMALFORMED, error);
		sensor->id = (uint32_t)sqlite3_column_int64(row, 0);
		sensor->name = column(model, row, 1);
		sensor->source = column(model, row, 2);
		if (sensor->name == NULL || sensor->source == NULL)
			return finish(model, row, rc, CF_ENOMEM, error);
		sensor->site = site_of(model, sensor->name);
		sensor->first_minute = UINT32_MAX;
		model->sensor_site[model->sensor_count] = site_number(model, sensor->site);
		if (model->sensor_site[model->sensor_count] == UINT32_MAX)
			return finish(model, row, rc, CF_ENOMEM, error);
		model->sensor_index[sensor->id] = (uint32_t)model->sensor_count++;
	}
	return finish(model, row, rc, CF_OK, error);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* What a kind of hit says about the host. docs/FORMATS.md, "states", has the table. */
static void classify(struct cf_model_kind *kind)
{
	static const char *const never[] = {
	    "local-injection", "lookalike", "informational", "pass"};
	static const char *const visits[] = {"web-account", "sales", "corporate"};
	static const char *const weak_via[] = {"shared_ip", "asn", "answer_addr"};
	/* JA4 alone tells a library, and a public resolver a way out, not a vendor. */
	bool counts = !is_one_of(kind->category, never, sizeof never / sizeof never[0]) &&
	    strcmp(kind->via, "ja4") != 0 && strcmp(kind->via, "doh") != 0;

	kind->is_blocked = strcmp(kind->action, "block") == 0;
	kind->is_excepted = counts && !kind->is_blocked &&
	    (kind->owner[0] != '\0' || strcmp(kind->action, "allow") == 0);
	kind->is_dependence = counts && !kind->is_excepted;
	/* The sensor decides: it saw whether something came back, and knows the cut-off. */
	kind->is_escape =
	    kind->is_dependence && !kind->is_blocked && (kind->flags & CF_FACT_ESCAPE) != 0;
	kind->is_weak = is_one_of(kind->category, visits, sizeof visits / sizeof visits[0]) ||
	    is_one_of(kind->via, weak_via, sizeof weak_via / sizeof weak_via[0]);
}

static enum cf_status load_kinds(struct cf_model *model, struct cf_error *error)
{
	void *kinds = NULL;
	sqlite3_stmt *row = NULL;
	enum cf_status status = make_room(model, "SELECT max(kind_id) FROM kind",
	    sizeof(struct cf_model_kind), &kinds, &model->kind_max, error);
	int rc;

	if (status != CF_OK)
		return status;
	model->kinds = kinds;
	status = cf_model_prepare(model,
	    "SELECT kind_id, event, action, via, relay, owner, phase, list, rule, rule_type, "
	    "category,"
	    " product, confidence, flags, cutoff_s FROM kind JOIN rule USING(rule_id)",
	    &row, error);
	if (status != CF_OK)
		return status;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		if (!is_row_of(sqlite3_column_int64(row, 0), model->kind_max))
			return finish(model, row, rc, CF_EMALFORMED, error);
		struct cf_model_kind *kind = &model->kinds[sqlite3_column_int64(row, 0)];
		const char **texts[] = {&kind->event, &kind->action, &kind->via, &kind->relay,
		    &kind->owner, &kind->phase, &kind->list, &kind->rule, &kind->rule_type,
		    &kind->category, &kind->product, &kind->confidence};

		if (!read_texts(model, row, texts, sizeof texts / sizeof texts[0]))
			return finish(model, row, rc, CF_ENOMEM, error);
		/* NOLINTNEXTLINE(clang-analyzer-core.*): there if OK */
		kind->flags = (unsigned)sqlite3_column_int64(row, 13);
		kind->cutoff_wall_s = sqlite3_column_int64(row, 14);
		classify(kind);
	}
	return finish(model, row, rc, CF_OK, error);
}

static enum cf_status load_endpoints(struct cf_model *model, struct cf_error *error)
{
	void *items = NULL;
	sqlite3_stmt *row = NULL;
	enum cf_status status = make_room(model, "SELECT max(endpoint_id) FROM endpoint",
	    sizeof(struct model_endpoint), &items, &model->endpoint_max, error);
	int rc;

	if (status != CF_OK)
		return status;
	model->endpoints = items;
	status = cf_model_prepare(
	    model, "SELECT endpoint_id, addr, mac, vlan FROM endpoint", &row, error);
	if (status != CF_OK)
		return status;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		if (!is_row_of(sqlite3_column_int64(row, 0), model->endpoint_max))
			return finish(model, row, rc, CF_EMALFORMED, error);
		struct model_endpoint *endpoint = &model->endpoints[sqlite3_column_int64(row, 0)];

		/* NOLINTNEXTLINE(clang-analyzer-core.*): there if OK */
		endpoint->addr = column(model, row, 1);
		endpoint->mac = column(model, row, 2);
		endpoint->vlan = (uint32_t)sqlite3_column_int64(row, 3);
		if (endpoint->addr == NULL || endpoint->mac == NULL)
			return finish(model, row, rc, CF_ENOMEM, error);
	}
	return finish(model, row, rc, CF_OK, error);
}

static enum cf_status load_claims(struct cf_model *model, struct cf_error *error)
{
	void *items = NULL;
	sqlite3_stmt *row = NULL;
	enum cf_status status = make_room(model, "SELECT max(claim_id) FROM claim",
	    sizeof(struct model_claim), &items, &model->claim_max, error);
	int rc;

	if (status != CF_OK)
		return status;
	model->claims = items;
	status = cf_model_prepare(model,
	    "SELECT claim_id, addr, mac, name, client, how, vlan, router FROM claim", &row, error);
	if (status != CF_OK)
		return status;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		if (!is_row_of(sqlite3_column_int64(row, 0), model->claim_max))
			return finish(model, row, rc, CF_EMALFORMED, error);
		struct model_claim *claim = &model->claims[sqlite3_column_int64(row, 0)];
		const char **texts[] = {
		    &claim->addr, &claim->mac, &claim->name, &claim->client, &claim->how};

		if (!read_texts(model, row, texts, sizeof texts / sizeof texts[0]))
			return finish(model, row, rc, CF_ENOMEM, error);
		/* NOLINTNEXTLINE(clang-analyzer-core.*): there if OK */
		claim->vlan = (uint32_t)sqlite3_column_int64(row, 6);
		claim->router = sqlite3_column_int64(row, 7) != 0;
		claim->is_lease = strcmp(claim->how, "lease") == 0;
	}
	return finish(model, row, rc, CF_OK, error);
}

enum cf_status cf_model_load_tables(struct cf_model *model, struct cf_error *error)
{
	enum cf_status status = load_sensors(model, error);

	if (status == CF_OK)
		status = load_kinds(model, error);
	if (status == CF_OK)
		status = load_endpoints(model, error);
	if (status == CF_OK)
		status = load_claims(model, error);
	return status;
}

/* A day past this is no day: minutes are counted in 32 bits. */
#define LAST_DAY 100000

bool cf_model_row_ok(const struct cf_model *model, int64_t day, int64_t sensor_id, int64_t claim_id,
    int64_t endpoint_id, int64_t kind_id)
{
	if (day < 0 || day > LAST_DAY || sensor_id < 1 || sensor_id > model->sensor_max)
		return false;
	if (claim_id != 0 &&
	    (claim_id < 1 || claim_id > model->claim_max || model->claims[claim_id].mac == NULL))
		return false;
	if (endpoint_id != 0 &&
	    (endpoint_id < 1 || endpoint_id > model->endpoint_max ||
	        model->endpoints[endpoint_id].mac == NULL))
		return false;
	return kind_id == 0 ||
	    (kind_id >= 1 && kind_id <= model->kind_max && model->kinds[kind_id].event != NULL);
}

static enum cf_status add_beats(struct cf_model *model, sqlite3_stmt *row)
{
	if (!cf_model_row_ok(
	        model, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), 0, 0, 0))
		return CF_EMALFORMED;
	uint32_t base = (uint32_t)sqlite3_column_int64(row, 0) * DAY_MINUTES;
	uint32_t index = model->sensor_index[sqlite3_column_int64(row, 1)];
	struct cf_model_sensor *sensor = &model->sensors[index];
	struct cf_minutes minutes = {0};
	enum cf_status status = cf_minutes_decode(&minutes, sqlite3_column_blob(row, 5),
	    (size_t)sqlite3_column_bytes(row, 5), CF_MINUTES_MAX);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = base + minutes.items[i].minute;

		if (minute > model->at_minute)
			break;
		if (minute < sensor->first_minute)
			sensor->first_minute = minute;
		if (minute > sensor->last_minute)
			sensor->last_minute = minute;
		status = cf_coverage_beat(model->coverage, index, sqlite3_column_int64(row, 3),
		    minute, minutes.items[i].value);
	}
	cf_minutes_done(&minutes);
	return status;
}

static enum cf_status load_beats(struct cf_model *model, struct cf_error *error)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = cf_model_prepare(model,
	    "SELECT day, sensor_id, iface, started_us, lost, minutes, seen FROM beat WHERE iface=''"
	    " ORDER BY day",
	    &row, error);
	int rc = SQLITE_DONE;

	if (status != CF_OK)
		return status;
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW)
		status = add_beats(model, row);
	status = finish(model, row, status == CF_OK ? rc : SQLITE_DONE, status, error);
	if (status != CF_OK)
		return status;
	/* Totals: the largest of each run, summed over runs. */
	status = cf_model_prepare(model,
	    "SELECT sensor_id, sum(s), sum(l) FROM (SELECT sensor_id, max(seen) AS s, max(lost) AS "
	    "l"
	    " FROM beat WHERE iface='' GROUP BY sensor_id, started_us) GROUP BY sensor_id",
	    &row, error);
	if (status != CF_OK)
		return status;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		if (!cf_model_row_ok(model, 0, sqlite3_column_int64(row, 0), 0, 0, 0))
			return finish(model, row, rc, CF_EMALFORMED, error);
		struct cf_model_sensor *sensor =
		    &model->sensors[model->sensor_index[sqlite3_column_int64(row, 0)]];

		sensor->seen = (uint64_t)sqlite3_column_int64(row, 1);
		sensor->lost = (uint64_t)sqlite3_column_int64(row, 2);
	}
	return finish(model, row, rc, CF_OK, error);
}

enum cf_status cf_model_load_coverage(struct cf_model *model, struct cf_error *error)
{
	sqlite3_stmt *row = NULL;
	enum cf_status status = cf_coverage_new((uint32_t)model->sensor_count, &model->coverage);
	int rc = SQLITE_DONE;

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	status = load_beats(model, error);
	if (status == CF_OK)
		status = cf_model_prepare(
		    model, "SELECT sensor_id, from_us, to_us, reason FROM gap", &row, error);
	if (status != CF_OK)
		return status;
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		const char *reason = column(model, row, 3);
		int64_t from = sqlite3_column_int64(row, 1) / 60000000;
		int64_t to = sqlite3_column_int64(row, 2) / 60000000 + 1;

		if (!cf_model_row_ok(model, 0, sqlite3_column_int64(row, 0), 0, 0, 0))
			status = CF_EMALFORMED;
		else if (reason == NULL)
			status = CF_ENOMEM;
		else if (from >= 0 && from < (int64_t)model->at_minute)
			status = cf_coverage_doubt(model->coverage,
			    model->sensor_index[sqlite3_column_int64(row, 0)], (uint32_t)from,
			    to > UINT32_MAX ? UINT32_MAX : (uint32_t)to, reason);
	}
	status = finish(model, row, status == CF_OK ? rc : SQLITE_DONE, status, error);
	if (status == CF_OK && cf_coverage_finish(model->coverage) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
}
