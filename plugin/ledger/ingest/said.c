#include "ledger/ingest/said.h"

#include "ledger/ingest/fact_record.h"
#include "records/form/alive.h"

#include <string.h>

#define DAY_US (86400 * INT64_C(1000000))

static struct cf_text word(const char *text)
{
	return (struct cf_text){.data = text, .len = strlen(text)};
}

static bool is_word(const struct cf_text *text, const char *expected)
{
	return text->len == strlen(expected) && memcmp(text->data, expected, text->len) == 0;
}

enum cf_status cf_said_alive(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error)
{
	struct cf_text clients = record->clients;
	struct cf_alive_seen seen;
	uint64_t bad = 0; /* what is no address says nothing */
	enum cf_status status = CF_OK;

	while (status == CF_OK && cf_client_next(&clients, &seen, &bad)) {
		struct cf_fact_texts texts;
		/* The end is the beginning of the next minute, of which it says nothing. */
		int64_t to_us = record->last_wall_us > record->at_wall_us ? record->last_wall_us - 1
		                                                          : record->at_wall_us;
		struct cf_fact fact = {.at_wall_us = record->at_wall_us,
		    .last_wall_us = to_us,
		    .event = CF_EVENT_IDENTITY,
		    .count = 1,
		    .sensor = record->sensor,
		    .source = record->source,
		    .how = word("asked"),
		    .from_wall_us = record->at_wall_us,
		    .to_wall_us = to_us};

		fact.addr = cf_fact_addr(&seen.addr, record->sensor, seen.zone, 0, texts.addr);
		status = cf_batch_add(batch, &fact, error);
	}
	return status;
}

static enum cf_status note_blindness(
    struct cf_batch *batch, const struct cf_record *record, uint32_t sensor, struct cf_error *error)
{
	const struct cf_sensor_report *report = &record->report;
	int64_t from_us = report->blind_since_wall_us, to_us = record->at_wall_us;
	const char *reason = report->dark_s == 0 ? "no packets where there always were some"
	    : report->silent_s == 0              ? "no link"
	                                         : "no link or no packets";

	if (from_us <= 0)
		return CF_OK;
	/* A run answers for its own time; and a clock that was set back must not turn it round. */
	if (from_us < report->started_wall_us)
		from_us = report->started_wall_us;
	if (from_us > to_us)
		from_us = to_us;
	return cf_batch_gap(batch, sensor, from_us, to_us, reason, error);
}

static enum cf_status note_privacy(
    struct cf_batch *batch, const struct cf_record *record, uint32_t sensor, struct cf_error *error)
{
	const struct cf_text *privacy = &record->report.privacy;
	int64_t day_us = record->at_wall_us - record->at_wall_us % DAY_US;
	const char *reason = is_word(privacy, "truncate") ? CF_SAID_TRUNCATE
	    : is_word(privacy, "pseudonym")               ? CF_SAID_PSEUDONYM
	                                                  : NULL;

	return reason == NULL
	    ? CF_OK
	    : cf_batch_gap(batch, sensor, day_us, day_us + DAY_US - 1, reason, error);
}

static enum cf_status note_count(struct cf_batch *batch, const struct cf_record *record,
    const char *what, uint64_t count, struct cf_error *error)
{
	const struct cf_fact fact = {.at_wall_us = record->at_wall_us,
	    .last_wall_us = record->at_wall_us,
	    .event = CF_EVENT_HEARTBEAT,
	    .count = 1,
	    .sensor = record->sensor,
	    .source = record->source,
	    .started_wall_us = record->report.started_wall_us,
	    .iface = word(what),
	    .seen = count,
	    .lost = count};

	return cf_batch_add(batch, &fact, error);
}

/* Both counts rise from the start of the run: who reads them compares heartbeats. */
static enum cf_status note_unread(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error)
{
	const struct cf_sensor_report *report = &record->report;
	enum cf_status status = CF_OK;

	if (report->tunnels_unread == 0)
		return CF_OK;
	status = note_count(batch, record, CF_SAID_PACKETS, report->packets, error);
	return status == CF_OK
	    ? note_count(batch, record, CF_SAID_UNREAD, report->tunnels_unread, error)
	    : status;
}

enum cf_status cf_said_limits(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error)
{
	bool is_masked =
	    record->report.privacy.len > 0 && !is_word(&record->report.privacy, "full");
	bool is_own = record->in_iface.len == 0;
	uint32_t sensor;

	enum cf_status status =
	    is_own && record->event != CF_EVENT_START ? note_unread(batch, record, error) : CF_OK;

	if (status != CF_OK || !is_own || (!is_masked && record->report.blind_since_wall_us <= 0))
		return status;
	status = cf_batch_sensor(batch, record->sensor, record->source, &sensor, error);
	if (status == CF_OK)
		status = note_blindness(batch, record, sensor, error);
	return status == CF_OK ? note_privacy(batch, record, sensor, error) : status;
}

/* "kaspersky 2026112101": the pack as its entry is cited. */
static enum cf_status note_pack(
    struct cf_batch *batch, const struct cf_record *record, uint32_t sensor, struct cf_error *error)
{
	const struct cf_text *list = &record->match.list, *serial = &record->match.serial;
	char pack[CF_USED_BYTES];
	struct cf_text value = {.data = pack, .len = list->len + 1 + serial->len};

	if (list->len == 0 || serial->len == 0 || value.len > sizeof pack)
		return CF_OK;
	memcpy(pack, list->data, list->len);
	pack[list->len] = ' ';
	memcpy(pack + list->len + 1, serial->data, serial->len);
	return cf_batch_used(batch, sensor, CF_USED_PACK, value, record->at_wall_us,
	    record->last_wall_us > record->at_wall_us ? record->last_wall_us : record->at_wall_us,
	    error);
}

static enum cf_status note_report(
    struct cf_batch *batch, const struct cf_record *record, uint32_t sensor, struct cf_error *error)
{
	const struct cf_text texts[] = {[CF_USED_IMAGE] = record->report.image,
	    [CF_USED_POLICY] = record->report.policy,
	    [CF_USED_VERSION] = record->report.version};
	enum cf_status status = CF_OK;

	for (unsigned i = 0; i < sizeof texts / sizeof texts[0] && status == CF_OK; i++)
		status = cf_batch_used(batch, sensor, (enum cf_used_what)i, texts[i],
		    record->at_wall_us, record->at_wall_us, error);
	return status;
}

enum cf_status cf_said_used(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error)
{
	bool says = record->is_hit
	    ? record->match.list.len > 0
	    : record->report.image.len + record->report.policy.len + record->report.version.len > 0;
	uint32_t sensor;

	if (!says)
		return CF_OK;
	enum cf_status status =
	    cf_batch_sensor(batch, record->sensor, record->source, &sensor, error);

	if (status != CF_OK)
		return status;
	return record->is_hit ? note_pack(batch, record, sensor, error)
	                      : note_report(batch, record, sensor, error);
}
