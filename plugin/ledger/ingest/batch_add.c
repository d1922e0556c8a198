/* Summing facts in memory; ledger/ingest/batch_write.c puts the sums into the file. */

#include "ledger/ingest/batch_private.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define DAY_US    (86400 * INT64_C(1000000))
#define MINUTE_US (60 * INT64_C(1000000))

/* A key made of texts, each with its length before it, so that no two lists of texts are equal. */
struct key {
	uint8_t bytes[10 * (CF_LEDGER_TEXT_BYTES + 2) + 64];
	size_t len;
};

static void key_text(struct key *key, const struct cf_text *text)
{
	key->bytes[key->len++] = (uint8_t)text->len;
	if (text->len > 0)
		memcpy(key->bytes + key->len, text->data, text->len);
	key->len += text->len;
}

static void key_number(struct key *key, uint64_t number)
{
	memcpy(key->bytes + key->len, &number, sizeof number);
	key->len += sizeof number;
}

/* Lines of one kind come in a row: what was found for the last one is found without a look-up. */
static bool is_last(const struct cf_last_key *last, const struct key *key, uint32_t *id_out)
{
	if (last->len != key->len || memcmp(last->bytes, key->bytes, key->len) != 0)
		return false;
	*id_out = last->id;
	return true;
}

static void note_last(struct cf_last_key *last, const struct key *key, uint32_t id)
{
	last->len = 0;
	if (key->len > sizeof last->bytes)
		return;
	memcpy(last->bytes, key->bytes, key->len);
	last->len = key->len;
	last->id = id;
}

/* Long texts lose their end; the log itself holds at most 1 KiB a line. */
static struct cf_text bounded(struct cf_text text)
{
	if (text.len > CF_LEDGER_TEXT_BYTES)
		text.len = CF_LEDGER_TEXT_BYTES;
	return text;
}

enum cf_status cf_batch_sensor(struct cf_batch *batch, struct cf_text name, struct cf_text source,
    uint32_t *sensor_out, struct cf_error *error)
{
	struct key key = {.len = 0};

	name = bounded(name);
	source = bounded(source);
	key_text(&key, &name);
	key_text(&key, &source);
	if (is_last(&batch->last_sensor, &key, sensor_out))
		return CF_OK;
	const struct cf_cell cells[] = {cf_cell_text(name), cf_cell_text(source)};
	enum cf_status status = CF_OK;

	if (!cf_map_find(batch->caches[CACHE_SENSOR], key.bytes, key.len, sensor_out))
		status = cf_batch_intern(
		    batch, CACHE_SENSOR, key.bytes, key.len, cells, 2, sensor_out, error);
	if (status == CF_OK)
		note_last(&batch->last_sensor, &key, *sensor_out);
	return status;
}

/* The handle of a name in a table that has a row for each host. */
static enum cf_status handle_of(struct cf_batch *batch, enum name_table table,
    const struct key *key, uint32_t *handle_out, struct cf_error *error)
{
	const struct cf_names_key name = {.bytes = key->bytes, .len = key->len};
	enum cf_status status = cf_batch_begin(batch, error);

	if (status != CF_OK)
		return status;
	status = cf_names_find(batch->names[table], name, handle_out);
	if (status == CF_ETOOBIG)
		return cf_error_set(
		    error, CF_ETOOBIG, "more than %d different hosts or rules", CF_LEDGER_NAMES);
	if (status == CF_EIO)
		return cf_ledger_fail(batch->ledger, "read", error);
	return status == CF_OK ? CF_OK : cf_error_set(error, status, "no memory");
}

static enum cf_status endpoint_of(struct cf_batch *batch, const struct cf_fact *fact,
    uint32_t *handle_out, struct cf_error *error)
{
	struct key key = {.len = 0};
	struct cf_text addr = bounded(fact->addr), mac = bounded(fact->mac);

	key_text(&key, &addr);
	key_text(&key, &mac);
	key_number(&key, fact->vlan);
	return handle_of(batch, NAMES_ENDPOINT, &key, handle_out, error);
}

static enum cf_status rule_of(
    struct cf_batch *batch, const struct cf_fact *fact, uint32_t *id_out, struct cf_error *error)
{
	const struct cf_text texts[] = {bounded(fact->list), bounded(fact->rule),
	    bounded(fact->rule_type), bounded(fact->category), bounded(fact->product),
	    bounded(fact->confidence)};
	struct cf_cell cells[6];
	struct key key = {.len = 0};

	for (size_t i = 0; i < 6; i++) {
		key_text(&key, &texts[i]);
		cells[i] = cf_cell_text(texts[i]);
	}
	if (is_last(&batch->last_rule, &key, id_out))
		return CF_OK;
	enum cf_status status = CF_OK;

	if (!cf_map_find(batch->caches[CACHE_RULE], key.bytes, key.len, id_out))
		status =
		    cf_batch_intern(batch, CACHE_RULE, key.bytes, key.len, cells, 6, id_out, error);
	if (status == CF_OK)
		note_last(&batch->last_rule, &key, *id_out);
	return status;
}

static struct cf_text word(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

static enum cf_status kind_of(
    struct cf_batch *batch, const struct cf_fact *fact, uint32_t *id_out, struct cf_error *error)
{
	struct cf_text relay = bounded(fact->relay), owner = bounded(fact->owner),
	               phase = bounded(fact->phase);
	struct key key = {.len = 0};
	uint32_t rule;
	enum cf_status status = rule_of(batch, fact, &rule, error);

	if (status != CF_OK)
		return status;
	key_number(&key, (uint64_t)rule << 32 | fact->flags);
	key_number(&key, (uint64_t)fact->event << 32 | (uint64_t)fact->action << 16 | fact->via);
	key_number(&key, (uint64_t)fact->cutoff_wall_s);
	key_text(&key, &relay);
	key_text(&key, &owner);
	key_text(&key, &phase);
	if (is_last(&batch->last_kind, &key, id_out))
		return CF_OK;
	if (cf_map_find(batch->caches[CACHE_KIND], key.bytes, key.len, id_out)) {
		note_last(&batch->last_kind, &key, *id_out);
		return CF_OK;
	}
	const struct cf_cell cells[] = {cf_cell_number(rule),
	    cf_cell_text(word(cf_event_text(fact->event))),
	    cf_cell_text(word(cf_action_text(fact->action))),
	    cf_cell_text(word(cf_via_text(fact->via))), cf_cell_number(fact->flags),
	    cf_cell_text(relay), cf_cell_text(owner), cf_cell_text(phase),
	    cf_cell_number(fact->cutoff_wall_s)};
	return cf_batch_intern(batch, CACHE_KIND, key.bytes, key.len, cells, 9, id_out, error);
}

static enum cf_status claim_of(struct cf_batch *batch, const struct cf_fact *fact,
    uint32_t *handle_out, struct cf_error *error)
{
	struct cf_text addr = bounded(fact->addr), mac = bounded(fact->mac),
	               name = bounded(fact->name), client = bounded(fact->client),
	               how = bounded(fact->how);
	struct key key = {.len = 0};

	key_text(&key, &addr);
	key_text(&key, &mac);
	key_text(&key, &name);
	key_text(&key, &client);
	key_number(&key, fact->vlan);
	key_text(&key, &how);
	key_number(&key, fact->router ? 1 : 0);
	return handle_of(batch, NAMES_CLAIM, &key, handle_out, error);
}

/* The sample is that of the earliest hit; of two at once, the smaller text. Order of reading is
 * nothing. */
static bool is_better_sample(const struct cf_sums *sums, const struct cf_sum *sum,
    const struct cf_fact *fact, struct cf_text value)
{
	if (sum->n == 0 || fact->at_wall_us != sum->first_us)
		return sum->n == 0 || fact->at_wall_us < sum->first_us;
	size_t len = value.len < sum->sample_len ? value.len : sum->sample_len;
	int order = len == 0 ? 0 : memcmp(value.data, sums->texts + sum->sample_at, len);

	return order < 0 || (order == 0 && value.len < sum->sample_len);
}

static uint32_t day_of(int64_t wall_us)
{
	return wall_us < 0 ? 0 : (uint32_t)(wall_us / DAY_US);
}

static uint16_t minute_of(int64_t wall_us)
{
	return wall_us < 0 ? 0 : (uint16_t)(wall_us % DAY_US / MINUTE_US);
}

static enum cf_status add_hit(
    struct cf_batch *batch, const struct cf_fact *fact, uint32_t sensor, struct cf_error *error)
{
	struct cf_sum_key key = {.day = day_of(fact->at_wall_us), .sensor = sensor};
	struct cf_text value = bounded(fact->value);
	enum cf_status status = endpoint_of(batch, fact, &key.subject, error);

	if (status == CF_OK)
		status = kind_of(batch, fact, &key.kind, error);
	if (status != CF_OK)
		return status;
	struct cf_sums *rollups = &batch->sums[CF_SUM_ROLLUP];
	struct cf_sum *sum = cf_sums_of(rollups, &key);

	if (sum == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (is_better_sample(rollups, sum, fact, value) &&
	    cf_sums_keep_sample(rollups, sum, value) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	int64_t last =
	    fact->last_wall_us > fact->at_wall_us ? fact->last_wall_us : fact->at_wall_us;

	if (sum->n == 0 || fact->at_wall_us < sum->first_us)
		sum->first_us = fact->at_wall_us;
	if (sum->n == 0 || last > sum->last_us)
		sum->last_us = last;
	sum->n += fact->count;
	sum->bytes_out += fact->bytes_out;
	sum->bytes_in += fact->bytes_in;
	if (cf_minutes_add(
	        &sum->minutes, minute_of(fact->at_wall_us), fact->count, CF_MINUTES_SUM) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	return CF_OK;
}

/* One day of a claim: that it was said at both ends, and held all the time between them. */
static enum cf_status add_held(
    struct cf_batch *batch, const struct cf_sum_key *key, struct cf_held_span span, bool is_last)
{
	struct cf_sum *sum = cf_sums_of(&batch->sums[CF_SUM_SIGHTING], key);
	enum cf_status status =
	    sum == NULL ? CF_ENOMEM : cf_minutes_add(&sum->minutes, span.from, 1, CF_MINUTES_MAX);

	if (status == CF_OK && is_last)
		status = cf_minutes_add(&sum->minutes, span.to, 1, CF_MINUTES_MAX);
	return status == CF_OK ? cf_held_add(&sum->held, span) : status;
}

/* Both ends, and each day between, so that a long lease is not forgotten half way. */
static enum cf_status add_identity(
    struct cf_batch *batch, const struct cf_fact *fact, uint32_t sensor, struct cf_error *error)
{
	int64_t to = fact->to_wall_us > 0 ? fact->to_wall_us : fact->at_wall_us;
	int64_t from = fact->from_wall_us > 0 && fact->from_wall_us <= to ? fact->from_wall_us : to;
	struct cf_sum_key key = {.sensor = sensor};
	enum cf_status status = claim_of(batch, fact, &key.subject, error);

	if (status != CF_OK)
		return status;
	if (day_of(to) - day_of(from) > CF_IDENTITY_DAYS)
		from = (int64_t)(day_of(to) - CF_IDENTITY_DAYS) * DAY_US;
	for (uint32_t day = day_of(from); status == CF_OK && day <= day_of(to); day++) {
		bool is_first = day == day_of(from), is_last = day == day_of(to);
		const struct cf_held_span span = {.from = is_first ? minute_of(from) : 0,
		    .to = is_last ? minute_of(to) : CF_DAY_MINUTES - 1,
		    .end = is_last ? (uint8_t)fact->end : CF_IDENTITY_OPEN};

		key.day = day;
		status = add_held(batch, &key, span, is_last);
	}
	return status == CF_OK ? CF_OK : cf_error_set(error, status, "no memory");
}

static enum cf_status add_beat(
    struct cf_batch *batch, const struct cf_fact *fact, uint32_t sensor, struct cf_error *error)
{
	struct cf_sum_key key = {.day = day_of(fact->at_wall_us), .sensor = sensor};
	struct cf_text iface = bounded(fact->iface);
	struct key text = {.len = 0};
	bool added;

	/* Interfaces have no table: their number lives as long as the batch. */
	key_text(&text, &iface);
	if (cf_map_add(batch->ifaces, text.bytes, text.len, batch->iface_count, &key.subject,
	        &added) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (added && cf_batch_keep_iface(batch, iface) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	key.started_us = fact->started_wall_us;
	struct cf_sum *sum = cf_sums_of(&batch->sums[CF_SUM_BEAT], &key);

	if (sum == NULL ||
	    cf_minutes_add(
	        &sum->minutes, minute_of(fact->at_wall_us), fact->lost, CF_MINUTES_MAX) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (fact->seen > sum->n)
		sum->n = fact->seen;
	if (fact->lost > sum->bytes_in)
		sum->bytes_in = fact->lost;
	return CF_OK;
}

enum cf_status cf_batch_add(
    struct cf_batch *batch, const struct cf_fact *fact, struct cf_error *error)
{
	uint32_t sensor;
	enum cf_status status = cf_batch_sensor(batch, fact->sensor, fact->source, &sensor, error);

	batch->lines++;
	if (status != CF_OK)
		return status;
	switch (fact->event) {
	case CF_EVENT_DNS:
	case CF_EVENT_FLOW:
	case CF_EVENT_TLS:
	case CF_EVENT_HTTP:
	case CF_EVENT_SINKHOLE:
	case CF_EVENT_LAN:
	case CF_EVENT_BYPASS:
		return add_hit(batch, fact, sensor, error);
	case CF_EVENT_IDENTITY:
		return add_identity(batch, fact, sensor, error);
	case CF_EVENT_HEARTBEAT:
		return add_beat(batch, fact, sensor, error);
	case CF_EVENT_ALIVE:
	case CF_EVENT_LOST:
	case CF_EVENT_START:
	case CF_EVENT_STOP:
		break; /* the heartbeat's totals say the same, and cannot be read twice */
	}
	return CF_OK;
}

bool cf_batch_is_full(const struct cf_batch *batch, uint64_t most_lines)
{
	uint64_t sums = 0;

	for (size_t i = 0; i < CF_SUM_TABLES; i++)
		sums += batch->sums[i].count;
	return batch->lines >= most_lines || sums >= CF_BATCH_SUMS;
}
