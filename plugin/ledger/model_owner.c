/*
 * Who is who, from sightings: which node held which address when, and which nodes are one host.
 *
 * Two passes over the days. The first finds routers: MACs that carry many addresses join nothing.
 * The second puts each day's marks in order of time, place by place. A place that only one node
 * claimed that day (nearly all of them) needs its first and last minute only.
 */

#include "ledger/model_private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* VRRP and HSRP: one MAC for whoever is master. */
static bool is_virtual_mac(const char *mac)
{
	return strncmp(mac, "00:00:5e:00:0", 13) == 0 || strncmp(mac, "00:00:0c:07:ac", 14) == 0;
}

static bool is_router(const struct cf_model *model, const char *mac)
{
	uint32_t unused;

	return is_virtual_mac(mac) || cf_map_find(model->routers, mac, strlen(mac), &unused);
}

static bool is_split(const struct cf_model *model, const char *mac, const char *addr)
{
	char key[600];
	uint32_t unused;
	int len = snprintf(key, sizeof key, "%s %s", mac, addr);

	return cf_map_find(model->splits, key, (size_t)len, &unused);
}

/* A MAC that its owner made up (bit 1 of the first byte) means something at its own site only. */
static bool is_local_mac(const char *mac)
{
	return mac[0] != '\0' && mac[1] != '\0' && strchr("2367abefABEF", mac[1]) != NULL;
}

static uint32_t mac_node(struct cf_model *model, uint32_t site, const char *mac, const char *addr)
{
	char key[1200];
	int len = is_local_mac(mac)
	    ? snprintf(key, sizeof key, "mac:%s@%s", mac, model->sites[site])
	    : snprintf(key, sizeof key, "mac:%s", mac);

	if (is_split(model, mac, addr))
		len += snprintf(
		    key + len, sizeof key - (size_t)len, " %s@%s", addr, model->sites[site]);
	return cf_owners_node(model->owners, key, (size_t)len);
}

uint32_t cf_model_endpoint_node(
    struct cf_model *model, uint32_t site, const struct model_endpoint *e)
{
	if (e->mac[0] == '\0' || is_router(model, e->mac))
		return CF_NODE_NONE;
	return mac_node(model, site, e->mac, e->addr);
}

static uint32_t make_claim_node(
    struct cf_model *model, uint32_t site, const struct model_claim *claim)
{
	char key[1200];
	int len;

	if (claim->mac[0] != '\0' && !is_router(model, claim->mac))
		return mac_node(model, site, claim->mac, claim->addr);
	if (claim->client[0] != '\0') {
		len = snprintf(key, sizeof key, "client:%s@%s", claim->client, model->sites[site]);
		return cf_owners_node(model->owners, key, (size_t)len);
	}
	if (claim->name[0] == '\0')
		return CF_NODE_NONE;
	/* DHCP servers keep names apart; what hosts call themselves is worth nothing beyond one
	 * address. */
	bool by_dhcp = claim->is_lease || strncmp(claim->how, "dhcp", 4) == 0;

	len = by_dhcp ? snprintf(key, sizeof key, "name:%s@%s", claim->name, model->sites[site])
	              : snprintf(key, sizeof key, "name:%s@%s %s", claim->name, model->sites[site],
	                    claim->addr);
	for (char *at = key + 5; *at != '\0' && *at != '@'; at++)
		*at = (char)tolower((unsigned char)*at);
	return cf_owners_node(model->owners, key, (size_t)len);
}

uint32_t cf_model_claim_node(struct cf_model *model, uint32_t site, uint32_t claim)
{
	uint32_t key[2] = {site, claim}, node;

	if (cf_map_find(model->node_cache, key, sizeof key, &node))
		return node;
	node = make_claim_node(model, site, &model->claims[claim]);
	/* Without memory the next call works it out again. */
	(void)!cf_map_add(model->node_cache, key, sizeof key, node, &node, NULL);
	return node;
}

/* ---- holdings */

struct mark {
	uint32_t place, node, first, last; /* minutes since 1970 */
	size_t blob_at, blob_len;          /* of its minutes in the day's block */
};

struct day_marks {
	struct mark *items;
	size_t count, size;
	uint8_t *blobs;
	size_t blob_len, blob_size;
};

static enum cf_status push_mark(struct day_marks *marks, const struct mark *mark, const void *blob)
{
	if (marks->count == marks->size) {
		size_t size = marks->size == 0 ? 4096 : marks->size * 2;
		struct mark *items = realloc(marks->items, size * sizeof *items);

		if (items == NULL)
			return CF_ENOMEM;
		marks->items = items;
		marks->size = size;
	}
	if (mark->blob_len > marks->blob_size - marks->blob_len) {
		size_t size = 2 * marks->blob_size + mark->blob_len + 65536;
		uint8_t *blobs = realloc(marks->blobs, size);

		if (blobs == NULL)
			return CF_ENOMEM;
		marks->blobs = blobs;
		marks->blob_size = size;
	}
	struct mark *kept = &marks->items[marks->count++];

	*kept = *mark;
	kept->blob_at = marks->blob_len;
	if (mark->blob_len > 0)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): has room */
		memcpy(marks->blobs + marks->blob_len, blob, mark->blob_len);
	marks->blob_len += mark->blob_len;
	return CF_OK;
}

static int by_place_and_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

struct moment {
	uint32_t minute, node;
	const char *key;
};

/* Two in one minute: the key decides, so that the order of reading does not. */
static int by_minute(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Several nodes claimed the place that day: minute by minute. */
static enum cf_status hold_contested(
    struct cf_model *model, const struct day_marks *marks, size_t first, size_t count)
{
	struct moment *moments = NULL;
	size_t moment_count = 0;
	enum cf_status status = CF_OK;

	for (size_t i = first; i < first + count && status == CF_OK; i++) {
		const struct mark *mark = &marks->items[i];
		struct cf_minutes minutes = {0};

		status = cf_minutes_decode(
		    &minutes, marks->blobs + mark->blob_at, mark->blob_len, CF_MINUTES_MAX);
		struct moment *more = status != CF_OK
		    ? NULL
		    : realloc(moments, (moment_count + minutes.count + 1) * sizeof *moments);

		if (more == NULL) {
			cf_minutes_done(&minutes);
			status = status == CF_OK ? CF_ENOMEM : status;
			break;
		}
		moments = more;
		for (uint32_t j = 0; j < minutes.count; j++)
			moments[moment_count++] =
			    (struct moment){.minute = mark->first / DAY_MINUTES * DAY_MINUTES +
			            minutes.items[j].minute,
			        .node = mark->node,
			        .key = cf_owners_key(model->owners, mark->node)};
		cf_minutes_done(&minutes);
	}
	if (status == CF_OK && moment_count > 1)
		qsort(moments, moment_count, sizeof *moments, by_minute);
	for (size_t i = 0; i < moment_count && status == CF_OK; i++)
		if (moments[i].minute <= model->at_minute)
			status = cf_owners_hold(model->owners, marks->items[first].place,
			    moments[i].node, moments[i].minute, moments[i].minute);
	free(moments);
	return status;
}

static enum cf_status hold_day(struct cf_model *model, struct day_marks *marks)
{
	enum cf_status status = CF_OK;

	if (marks->count > 1)
		qsort(marks->items, marks->count, sizeof *marks->items, by_place_and_time);
	for (size_t i = 0, next; i < marks->count && status == CF_OK; i = next) {
		const struct mark *first = &marks->items[i];
		bool is_contested = false;
		uint32_t last = first->last;

		for (next = i + 1; next < marks->count && marks->items[next].place == first->place;
		     next++) {
			if (marks->items[next].node != first->node)
				is_contested = true;
			if (marks->items[next].last > last)
				last = marks->items[next].last;
		}
		if (is_contested)
			status = hold_contested(model, marks, i, next - i);
		else
			status = cf_owners_hold(model->owners, first->place, first->node,
			    first->first, last < model->at_minute ? last : model->at_minute);
	}
	marks->count = 0;
	marks->blob_len = 0;
	return status;
}

/* One row of either table: day, sensor, claim or endpoint, first, last, minutes. */
static enum cf_status take_row(
    struct cf_model *model, sqlite3_stmt *row, bool of_claims, struct day_marks *marks)
{
	int64_t row_id = sqlite3_column_int64(row, 2);

	if (row_id == 0 ||
	    !cf_model_row_ok(model, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
	        of_claims ? row_id : 0, of_claims ? 0 : row_id, 0))
		return CF_EMALFORMED;
	uint32_t sensor = model->sensor_index[sqlite3_column_int64(row, 1)];
	uint32_t site = model->sensor_site[sensor];
	uint32_t id = (uint32_t)row_id;
	const char *addr = of_claims ? model->claims[id].addr : model->endpoints[id].addr;
	uint32_t node = of_claims ? cf_model_claim_node(model, site, id)
	                          : cf_model_endpoint_node(model, site, &model->endpoints[id]);
	uint32_t base = (uint32_t)sqlite3_column_int64(row, 0) * DAY_MINUTES;
	struct mark mark = {.node = node,
	    .first = base + (uint32_t)sqlite3_column_int64(row, 3),
	    .last = base + (uint32_t)sqlite3_column_int64(row, 4),
	    .blob_len = (size_t)sqlite3_column_bytes(row, 5)};

	if (node == CF_NODE_NONE || mark.first > model->at_minute)
		return CF_OK;
	cf_owners_saw(model->owners, node, mark.first);
	if (addr[0] == '\0')
		return CF_OK;
	mark.place = cf_owners_place(model->owners, site, addr, strlen(addr));
	if (mark.place == CF_NODE_NONE)
		return CF_ENOMEM;
	return push_mark(marks, &mark, sqlite3_column_blob(row, 5));
}

static enum cf_status load_holdings(struct cf_model *model, struct cf_error *error)
{
	/* Both tables in one order of days. Hits that carry a MAC are marks like any other. */
	static const char sql[] =
	    "SELECT day, sensor_id, claim_id, first_minute, last_minute, minutes, 1 FROM sighting"
	    " UNION ALL SELECT day, sensor_id, endpoint_id, first_us/60000000-day*1440,"
	    " min(last_us/60000000-day*1440, 1439), minutes, 0 FROM rollup JOIN endpoint"
	    " USING(endpoint_id) WHERE mac<>'' ORDER BY 1";
	struct day_marks marks = {0};
	sqlite3_stmt *row = NULL;
	uint32_t day = UINT32_MAX;
	enum cf_status status = cf_model_prepare(model, sql, &row, error);
	int rc = SQLITE_DONE;

	if (status != CF_OK)
		return status;
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		if ((uint32_t)sqlite3_column_int64(row, 0) != day) {
			status = hold_day(model, &marks);
			day = (uint32_t)sqlite3_column_int64(row, 0);
		}
		if (status == CF_OK)
			status = take_row(model, row, sqlite3_column_int(row, 6) != 0, &marks);
	}
	if (status == CF_OK)
		status = hold_day(model, &marks);
	if (status != CF_OK)
		status = cf_error_set(error, status, "cannot read ledger '%s': %s",
		    cf_ledger_path(model->ledger), cf_status_text(status));
	else if (rc != SQLITE_DONE)
		status = cf_ledger_fail(model->ledger, "read", error);
	sqlite3_finalize(row);
	free(marks.items);
	free(marks.blobs);
	return status;
}

/* ---- joins */

/*
 * A DHCP client that came with two MACs (a dock, Wi-Fi) is one host, if it also gave the same name:
 * cloned machines share the client id, but seldom the name.
 */
static enum cf_status join_clients(struct cf_model *model)
{
	struct cf_map *seen = cf_map_new();
	enum cf_status status = seen == NULL ? CF_ENOMEM : CF_OK;

	for (uint32_t site = 0; site < model->site_count && status == CF_OK; site++) {
		for (uint32_t i = 1; i <= model->claim_max && status == CF_OK; i++) {
			const struct model_claim *claim = &model->claims[i];
			uint32_t cached, key_numbers[2] = {site, i}, first;
			char key[1200];

			if (claim->mac == NULL || claim->client[0] == '\0' ||
			    claim->name[0] == '\0' ||
			    !cf_map_find(
			        model->node_cache, key_numbers, sizeof key_numbers, &cached) ||
			    cached == CF_NODE_NONE)
				continue;
			int len =
			    snprintf(key, sizeof key, "%u %s %s", site, claim->client, claim->name);

			status = cf_map_add(seen, key, (size_t)len, cached, &first, NULL);
			if (status == CF_OK)
				cf_owners_join(model->owners, first, cached);
		}
	}
	cf_map_free(seen);
	return status;
}

/* The node an action names. One that is known by its address alone comes to life with its first
 * hit. */
static uint32_t named_node(struct cf_model *model, const char *key)
{
	uint32_t node = cf_model_select_node(model, key);

	if (node == CF_NODE_NONE && strncmp(key, "ip:", 3) == 0)
		node = cf_owners_node(model->owners, key, strlen(key));
	return node;
}

static void join_by_hand(struct cf_model *model)
{
	for (size_t i = 0; i < cf_actions_count(model->actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);

		if (strcmp(action->verb, "merge") != 0 || cf_actions_is_undone(model->actions, i))
			continue;
		uint32_t a = named_node(model, action->args[0]);
		uint32_t b = named_node(model, action->args[1]);

		/* None without memory only: the hosts stay two, as if nobody had said so. */
		if (a != CF_NODE_NONE && b != CF_NODE_NONE)
			cf_owners_join(model->owners, a, b);
	}
}

static enum cf_status take_splits(struct cf_model *model)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < cf_actions_count(model->actions) && status == CF_OK; i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);
		char key[600];
		uint32_t unused;

		if (strcmp(action->verb, "split") != 0 || cf_actions_is_undone(model->actions, i))
			continue;
		int len = snprintf(key, sizeof key, "%s %s", action->args[0], action->args[1]);

		status = cf_map_add(model->splits, key, (size_t)len, 0, &unused, NULL);
	}
	return status;
}

enum cf_status cf_model_load_owners(struct cf_model *model, struct cf_error *error)
{
	enum cf_status status = take_splits(model);

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	status = cf_model_find_routers(model, error);
	if (status == CF_OK)
		status = load_holdings(model, error);
	if (status == CF_OK && join_clients(model) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	if (status == CF_OK)
		join_by_hand(model);
	return status;
}
