/*
 * From sums to hosts: each roll-up and each sighting goes to the host that held the address at that
 * minute. A roll-up whose address changed hands within it is divided minute by minute.
 */

#include "ledger/model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cf_host *new_host(struct cf_model *model, uint32_t head)
{
	struct cf_host *host = calloc(1, sizeof *host);

	if (host == NULL)
		return NULL;
	host->key = cf_owners_key(model->owners, head);
	host->site = host->name = host->addr = host->mac = host->owner = host->note = "";
	host->relay = host->product = host->confidence = host->excepted_by = host->excepted_why =
	    "";
	host->first_minute = UINT32_MAX;
	if (model->host_count == model->host_size) {
		size_t size = model->host_size == 0 ? 256 : model->host_size * 2;
		struct cf_host **hosts = realloc(model->hosts, size * sizeof *hosts);

		if (hosts == NULL) {
			free(host);
			return NULL;
		}
		model->hosts = hosts;
		model->host_size = size;
	}
	model->hosts[model->host_count++] = host;
	return host;
}

/* The host that the node belongs to. NULL without memory. */
static struct cf_host *host_of(struct cf_model *model, uint32_t node, uint32_t *index_out)
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

/* The node of a place at a minute; nobody's times belong to the bare address. */
static uint32_t node_at(struct cf_model *model, uint32_t place, uint32_t minute)
{
	uint32_t node = cf_owners_at(model->owners, place, minute), site;
	char key[700];

	if (node != CF_NODE_NONE)
		return node;
	const char *addr = cf_owners_place_addr(model->owners, place, &site);
	int len = snprintf(key, sizeof key, "ip:%s@%s", addr, model->sites[site]);

	node = cf_owners_node(model->owners, key, (size_t)len);
	if (node != CF_NODE_NONE)
		cf_owners_saw(model->owners, node, minute);
	return node;
}

/* The host's entry for the day; rows come in order of days. NULL without memory. */
static struct cf_host_day *day_of(struct cf_host *host, uint32_t day)
{
	if (host->day_count > 0 && host->days[host->day_count - 1].day == day)
		return &host->days[host->day_count - 1];
	if (host->day_count == host->day_size) {
		size_t size = host->day_size == 0 ? 4 : host->day_size * 2;
		struct cf_host_day *days = realloc(host->days, size * sizeof *days);

		if (days == NULL)
			return NULL;
		host->days = days;
		host->day_size = size;
	}
	host->days[host->day_count] = (struct cf_host_day){.day = day,
	    .alive_first = -1,
	    .alive_last = -1,
	    .hit_first = -1,
	    .hit_last = -1,
	    .excepted_last = -1,
	    .escape_last = -1};
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

/* One value of an identity of the host, from .. to. */
static enum cf_status note_identity(struct cf_model *model, uint32_t host_index, const char *site,
    const struct cf_host_identity *seen)
{
	struct cf_host *host = model->hosts[host_index];
	struct {
		const char *value, *site;
		uint32_t host, kind;
	} key = {
	    .value = seen->value, .site = site, .host = host_index, .kind = (uint32_t)seen->kind};
	uint32_t at;
	bool added;

	if (seen->value[0] == '\0')
		return CF_OK;
	if (host->identity_count == host->identity_size) {
		size_t size = host->identity_size == 0 ? 4 : host->identity_size * 2;
		struct cf_host_identity *items = realloc(host->identities, size * sizeof *items);

		if (items == NULL)
			return CF_ENOMEM;
		host->identities = items;
		host->identity_size = size;
	}
	if (cf_map_add(model->identity_map, &key, sizeof key, (uint32_t)host->identity_count, &at,
	        &added) != CF_OK)
		return CF_ENOMEM;
	if (added) {
		host->identities[host->identity_count] = *seen;
		host->identities[host->identity_count++].site = site;
		return CF_OK;
	}
	struct cf_host_identity *known = &host->identities[at];

	if (seen->from_minute < known->from_minute)
		known->from_minute = seen->from_minute;
	if (seen->to_minute > known->to_minute)
		known->to_minute = seen->to_minute;
	/* Of several ways to learn it, the smaller word: the order of reading must not show. */
	if (seen->how[0] != '\0' && (known->how[0] == '\0' || strcmp(seen->how, known->how) < 0))
		known->how = seen->how;
	return CF_OK;
}

/* ---- sightings */

struct row {
	uint32_t day, sensor, site;
	const void *blob;
	size_t blob_len;
};

static enum cf_status alive_on(struct cf_model *model, uint32_t node, const struct row *row,
    uint32_t first, uint32_t last, const struct model_claim *claim)
{
	uint32_t index;
	struct cf_host *host = host_of(model, node, &index);
	struct cf_host_day *day = host == NULL ? NULL : day_of(host, row->day);
	uint32_t base = row->day * DAY_MINUTES;
	const char *site = model->sites[row->site];
	char vlan[12];

	if (day == NULL)
		return CF_ENOMEM;
	if (claim->is_lease) {
		model->sensors[row->sensor].has_leases = true;
	} else {
		model->sensors[row->sensor].has_sightings = true;
		day->set = cf_coverage_set_add(model->coverage, day->set, row->sensor);
		if (day->set == UINT32_MAX)
			return CF_ENOMEM;
		note_alive(host, day, first, last);
	}
	bool is_other = claim->router && claim->mac[0] != '\0'; /* the MAC is not the host's */
	struct cf_host_identity seen = {
	    .how = claim->how, .from_minute = base + first, .to_minute = base + last};
	const struct {
		enum cf_identity_kind kind;
		const char *value;
	} values[] = {{CF_IDENTITY_ADDR, claim->addr},
	    {CF_IDENTITY_MAC, is_other ? "" : claim->mac}, {CF_IDENTITY_NAME, claim->name},
	    {CF_IDENTITY_CLIENT, claim->client}};
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < sizeof values / sizeof values[0] && status == CF_OK; i++) {
		seen.kind = values[i].kind;
		seen.value = values[i].value;
		status = note_identity(model, index, site, &seen);
	}
	if (status != CF_OK || claim->vlan == 0)
		return status;
	int len = snprintf(vlan, sizeof vlan, "%u", claim->vlan);

	seen.kind = CF_IDENTITY_VLAN;
	seen.value = cf_model_text(model, vlan, (size_t)len);
	return seen.value == NULL ? CF_ENOMEM : note_identity(model, index, site, &seen);
}

/* Only the address is known: whoever held it, minute by minute. */
static enum cf_status alive_by_place(
    struct cf_model *model, uint32_t place, const struct row *row, const struct model_claim *claim)
{
	struct cf_minutes minutes = {0};
	enum cf_status status =
	    cf_minutes_decode(&minutes, row->blob, row->blob_len, CF_MINUTES_MAX);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = minutes.items[i].minute;

		if (row->day * DAY_MINUTES + minute > model->at_minute)
			break;
		uint32_t node = node_at(model, place, row->day * DAY_MINUTES + minute);

		status = node == CF_NODE_NONE ? CF_ENOMEM
		                              : alive_on(model, node, row, minute, minute, claim);
	}
	cf_minutes_done(&minutes);
	return status;
}

static enum cf_status take_sighting(struct cf_model *model, sqlite3_stmt *stmt)
{
	uint32_t id = (uint32_t)sqlite3_column_int64(stmt, 2);

	if (id == 0 ||
	    !cf_model_row_ok(model, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
	        sqlite3_column_int64(stmt, 2), 0, 0))
		return CF_EMALFORMED;
	const struct model_claim *claim = &model->claims[id];
	struct row row = {.day = (uint32_t)sqlite3_column_int64(stmt, 0),
	    .sensor = model->sensor_index[sqlite3_column_int64(stmt, 1)],
	    .blob = sqlite3_column_blob(stmt, 5),
	    .blob_len = (size_t)sqlite3_column_bytes(stmt, 5)};
	uint32_t first = (uint32_t)sqlite3_column_int64(stmt, 3),
	         last = (uint32_t)sqlite3_column_int64(stmt, 4);

	if (first >= DAY_MINUTES || last >= DAY_MINUTES)
		return CF_EMALFORMED;
	row.site = model->sensor_site[row.sensor];
	if (row.day * DAY_MINUTES + first > model->at_minute)
		return CF_OK;
	if (row.day * DAY_MINUTES + last > model->at_minute)
		last = model->at_minute - row.day * DAY_MINUTES;
	uint32_t node = cf_model_claim_node(model, row.site, id);

	if (node != CF_NODE_NONE)
		return alive_on(model, node, &row, first, last, claim);
	if (claim->addr[0] == '\0' || claim->is_lease)
		return CF_OK;
	uint32_t place = cf_owners_place(model->owners, row.site, claim->addr, strlen(claim->addr));

	return place == CF_NODE_NONE ? CF_ENOMEM : alive_by_place(model, place, &row, claim);
}

/* ---- roll-ups */

struct rollup {
	struct row row;
	uint32_t kind_id;
	const struct cf_model_kind *kind;
	const struct model_endpoint *endpoint;
	uint64_t n, bytes_out, bytes_in;
	int64_t first_us, last_us;
	const char *sample;
	size_t sample_len;
};

static enum cf_status add_evidence(struct cf_model *model, uint32_t index,
    const struct rollup *rollup, uint64_t n, int64_t first_us, int64_t last_us, bool whole)
{
	struct cf_host *host = model->hosts[index];
	uint32_t key[3] = {index, rollup->kind_id, rollup->row.sensor}, at;
	bool added;

	if (host->evidence_count == host->evidence_size) {
		size_t size = host->evidence_size == 0 ? 2 : host->evidence_size * 2;
		struct cf_evidence *items = realloc(host->evidence, size * sizeof *items);

		if (items == NULL)
			return CF_ENOMEM;
		host->evidence = items;
		host->evidence_size = size;
	}
	if (cf_map_add(model->evidence_map, key, sizeof key, (uint32_t)host->evidence_count, &at,
	        &added) != CF_OK)
		return CF_ENOMEM;
	if (added)
		host->evidence[host->evidence_count++] =
		    (struct cf_evidence){.kind = rollup->kind_id,
		        .sensor = rollup->row.sensor,
		        .first_wall_us = first_us,
		        .last_wall_us = last_us};
	struct cf_evidence *evidence = &host->evidence[at];

	if (added || rollup->first_us < evidence->sample_wall_us) {
		evidence->sample = cf_model_text(model, rollup->sample, rollup->sample_len);
		evidence->sample_wall_us = rollup->first_us;
		if (evidence->sample == NULL)
			return CF_ENOMEM;
	}
	evidence->n += n;
	/* Bytes are not kept by the minute: a divided roll-up's go to the host with its first hit.
	 */
	if (whole || first_us == rollup->first_us) {
		evidence->bytes_out += rollup->bytes_out;
		evidence->bytes_in += rollup->bytes_in;
	}
	if (first_us < evidence->first_wall_us)
		evidence->first_wall_us = first_us;
	if (last_us > evidence->last_wall_us)
		evidence->last_wall_us = last_us;
	return CF_OK;
}

static void count_hits(struct cf_host *host, struct cf_host_day *day,
    const struct cf_model_kind *kind, uint64_t n, int64_t first_us, int64_t last_us, uint32_t first,
    uint32_t last)
{
	if (kind->is_dependence) {
		day->hits += n;
		host->hits += n;
		if (day->hit_first < 0 || (int16_t)first < day->hit_first)
			day->hit_first = (int16_t)first;
		if ((int16_t)last > day->hit_last)
			day->hit_last = (int16_t)last;
		if (host->first_hit_wall_us == 0 || first_us < host->first_hit_wall_us)
			host->first_hit_wall_us = first_us;
		if (last_us > host->last_hit_wall_us)
			host->last_hit_wall_us = last_us;
		if (kind->is_blocked) {
			day->blocked += n;
			host->blocked += n;
		}
	}
	if (kind->is_excepted) {
		day->excepted += n;
		host->excepted += n;
		if ((int16_t)last > day->excepted_last)
			day->excepted_last = (int16_t)last;
	}
	if (kind->is_escape) {
		day->escapes += n;
		host->escapes += n;
		if ((int16_t)last > day->escape_last)
			day->escape_last = (int16_t)last;
		if (last_us > host->last_escape_wall_us)
			host->last_escape_wall_us = last_us;
	}
}

/* n hits of the roll-up between two minutes of its day belong to the node. */
static enum cf_status give(struct cf_model *model, uint32_t node, const struct rollup *rollup,
    uint32_t first, uint32_t last, uint64_t n, bool whole)
{
	uint32_t index, base = rollup->row.day * DAY_MINUTES;
	struct cf_host *host = node == CF_NODE_NONE ? NULL : host_of(model, node, &index);
	struct cf_host_day *day = host == NULL ? NULL : day_of(host, rollup->row.day);
	int64_t first_us = whole ? rollup->first_us : (int64_t)(base + first) * 60000000;
	int64_t last_us = whole ? rollup->last_us : (int64_t)(base + last) * 60000000;
	struct cf_host_identity seen = {.kind = CF_IDENTITY_ADDR,
	    .value = rollup->endpoint->addr,
	    .how = "",
	    .from_minute = base + first,
	    .to_minute = base + last};

	if (day == NULL)
		return CF_ENOMEM;
	if (first_us < rollup->first_us)
		first_us = rollup->first_us;
	model->sensors[rollup->row.sensor].has_sightings = true;
	day->set = cf_coverage_set_add(model->coverage, day->set, rollup->row.sensor);
	if (day->set == UINT32_MAX)
		return CF_ENOMEM;
	note_alive(host, day, first, last);
	count_hits(host, day, rollup->kind, n, first_us, last_us, first, last);
	enum cf_status status = add_evidence(model, index, rollup, n, first_us, last_us, whole);

	if (status == CF_OK)
		status = note_identity(model, index, model->sites[rollup->row.site], &seen);
	return status;
}

static enum cf_status divide(
    struct cf_model *model, uint32_t node, uint32_t place, const struct rollup *rollup)
{
	struct cf_minutes minutes = {0};
	enum cf_status status =
	    cf_minutes_decode(&minutes, rollup->row.blob, rollup->row.blob_len, CF_MINUTES_SUM);
	uint32_t base = rollup->row.day * DAY_MINUTES;

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = minutes.items[i].minute;

		if (base + minute > model->at_minute)
			break;
		status =
		    give(model, node != CF_NODE_NONE ? node : node_at(model, place, base + minute),
		        rollup, minute, minute, minutes.items[i].value, false);
	}
	cf_minutes_done(&minutes);
	return status;
}

static void read_rollup(struct cf_model *model, sqlite3_stmt *stmt, struct rollup *rollup)
{
	*rollup = (struct rollup){
	    .row = {.day = (uint32_t)sqlite3_column_int64(stmt, 0),
	        .sensor = model->sensor_index[sqlite3_column_int64(stmt, 1)],
	        .blob = sqlite3_column_blob(stmt, 10),
	        .blob_len = (size_t)sqlite3_column_bytes(stmt, 10)},
	    .endpoint = &model->endpoints[sqlite3_column_int64(stmt, 2)],
	    .kind_id = (uint32_t)sqlite3_column_int64(stmt, 3),
	    .n = (uint64_t)sqlite3_column_int64(stmt, 4),
	    .first_us = sqlite3_column_int64(stmt, 5),
	    .last_us = sqlite3_column_int64(stmt, 6),
	    .bytes_out = (uint64_t)sqlite3_column_int64(stmt, 7),
	    .bytes_in = (uint64_t)sqlite3_column_int64(stmt, 8),
	    .sample = (const char *)sqlite3_column_text(stmt, 9),
	    .sample_len = (size_t)sqlite3_column_bytes(stmt, 9),
	};
	rollup->kind = &model->kinds[rollup->kind_id];
	rollup->row.site = model->sensor_site[rollup->row.sensor];
}

static enum cf_status take_rollup(struct cf_model *model, sqlite3_stmt *stmt)
{
	struct rollup rollup;
	uint32_t place = CF_NODE_NONE;

	if (sqlite3_column_int64(stmt, 2) == 0 || sqlite3_column_int64(stmt, 3) == 0 ||
	    !cf_model_row_ok(model, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), 0,
	        sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3)))
		return CF_EMALFORMED;
	read_rollup(model, stmt, &rollup);
	uint32_t base = rollup.row.day * DAY_MINUTES;
	uint32_t first = (uint32_t)(rollup.first_us / 60000000 - base);
	uint32_t last = (uint32_t)(rollup.last_us / 60000000 - base);

	if (first >= DAY_MINUTES || rollup.sample == NULL)
		return CF_EMALFORMED;
	if (last >= DAY_MINUTES)
		last = DAY_MINUTES - 1; /* a fold window over midnight counts on the day it began */
	if (base + first > model->at_minute)
		return CF_OK;
	uint32_t node = cf_model_endpoint_node(model, rollup.row.site, rollup.endpoint);

	if (node == CF_NODE_NONE) {
		place = cf_owners_place(model->owners, rollup.row.site, rollup.endpoint->addr,
		    strlen(rollup.endpoint->addr));
		if (place == CF_NODE_NONE)
			return CF_ENOMEM;
	}
	if (base + last > model->at_minute ||
	    (node == CF_NODE_NONE &&
	        !cf_owners_is_constant(model->owners, place, base + first, base + last)))
		return divide(model, node, place, &rollup);
	if (node == CF_NODE_NONE)
		node = node_at(model, place, base + first);
	return give(model, node, &rollup, first, last, rollup.n, true);
}

enum cf_status cf_model_load_hosts(struct cf_model *model, struct cf_error *error)
{
	/* Both in one order of days, so that a host's days come in order too. */
	static const char sql[] = "SELECT day, sensor_id, claim_id, first_minute, last_minute, "
	                          "minutes, '', '', '', '', '', 1"
	                          " FROM sighting UNION ALL SELECT day, sensor_id, endpoint_id, "
	                          "kind_id, n, first_us, last_us,"
	                          " bytes_out, bytes_in, sample, minutes, 0 FROM rollup ORDER BY 1";
	sqlite3_stmt *row = NULL;
	enum cf_status status = CF_OK;
	int rc = SQLITE_DONE;

	if (sqlite3_prepare_v2(model->db, sql, -1, &row, NULL) != SQLITE_OK)
		return cf_ledger_fail(model->ledger, "read", error);
	while (status == CF_OK && (rc = sqlite3_step(row)) == SQLITE_ROW)
		status = sqlite3_column_int(row, 11) != 0 ? take_sighting(model, row)
		                                          : take_rollup(model, row);
	if (status != CF_OK)
		status = cf_error_set(error, status, "cannot read ledger '%s': %s",
		    cf_ledger_path(model->ledger), cf_status_text(status));
	else if (rc != SQLITE_DONE)
		status = cf_ledger_fail(model->ledger, "read", error);
	sqlite3_finalize(row);
	return status;
}
