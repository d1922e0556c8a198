/* The small tables of the ledger, whole, by their numbers; and sites. */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

/* Gives the row its number; rows come in the order of their ids. False without memory, or past
 * what numbers can count. */
static bool number_row(struct model_numbers *numbers, const struct cf_row *row)
{
	int64_t *ids =
	    cf_array_grow(numbers->ids, numbers->count, 1, &numbers->size, sizeof *numbers->ids);

	if (ids == NULL || numbers->count >= UINT32_MAX - 1)
		return false;
	numbers->ids = ids;
	ids[numbers->count++] = cf_row_int64(row, 0);
	return true;
}

/* The number of the row with this id; 0: there is none. */
static uint32_t number_of(const struct model_numbers *numbers, int64_t id)
{
	uint32_t low = 0, high = numbers->count;

	if (high == 0 || id < numbers->ids[0] || id > numbers->ids[high - 1])
		return 0;
	/* Ids rise by one or more, so that none stands later than this; without holes, just there.
	 */
	if ((uint64_t)id - (uint64_t)numbers->ids[0] < high) {
		uint32_t at = (uint32_t)(id - numbers->ids[0]);

		if (numbers->ids[at] == id)
			return at + 1;
		high = at;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (numbers->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < numbers->count && numbers->ids[low] == id ? low + 1 : 0;
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

static int by_name(const void *a, const void *b)
{
	const struct cf_model_sensor *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->source, y->source);
}

static enum cf_status take_sensor(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	struct cf_model_sensor *sensors = cf_array_grow(
	    model->sensors, model->sensor_count, 1, &model->sensor_size, sizeof *sensors);

	if (sensors == NULL || !number_row(&model->sensor_numbers, row))
		return CF_ENOMEM;
	model->sensors = sensors;
	struct cf_model_sensor *sensor = &sensors[model->sensor_count];

	*sensor = (struct cf_model_sensor){
	    .id = model->sensor_numbers.count, /* for now: the number, until they are sorted */
	    .name = cf_model_column(model, row, 1),
	    .source = cf_model_column(model, row, 2),
	    .first_minute = UINT32_MAX};
	if (sensor->name == NULL || sensor->source == NULL)
		return CF_ENOMEM;
	model->sensor_count++;
	return CF_OK;
}

static enum cf_status load_sensors(struct cf_model *model, struct cf_error *error)
{
	enum cf_status status = cf_ledger_each_row(model->ledger,
	    "SELECT sensor_id, name, source FROM sensor ORDER BY sensor_id", take_sensor, model,
	    error);

	if (status != CF_OK)
		return status;
	model->sensor_index = calloc(model->sensor_count + 1, sizeof *model->sensor_index);
	model->sensor_site = calloc(model->sensor_count + 1, sizeof *model->sensor_site);
	if (model->sensor_index == NULL || model->sensor_site == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (model->sensor_count > 1)
		qsort(model->sensors, model->sensor_count, sizeof *model->sensors, by_name);
	for (uint32_t i = 0; i < model->sensor_count; i++) {
		struct cf_model_sensor *sensor = &model->sensors[i];

		model->sensor_index[sensor->id] = i;
		sensor->id = (uint32_t)model->sensor_numbers.ids[sensor->id - 1];
		sensor->site = site_of(model, sensor->name);
		sensor->privacy = "";
		model->sensor_site[i] = site_number(model, sensor->site);
		if (model->sensor_site[i] == UINT32_MAX)
			return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	return CF_OK;
}

/* Room for the row of the next number; number 0 is nobody's. NULL without memory. */
static void *next_item(struct model_numbers *numbers, const struct cf_row *row, void **items,
    size_t *size, size_t item_bytes)
{
	void *grown = cf_array_grow(*items, numbers->count, 2, size, item_bytes);

	if (grown == NULL)
		return NULL;
	*items = grown;
	if (!number_row(numbers, row))
		return NULL;
	char *item = (char *)grown + numbers->count * item_bytes;

	memset(item, 0, item_bytes);
	return item;
}

static enum cf_status take_kind(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	void *items = model->kinds;
	struct cf_model_kind *kind =
	    next_item(&model->kind_numbers, row, &items, &model->kind_size, sizeof *kind);

	model->kinds = items;
	if (kind == NULL)
		return CF_ENOMEM;
	const char **texts[] = {&kind->event, &kind->action, &kind->via, &kind->relay, &kind->owner,
	    &kind->phase, &kind->list, &kind->rule, &kind->rule_type, &kind->category,
	    &kind->product, &kind->confidence};

	uint32_t numbers[sizeof texts / sizeof texts[0]];

	if (!cf_model_texts(model, row, 1, sizeof texts / sizeof texts[0], texts, numbers))
		return CF_ENOMEM;
	kind->flags = (unsigned)cf_row_int64(row, 13);
	kind->cutoff_wall_s = cf_row_int64(row, 14);
	return cf_model_classify(model, kind);
}

bool cf_model_is_counted(const char *addr)
{
	return addr[0] != '\0' && strchr(addr, ':') == NULL;
}

static enum cf_status suspect(struct cf_map *suspects, const char *mac)
{
	uint32_t unused;

	return cf_map_add(suspects, mac, strlen(mac), 0, &unused, NULL);
}

/* Notes that the MAC with that number has the address. */
static enum cf_status note_mac(
    struct cf_model *model, uint32_t number, const char *mac, const char *addr, bool is_bound)
{
	if (mac[0] == '\0' || !cf_model_is_counted(addr))
		return CF_OK;
	if (number >= model->mac_count) {
		uint32_t more = number + 1 - model->mac_count;
		struct model_mac_rows *rows = cf_array_grow(
		    model->mac_rows, model->mac_count, more, &model->mac_size, sizeof *rows);

		if (rows == NULL)
			return CF_ENOMEM;
		memset(rows + model->mac_count, 0, more * sizeof *rows);
		model->mac_rows = rows;
		model->mac_count = number + 1;
	}
	struct model_mac_rows *rows = &model->mac_rows[number];

	enum cf_status status = CF_OK;

	rows->seen += rows->seen < UINT8_MAX;
	if (rows->seen == MODEL_ROUTER_ADDRESSES)
		status = suspect(model->router_suspects, mac);
	if (!is_bound || status != CF_OK)
		return status;
	rows->bound += rows->bound < UINT8_MAX;
	return rows->bound == MODEL_PROXY_ADDRESSES ? suspect(model->proxy_suspects, mac) : CF_OK;
}

static enum cf_status take_endpoint(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	void *items = model->endpoints;
	struct model_endpoint *endpoint = next_item(
	    &model->endpoint_numbers, row, &items, &model->endpoint_size, sizeof *endpoint);
	uint32_t mac_number;

	model->endpoints = items;
	if (endpoint == NULL)
		return CF_ENOMEM;
	const char **mac[] = {&endpoint->mac};

	endpoint->addr = cf_model_addr(model, row, 1, &endpoint->addr_number);
	if (endpoint->addr == NULL || !cf_model_texts(model, row, 2, 1, mac, &mac_number))
		return CF_ENOMEM;
	endpoint->vlan = (uint32_t)cf_row_int64(row, 3);
	return note_mac(model, mac_number, endpoint->mac, endpoint->addr, false);
}

static enum cf_status take_claim(void *context, const struct cf_row *row)
{
	struct cf_model *model = context;
	void *items = model->claims;
	struct model_claim *claim =
	    next_item(&model->claim_numbers, row, &items, &model->claim_size, sizeof *claim);
	uint32_t numbers[4], addr_number;

	model->claims = items;
	if (claim == NULL)
		return CF_ENOMEM;
	const char **texts[] = {&claim->mac, &claim->name, &claim->client, &claim->how};

	claim->addr = cf_model_addr(model, row, 1, &addr_number);
	if (claim->addr == NULL || !cf_model_texts(model, row, 2, 4, texts, numbers))
		return CF_ENOMEM;
	claim->addr_number = addr_number;
	claim->vlan = (uint32_t)cf_row_int64(row, 6) & 0x3fffffff;
	claim->router = cf_row_int64(row, 7) != 0;
	claim->is_lease = strcmp(claim->how, "lease") == 0;
	if (cf_identity_is_throwaway(claim->name, strlen(claim->name)))
		claim->name = "";
	model->claim_max = model->claim_numbers.count;
	return note_mac(model, numbers[0], claim->mac, claim->addr,
	    cf_identity_strength(claim->how) == CF_IDENTITY_BOUND);
}

enum cf_status cf_model_load_tables(struct cf_model *model, struct cf_error *error)
{
	enum cf_status status = load_sensors(model, error);

	if (status == CF_OK)
		status = cf_ledger_each_row(model->ledger,
		    "SELECT kind_id, event, action, via, relay, owner, phase, list, rule, "
		    "rule_type, category, product, confidence, flags, cutoff_s"
		    " FROM kind JOIN rule USING(rule_id) ORDER BY kind_id",
		    take_kind, model, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(model->ledger,
		    "SELECT endpoint_id, addr, mac, vlan FROM endpoint ORDER BY endpoint_id",
		    take_endpoint, model, error);
	if (status == CF_OK)
		status = cf_ledger_each_row(model->ledger,
		    "SELECT claim_id, addr, mac, name, client, how, vlan, router FROM claim"
		    " ORDER BY claim_id",
		    take_claim, model, error);
	model->claim_nodes = calloc(model->claim_numbers.count + 1u, sizeof *model->claim_nodes);
	if (status == CF_OK && model->claim_nodes == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	return status;
}

enum cf_status cf_model_skip_row(struct cf_model *model)
{
	model->skipped_rows++;
	return CF_OK;
}

void cf_model_numbers_free(struct model_numbers *numbers)
{
	free(numbers->ids);
	*numbers = (struct model_numbers){0};
}

void cf_model_tables_free(struct cf_model *model)
{
	free(model->sensors);
	free(model->sensor_index);
	free(model->sensor_site);
	free(model->kinds);
	free(model->endpoints);
	free(model->claims);
	free(model->sensor_numbers.ids);
	free(model->kind_numbers.ids);
	free(model->endpoint_numbers.ids);
	free(model->claim_numbers.ids);
}

/* A day past this is no day: minutes are counted in 32 bits. */
#define LAST_DAY 100000

/* The number behind the id in that column; false when it should lead somewhere and does not. */
static bool link_to(
    const struct model_numbers *numbers, const struct cf_row *row, int column, uint32_t *number_out)
{
	if (column == MODEL_NO_COLUMN)
		return true;
	*number_out = number_of(numbers, cf_row_int64(row, column));
	return *number_out != 0;
}

bool cf_model_links(const struct cf_model *model, const struct cf_row *row,
    const struct model_columns *columns, struct model_links *links_out)
{
	int64_t day = columns->day == MODEL_NO_COLUMN ? 0 : cf_row_int64(row, columns->day);
	struct model_links links = {.day = (uint32_t)day};

	if (day < 0 || day > LAST_DAY ||
	    !link_to(&model->sensor_numbers, row, columns->sensor, &links.sensor) ||
	    !link_to(&model->claim_numbers, row, columns->claim, &links.claim) ||
	    !link_to(&model->endpoint_numbers, row, columns->endpoint, &links.endpoint) ||
	    !link_to(&model->kind_numbers, row, columns->kind, &links.kind))
		return false;
	if (columns->sensor != MODEL_NO_COLUMN)
		links.sensor = model->sensor_index[links.sensor];
	*links_out = links;
	return true;
}
