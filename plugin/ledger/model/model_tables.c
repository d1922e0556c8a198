/* The small tables of the ledger, whole, by their numbers; and sites. */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

/* The columns behind the first, in order, to where texts point. False without memory. */
static bool read_texts(
    struct cf_model *model, sqlite3_stmt *row, const char **const texts[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		*texts[i] = cf_model_column(model, row, (int)i + 1);
		if (*texts[i] == NULL)
			return false;
	}
	return true;
}

static enum cf_status take_number(void *context, sqlite3_stmt *row)
{
	int64_t *number = context;

	*number = sqlite3_column_int64(row, 0);
	return CF_OK;
}

/* Zeroed items for the rows numbered 1 .. max_out, the largest number that sql gives. */
static enum cf_status make_room(struct cf_model *model, const char *sql, size_t item_bytes,
    void **items_out, uint32_t *max_out, struct cf_error *error)
{
	int64_t max = 0;
	enum cf_status status = cf_ledger_each_row(model->ledger, sql, take_number, &max, error);

	if (status != CF_OK)
		return status;
	if (max < 0 || max > CF_LEDGER_NAMES * INT64_C(2))
		return cf_error_set(error, CF_ECHECKSUM, "ledger '%s' is damaged: row %lld",
		    cf_ledger_path(model->ledger), (long long)max);
	void *items = calloc((size_t)max + 1, item_bytes);

	if (items == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	*items_out = items;
	*max_out = (uint32_t)max;
	return CF_OK;
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
	const char **sites =
	    cf_array_grow(model->sites, model->site_count, 1, &model->site_size, sizeof *sites);

	if (sites == NULL)
		return UINT32_MAX;
	model->sites = sites;
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

static enum cf_status take_sensor(void *context, sqlite3_stmt *row)
{
	struct cf_model *model = context;

	if (!is_row_of(sqlite3_column_int64(row, 0), model->sensor_max))
		return cf_model_skip_row(model);
	struct cf_model_sensor *sensor = &model->sensors[model->sensor_count];

	sensor->id = (uint32_t)sqlite3_column_int64(row, 0);
	sensor->name = cf_model_column(model, row, 1);
	sensor->source = cf_model_column(model, row, 2);
	if (sensor->name == NULL || sensor->source == NULL)
		return CF_ENOMEM;
	sensor->site = site_of(model, sensor->name);
	sensor->first_minute = UINT32_MAX;
	model->sensor_site[model->sensor_count] = site_number(model, sensor->site);
	if (model->sensor_site[model->sensor_count] == UINT32_MAX)
		return CF_ENOMEM;
	model->sensor_index[sensor->id] = (uint32_t)model->sensor_count++;
	return CF_OK;
}

static enum cf_status load_sensors(struct cf_model *model, struct cf_error *error)
{
	void *index = NULL;
	enum cf_status status = make_room(model, "SELECT max(sensor_id) FROM sensor",
	    sizeof *model->sensor_index, &index, &model->sensor_max, error);

	if (status != CF_OK)
		return status;
	model->sensor_index = index;
	model->sensors = calloc(model->sensor_max + 1u, sizeof *model->sensors);
	model->sensor_site = calloc(model->sensor_max + 1u, sizeof *model->sensor_site);
	if (model->sensors == NULL || model->sensor_site == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return cf_ledger_each_row(model->ledger,
	    "SELECT sensor_id, name, source FROM sensor ORDER BY name, source", take_sensor, model,
	    error);
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

static enum cf_status take_kind(void *context, sqlite3_stmt *row)
{
	struct cf_model *model = context;

	if (!is_row_of(sqlite3_column_int64(row, 0), model->kind_max))
		return cf_model_skip_row(model);
	struct cf_model_kind *kind = &model->kinds[sqlite3_column_int64(row, 0)];
	const char **texts[] = {&kind->event, &kind->action, &kind->via, &kind->relay, &kind->owner,
	    &kind->phase, &kind->list, &kind->rule, &kind->rule_type, &kind->category,
	    &kind->product, &kind->confidence};

	if (!read_texts(model, row, texts, sizeof texts / sizeof texts[0]))
		return CF_ENOMEM;
	kind->flags = (unsigned)sqlite3_column_int64(row, 13);
	kind->cutoff_wall_s = sqlite3_column_int64(row, 14);
	classify(kind);
	return CF_OK;
}

static enum cf_status load_kinds(struct cf_model *model, struct cf_error *error)
{
	void *kinds = NULL;
	enum cf_status status = make_room(model, "SELECT max(kind_id) FROM kind",
	    sizeof *model->kinds, &kinds, &model->kind_max, error);

	if (status != CF_OK)
		return status;
	model->kinds = kinds;
	return cf_ledger_each_row(model->ledger,
	    "SELECT kind_id, event, action, via, relay, owner, phase, list, rule, rule_type, "
	    "category,"
	    " product, confidence, flags, cutoff_s FROM kind JOIN rule USING(rule_id)",
	    take_kind, model, error);
}

static enum cf_status take_endpoint(void *context, sqlite3_stmt *row)
{
	struct cf_model *model = context;

	if (!is_row_of(sqlite3_column_int64(row, 0), model->endpoint_max))
		return cf_model_skip_row(model);
	struct model_endpoint *endpoint = &model->endpoints[sqlite3_column_int64(row, 0)];

	endpoint->addr = cf_model_column(model, row, 1);
	endpoint->mac = cf_model_column(model, row, 2);
	endpoint->vlan = (uint32_t)sqlite3_column_int64(row, 3);
	return endpoint->addr == NULL || endpoint->mac == NULL ? CF_ENOMEM : CF_OK;
}

static enum cf_status load_endpoints(struct cf_model *model, struct cf_error *error)
{
	void *items = NULL;
	enum cf_status status = make_room(model, "SELECT max(endpoint_id) FROM endpoint",
	    sizeof *model->endpoints, &items, &model->endpoint_max, error);

	if (status != CF_OK)
		return status;
	model->endpoints = items;
	return cf_ledger_each_row(model->ledger,
	    "SELECT endpoint_id, addr, mac, vlan FROM endpoint", take_endpoint, model, error);
}

static enum cf_status take_claim(void *context, sqlite3_stmt *row)
{
	struct cf_model *model = context;

	if (!is_row_of(sqlite3_column_int64(row, 0), model->claim_max))
		return cf_model_skip_row(model);
	struct model_claim *claim = &model->claims[sqlite3_column_int64(row, 0)];
	const char **texts[] = {
	    &claim->addr, &claim->mac, &claim->name, &claim->client, &claim->how};

	if (!read_texts(model, row, texts, sizeof texts / sizeof texts[0]))
		return CF_ENOMEM;
	claim->vlan = (uint32_t)sqlite3_column_int64(row, 6);
	claim->router = sqlite3_column_int64(row, 7) != 0;
	claim->is_lease = strcmp(claim->how, "lease") == 0;
	if (cf_identity_is_throwaway(claim->name, strlen(claim->name)))
		claim->name = "";
	return CF_OK;
}

static enum cf_status load_claims(struct cf_model *model, struct cf_error *error)
{
	void *items = NULL;
	enum cf_status status = make_room(model, "SELECT max(claim_id) FROM claim",
	    sizeof *model->claims, &items, &model->claim_max, error);

	if (status != CF_OK)
		return status;
	model->claims = items;
	return cf_ledger_each_row(model->ledger,
	    "SELECT claim_id, addr, mac, name, client, how, vlan, router FROM claim", take_claim,
	    model, error);
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

enum cf_status cf_model_skip_row(struct cf_model *model)
{
	model->skipped_rows++;
	return CF_OK;
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
