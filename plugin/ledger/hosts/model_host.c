/* Hosts while a model is loaded. */

#include "ledger/hosts/model_host.h"

#include "base/addr.h"
#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cf_coverage_lack nothing_watched; /* until it is looked at */

const struct cf_host_rare cf_host_nothing_rare = {
    .relay = "", .owner = "", .note = "", .excepted_by = "", .excepted_why = ""};

struct cf_host_rare *cf_model_rare(struct cf_model *model, struct cf_host *host)
{
	uint32_t room = 0;

	/* All but that one are this model's own. */
	if (host->rare != &cf_host_nothing_rare)
		return (struct cf_host_rare *)host->rare;
	struct cf_host_rare *rare = cf_model_pool_grow(&model->rare_pool, NULL, 0, &room);

	if (rare != NULL) {
		*rare = cf_host_nothing_rare;
		host->rare = rare;
	}
	return rare;
}

const struct cf_day_found cf_day_nothing_found = {
    .hit_first = -1, .hit_last = -1, .excepted_last = -1, .escape_last = -1, .visit_last = -1};

struct cf_day_found *cf_model_found(struct cf_model *model, struct cf_host_day *day)
{
	uint32_t room = 0;

	if (day->found != &cf_day_nothing_found) /* likewise */
		return (struct cf_day_found *)day->found;
	struct cf_day_found *found = cf_model_pool_grow(&model->found_pool, NULL, 0, &room);

	if (found != NULL) {
		*found = cf_day_nothing_found;
		day->found = found;
	}
	return found;
}

/*
 * Room for one more day. All hosts grow day by day, so that a pool would keep each size of array
 * for nobody; malloc() joins them.
 */
static struct cf_host_day *room_for_day(struct cf_model *model, struct cf_host *host)
{
	if (host->day_count < host->day_room || host->day_room < MODEL_POOLED_DAYS)
		return cf_model_pool_grow(
		    &model->day_pool, host->days, host->day_count, &host->day_room);
	uint32_t room = host->day_room + host->day_room / 4;
	bool is_pooled = host->day_room == MODEL_POOLED_DAYS;
	struct cf_host_day *days =
	    realloc(is_pooled ? NULL : host->days, room * sizeof *host->days);

	if (days == NULL)
		return NULL;
	if (is_pooled)
		memcpy(days, host->days, host->day_count * sizeof *days);
	host->day_room = room;
	return days;
}

static struct cf_host *new_host(struct cf_model *model, uint32_t head)
{
	struct cf_host **hosts =
	    cf_array_grow(model->hosts, model->host_count, 1, &model->host_size, sizeof *hosts);

	if (hosts == NULL)
		return NULL;
	model->hosts = hosts;
	uint32_t room = 0;
	struct cf_host *host = cf_model_pool_grow(&model->host_pool, NULL, 0, &room);

	if (host == NULL)
		return NULL;
	*host = (struct cf_host){0};
	host->key = cf_owners_key(model->owners, head);
	host->is_unknown_holder = strncmp(host->key, "ip:", 3) == 0;
	host->site = host->name = host->addr = host->mac = host->product = host->confidence = "";
	host->rare = &cf_host_nothing_rare;
	host->watch = &nothing_watched;
	host->first_minute = UINT32_MAX;
	host->is_network = true; /* until somebody who says which host it was saw it */
	model->hosts[model->host_count++] = host;
	return host;
}

struct cf_host *cf_model_host(struct cf_model *model, uint32_t node, uint32_t *index_out)
{
	uint32_t head = cf_owners_head(model->owners, node);

	if (head >= model->host_of_node_size) {
		uint32_t size = 2 * head + 256;
		uint32_t *grown = realloc(model->host_of_node, size * sizeof *grown);

		if (grown == NULL)
			return NULL;
		memset(grown + model->host_of_node_size, 0xff,
		    (size - model->host_of_node_size) * sizeof *grown);
		model->host_of_node = grown;
		model->host_of_node_size = size;
	}
	if (model->host_of_node[head] == UINT32_MAX) {
		if (new_host(model, head) == NULL)
			return NULL;
		model->host_of_node[head] = (uint32_t)model->host_count - 1;
	}
	*index_out = model->host_of_node[head];
	return model->hosts[*index_out];
}

uint32_t cf_model_node_at(struct cf_model *model, uint32_t place, uint32_t minute)
{
	uint32_t node = cf_owners_at(model->owners, place, minute), site;

	if (node != CF_NODE_NONE)
		return node;
	(void)cf_owners_place_addr(model->owners, place, &site);
	node = cf_owners_place_node(model->owners, place, model->sites[site]);
	if (node != CF_NODE_NONE)
		cf_owners_saw(model->owners, node, minute);
	return node;
}

struct cf_host_day *cf_host_day(struct cf_model *model, struct cf_host *host, uint32_t day)
{
	if (host->day_count > 0 && host->days[host->day_count - 1].day == day)
		return &host->days[host->day_count - 1];
	struct cf_host_day *days = room_for_day(model, host);

	if (days == NULL)
		return NULL;
	host->days = days;
	host->days[host->day_count] = (struct cf_host_day){
	    .day = day, .alive_first = -1, .alive_last = -1, .found = &cf_day_nothing_found};
	return &host->days[host->day_count++];
}

static void note_alive(struct cf_host *host, struct cf_host_day *day, uint32_t first, uint32_t last)
{
	if (day->alive_first < 0 || (int16_t)first < day->alive_first)
		day->alive_first = (int16_t)first;
	if ((int16_t)last > day->alive_last)
		day->alive_last = (int16_t)last;
	if (day->day * DAY_MINUTES + first < host->first_minute)
		host->first_minute = day->day * DAY_MINUTES + first;
	if (day->day * DAY_MINUTES + last > host->last_minute)
		host->last_minute = day->day * DAY_MINUTES + last;
}

/* "ip:10.0.0.0@site": an address of which truncation would leave all there is. */
static bool is_masked_key(const char *key)
{
	const char *end = strrchr(key, '@');
	char text[CF_ADDR_TEXT_BYTES];
	struct cf_addr addr;
	uint8_t rest = 0;

	if (strncmp(key, "ip:", 3) != 0 || end == NULL || end - key - 3 >= (int)sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)(end - key - 3), key + 3);
	if (cf_addr_parse(text, &addr) != CF_OK)
		return false;
	for (size_t i = addr.family == CF_FAMILY_V4 ? 3 : 6;
	     i < (addr.family == CF_FAMILY_V4 ? 4 : 16); i++)
		rest |= addr.bytes[i];
	return rest == 0;
}

enum cf_status cf_model_saw(struct cf_model *model, struct cf_host *host, struct cf_host_day *day,
    uint32_t sensor, uint32_t first, uint32_t last)
{
	model->sensors[sensor].has_sightings = true;
	/* A sensor that truncates, or did once: then it is one where that shows. */
	host->is_network = host->is_network &&
	    strcmp(model->sensors[sensor].privacy, "truncate") == 0 && is_masked_key(host->key);
	day->set = cf_coverage_set_add(model->coverage, day->set, sensor);
	if (day->set == UINT32_MAX)
		return CF_ENOMEM;
	note_alive(host, day, first, last);
	return CF_OK;
}

/* Among the first few, which is all that most hosts have; texts are interned. */
static bool find_identity(const struct cf_host *host, const char *site,
    const struct cf_host_identity *seen, uint32_t *at_out)
{
	for (uint32_t i = 0; i < host->identity_count && i < CF_MODEL_FEW; i++) {
		const struct cf_host_identity *one = &host->identities[i];

		if (one->kind == seen->kind && one->value == seen->value && one->site == site) {
			*at_out = i;
			return true;
		}
	}
	*at_out = host->identity_count;
	return false;
}

enum cf_status cf_model_note_identity(struct cf_model *model, uint32_t host_index, const char *site,
    const struct cf_host_identity *seen)
{
	struct cf_host *host = model->hosts[host_index];
	struct {
		const char *value, *site;
		uint32_t host, kind;
	} key = {
	    .value = seen->value, .site = site, .host = host_index, .kind = (uint32_t)seen->kind};
	uint32_t at;

	if (seen->value[0] == '\0')
		return CF_OK;
	bool is_known = find_identity(host, site, seen, &at) ||
	    (host->identity_count >= CF_MODEL_FEW &&
	        cf_map_find(model->identity_map, &key, sizeof key, &at));

	if (!is_known) {
		struct cf_host_identity *items = cf_model_pool_grow(&model->identity_pool,
		    host->identities, host->identity_count, &host->identity_room);

		if (items == NULL)
			return CF_ENOMEM;
		host->identities = items;
		if (host->identity_count >= CF_MODEL_FEW &&
		    cf_map_add(model->identity_map, &key, sizeof key, host->identity_count, &at,
		        NULL) != CF_OK)
			return CF_ENOMEM;
		items[host->identity_count] = *seen;
		items[host->identity_count++].site = site;
		return CF_OK;
	}
	struct cf_host_identity *known = &host->identities[at];

	if (seen->from_minute < known->from_minute)
		known->from_minute = seen->from_minute;
	if (seen->to_minute > known->to_minute)
		known->to_minute = seen->to_minute;
	if (seen->hit_minute > known->hit_minute)
		known->hit_minute = seen->hit_minute;
	/* Of several ways to learn it, the smaller word: the order of reading must not show. */
	if (seen->how[0] != '\0' && (known->how[0] == '\0' || strcmp(seen->how, known->how) < 0))
		known->how = seen->how;
	return CF_OK;
}

struct model_row cf_model_row(const struct cf_model *model, const struct model_links *links,
    const struct cf_row *stmt, int blob_column)
{
	return (struct model_row){.day = links->day,
	    .sensor = links->sensor,
	    .site = model->sensor_site[links->sensor],
	    .blob = cf_row_blob(stmt, blob_column),
	    .blob_len = cf_row_bytes(stmt, blob_column)};
}
