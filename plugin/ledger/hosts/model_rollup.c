/*
 * Roll-ups to hosts: what was seen of them. A roll-up whose address changed hands within it is
 * divided minute by minute.
 */

#include "ledger/hosts/model_episode.h"
#include "ledger/hosts/model_host.h"

#include <string.h>

struct rollup {
	struct model_row row;
	uint32_t kind_id;
	const struct cf_model_kind *kind;
	const struct model_endpoint *endpoint;
	uint64_t n, bytes_out, bytes_in;
	int64_t first_us, last_us;
	const char *sample;
	size_t sample_len;
};

/* Among the first few, which is all that most hosts have; else where it would be put. */
static bool find_evidence(const struct cf_host *host, const struct rollup *rollup, uint32_t *at_out)
{
	for (uint32_t i = 0; i < host->evidence_count && i < CF_MODEL_FEW; i++)
		if (host->evidence[i].kind == rollup->kind_id &&
		    host->evidence[i].sensor == rollup->row.sensor) {
			*at_out = i;
			return true;
		}
	*at_out = host->evidence_count;
	return false;
}

static enum cf_status add_evidence(struct cf_model *model, uint32_t index,
    const struct rollup *rollup, uint64_t n, int64_t first_us, int64_t last_us, bool whole,
    uint32_t *evidence_out)
{
	struct cf_host *host = model->hosts[index];
	uint32_t key[3] = {index, rollup->kind_id, rollup->row.sensor}, at;
	bool added;

	added = !find_evidence(host, rollup, &at) &&
	    !(host->evidence_count >= CF_MODEL_FEW &&
	        cf_map_find(model->evidence_map, key, sizeof key, &at));
	if (added) {
		struct cf_evidence *items = cf_model_pool_grow(&model->evidence_pool,
		    host->evidence, host->evidence_count, &host->evidence_room);

		if (items == NULL)
			return CF_ENOMEM;
		host->evidence = items;
		if (host->evidence_count >= CF_MODEL_FEW &&
		    cf_map_add(model->evidence_map, key, sizeof key, host->evidence_count, &at,
		        NULL) != CF_OK)
			return CF_ENOMEM;
		items[host->evidence_count++] = (struct cf_evidence){.kind = rollup->kind_id,
		    .sensor = rollup->row.sensor,
		    .first_wall_us = first_us,
		    .last_wall_us = last_us};
	}
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
	*evidence_out = at;
	return CF_OK;
}

static void note_last(int16_t *mark, uint32_t minute)
{
	if ((int16_t)minute > *mark)
		*mark = (int16_t)minute;
}

static void note_latest(int64_t *latest_us, int64_t at_us)
{
	if (at_us > *latest_us)
		*latest_us = at_us;
}

static void note_earliest(int64_t *earliest_us, int64_t at_us)
{
	if (*earliest_us == 0 || at_us < *earliest_us)
		*earliest_us = at_us;
}

/* When; how many is counted by model_episode.h. */
static enum cf_status note_times(struct cf_model *model, struct cf_host *host,
    struct cf_host_day *day, const struct cf_model_kind *kind, int64_t first_us, int64_t last_us,
    uint32_t first, uint32_t last)
{
	bool is_rare = kind->is_visit || kind->is_escape;
	struct cf_host_rare *rare = is_rare ? cf_model_rare(model, host) : NULL;

	if (is_rare && rare == NULL)
		return CF_ENOMEM;
	if (!is_rare && !kind->is_dependence && !kind->is_excepted)
		return CF_OK;
	struct cf_day_found *found = cf_model_found(model, day);

	if (found == NULL)
		return CF_ENOMEM;
	if (kind->is_dependence) {
		if (found->hit_first < 0 || (int16_t)first < found->hit_first)
			found->hit_first = (int16_t)first;
		note_last(&found->hit_last, last);
	}
	if (kind->is_excepted)
		note_last(&found->excepted_last, last);
	if (kind->is_visit) {
		note_last(&found->visit_last, last);
		note_latest(&rare->last_visit_wall_us, last_us);
	}
	if (kind->is_dependence || kind->is_excepted) {
		note_earliest(&host->first_hit_wall_us, first_us);
		note_latest(&host->last_hit_wall_us, last_us);
	}
	if (kind->is_escape) {
		note_last(&found->escape_last, last);
		note_earliest(&rare->first_escape_wall_us, first_us);
		note_latest(&rare->last_escape_wall_us, last_us);
	}
	return CF_OK;
}

/* Hands the sum to what counts: as it is, or the one minute of it that is this host's. */
static enum cf_status tell(struct cf_model *model, uint32_t index, const struct rollup *rollup,
    uint32_t minute, uint64_t n, bool whole, struct model_told *told)
{
	struct cf_minute one = {.minute = minute, .value = n};
	const struct cf_minutes minutes = {.items = &one, .count = 1};
	uint8_t blob[CF_MINUTES_RUN_BYTES];

	told->host = index;
	told->n = n;
	if (!whole)
		told->last = minute;
	told->blob = whole ? rollup->row.blob : blob;
	told->blob_len = whole ? rollup->row.blob_len : cf_minutes_encode(&minutes, blob);
	return cf_model_episode_add(model, told);
}

/* n hits of the roll-up between two minutes of its day belong to the node. */
static enum cf_status give(struct cf_model *model, uint32_t node, const struct rollup *rollup,
    uint32_t first, uint32_t last, uint64_t n, bool whole)
{
	uint32_t index, base = rollup->row.day * DAY_MINUTES;
	struct cf_host *host = node == CF_NODE_NONE ? NULL : cf_model_host(model, node, &index);
	struct cf_host_day *day = host == NULL ? NULL : cf_host_day(model, host, rollup->row.day);
	int64_t first_us = whole ? rollup->first_us : (int64_t)(base + first) * 60000000;
	int64_t last_us = whole ? rollup->last_us : (int64_t)(base + last) * 60000000;
	struct model_told told = {.day = rollup->row.day, .last = last};
	struct cf_host_identity seen = {.kind = CF_IDENTITY_ADDR,
	    .value = rollup->endpoint->addr,
	    .how = "",
	    .hit_minute = base + last,
	    .from_minute = base + first,
	    .to_minute = base + last};

	if (day == NULL)
		return CF_ENOMEM;
	if (first_us < rollup->first_us)
		first_us = rollup->first_us;
	/* In the last minute, the last hit; in those between, no more than the minute is known. */
	if (!whole && rollup->last_us / 60000000 == (int64_t)(base + last))
		last_us = rollup->last_us;
	enum cf_status status = cf_model_saw(model, host, day, rollup->row.sensor, first, last);

	if (status != CF_OK)
		return status;
	status = note_times(model, host, day, rollup->kind, first_us, last_us, first, last);
	if (status == CF_OK)
		status =
		    add_evidence(model, index, rollup, n, first_us, last_us, whole, &told.evidence);
	if (status == CF_OK)
		status = tell(model, index, rollup, first, n, whole, &told);
	if (status == CF_OK)
		status =
		    cf_model_note_identity(model, index, model->sites[rollup->row.site], &seen);
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
		status = give(model,
		    node != CF_NODE_NONE ? node : cf_model_node_at(model, place, base + minute),
		    rollup, minute, minute, minutes.items[i].value, false);
	}
	cf_minutes_done(&minutes);
	return status == CF_EMALFORMED ? cf_model_skip_row(model) : status;
}

static void read_rollup(const struct cf_model *model, const struct model_links *links,
    const struct cf_row *stmt, struct rollup *rollup)
{
	*rollup = (struct rollup){
	    .row = cf_model_row(model, links, stmt, 10),
	    .endpoint = &model->endpoints[links->endpoint],
	    .kind_id = links->kind,
	    .n = (uint64_t)cf_row_int64(stmt, 4),
	    .first_us = cf_row_int64(stmt, 5),
	    .last_us = cf_row_int64(stmt, 6),
	    .bytes_out = (uint64_t)cf_row_int64(stmt, 7),
	    .bytes_in = (uint64_t)cf_row_int64(stmt, 8),
	    .sample = cf_row_text(stmt, 9),
	    .sample_len = cf_row_bytes(stmt, 9),
	};
	rollup->kind = &model->kinds[rollup->kind_id];
}

enum cf_status cf_model_take_rollup(struct cf_model *model, const struct cf_row *stmt)
{
	static const struct model_columns columns = {0, 1, MODEL_NO_COLUMN, 2, 3};
	struct rollup rollup;
	struct model_links links;
	uint32_t place = CF_NODE_NONE;

	if (!cf_model_links(model, stmt, &columns, &links))
		return cf_model_skip_row(model);
	read_rollup(model, &links, stmt, &rollup);
	uint32_t base = rollup.row.day * DAY_MINUTES;
	uint32_t first = (uint32_t)(rollup.first_us / 60000000 - base);
	uint32_t last = (uint32_t)(rollup.last_us / 60000000 - base);

	if (first >= DAY_MINUTES || rollup.sample == NULL)
		return cf_model_skip_row(model);
	if (last >= DAY_MINUTES)
		last = DAY_MINUTES - 1; /* a fold window over midnight counts on the day it began */
	if (base + first > model->at_minute)
		return CF_OK;
	uint32_t node = cf_model_endpoint_node(model, rollup.row.site, rollup.endpoint);

	if (node == CF_NODE_NONE) {
		place = cf_owners_place(model->owners, rollup.row.site,
		    rollup.endpoint->addr_number, rollup.endpoint->addr);
		if (place == CF_NODE_NONE)
			return CF_ENOMEM;
	}
	if (base + last > model->at_minute ||
	    (node == CF_NODE_NONE &&
	        !cf_owners_is_constant(model->owners, place, base + first, base + last)))
		return divide(model, node, place, &rollup);
	if (node == CF_NODE_NONE)
		node = cf_model_node_at(model, place, base + first);
	return give(model, node, &rollup, first, last, rollup.n, true);
}
