#include "ledger/store/seen_seals.h"

#include "base/array.h"
#include "base/bytes.h"
#include "base/sha256.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* A stretch of time of which one seal is kept: 21 a day, some 1.2 KB. */
#define SLOT_US INT64_C(4096000000)
/* The slot of the newest seal. */
#define NEWEST (-1)
/* Of a chain that is told anew, a number comes again at about its time; one that began anew comes
 * to it when it does. */
#define SAME_TIME_US (INT64_C(1800) * 1000000)

struct seal {
	bool is_there;
	uint64_t seq;
	int64_t at_us;
	uint8_t sha256[CF_SHA256_BYTES];
};

struct sensor {
	bool is_known;     /* the newest was looked up */
	bool is_newer;     /* and has to be written */
	int64_t slot;      /* of kept; NEWEST: none yet */
	int64_t agreed_us; /* of the newest seal read that is as it was; INT64_MIN: none */
	struct seal newest, kept;
};

struct cf_seen_seals {
	struct cf_ledger *ledger;
	sqlite3_stmt *find, *put;
	struct sensor *sensors; /* by number */
	size_t count, room;
};

struct cf_seen_seals *cf_seen_seals_new(struct cf_ledger *ledger)
{
	struct cf_seen_seals *seen = calloc(1, sizeof *seen);

	if (seen == NULL)
		return NULL;
	seen->ledger = ledger;
	if (sqlite3_prepare_v3(cf_ledger_db(ledger),
	        "SELECT seq, at_us, sha256 FROM seal WHERE sensor_id=? AND slot=?", -1,
	        SQLITE_PREPARE_PERSISTENT, &seen->find, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v3(cf_ledger_db(ledger), "REPLACE INTO seal VALUES(?,?,?,?,?)", -1,
	        SQLITE_PREPARE_PERSISTENT, &seen->put, NULL) != SQLITE_OK) {
		cf_seen_seals_free(seen);
		return NULL;
	}
	return seen;
}

void cf_seen_seals_free(struct cf_seen_seals *seen)
{
	if (seen == NULL)
		return;
	sqlite3_finalize(seen->find);
	sqlite3_finalize(seen->put);
	free(seen->sensors);
	free(seen);
}

void cf_seen_seals_forget(struct cf_seen_seals *seen)
{
	seen->count = 0;
}

/* What the table has; a row of another shape is none. */
static enum cf_status find(struct cf_seen_seals *seen, uint32_t sensor_id, int64_t slot,
    struct seal *seal_out, struct cf_error *error)
{
	*seal_out = (struct seal){.is_there = false};
	(void)sqlite3_bind_int64(seen->find, 1, sensor_id);
	(void)sqlite3_bind_int64(seen->find, 2, slot);
	int rc = sqlite3_step(seen->find);

	if (rc == SQLITE_ROW && sqlite3_column_bytes(seen->find, 2) == CF_SHA256_BYTES) {
		seal_out->is_there = true;
		seal_out->seq = (uint64_t)sqlite3_column_int64(seen->find, 0);
		seal_out->at_us = sqlite3_column_int64(seen->find, 1);
		memcpy(seal_out->sha256, sqlite3_column_blob(seen->find, 2), CF_SHA256_BYTES);
	}
	sqlite3_reset(seen->find);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? CF_OK
	                                             : cf_ledger_fail(seen->ledger, "read", error);
}

static enum cf_status put(struct cf_seen_seals *seen, uint32_t sensor_id, int64_t slot,
    const struct seal *seal, struct cf_error *error)
{
	(void)sqlite3_bind_int64(seen->put, 1, sensor_id);
	(void)sqlite3_bind_int64(seen->put, 2, slot);
	(void)sqlite3_bind_int64(seen->put, 3, (int64_t)seal->seq);
	(void)sqlite3_bind_int64(seen->put, 4, seal->at_us);
	(void)sqlite3_bind_blob(seen->put, 5, seal->sha256, CF_SHA256_BYTES, SQLITE_STATIC);
	int rc = sqlite3_step(seen->put);

	sqlite3_reset(seen->put);
	return rc == SQLITE_DONE ? CF_OK : cf_ledger_fail(seen->ledger, "write to", error);
}

/* The sensor's state with its newest seal; NULL with *status_out. */
static struct sensor *sensor_of(struct cf_seen_seals *seen, uint32_t sensor_id,
    enum cf_status *status_out, struct cf_error *error)
{
	if (sensor_id >= seen->count) {
		size_t more = sensor_id + 1 - seen->count;
		struct sensor *sensors =
		    cf_array_grow(seen->sensors, seen->count, more, &seen->room, sizeof *sensors);

		if (sensors == NULL) {
			*status_out = cf_error_set(error, CF_ENOMEM, "no memory");
			return NULL;
		}
		memset(sensors + seen->count, 0, more * sizeof *sensors);
		seen->sensors = sensors;
		seen->count += more;
	}
	struct sensor *sensor = &seen->sensors[sensor_id];

	if (!sensor->is_known) {
		*sensor = (struct sensor){.is_known = true, .slot = NEWEST, .agreed_us = INT64_MIN};
		*status_out = find(seen, sensor_id, NEWEST, &sensor->newest, error);
	}
	return *status_out == CF_OK ? sensor : NULL;
}

static bool decode(const char *text, size_t len, uint8_t sha256[CF_SHA256_BYTES])
{
	if (len != 2 * (size_t)CF_SHA256_BYTES)
		return false;
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		int high = cf_hex_value(text[2 * i]), low = cf_hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool contradicts(const struct seal *known, const struct seal *seal)
{
	int64_t apart_us =
	    known->at_us > seal->at_us ? known->at_us - seal->at_us : seal->at_us - known->at_us;

	/* A heartbeat and the stop record may well have one instant. */
	return known->is_there && known->seq == seal->seq && apart_us <= SAME_TIME_US &&
	    memcmp(known->sha256, seal->sha256, sizeof seal->sha256) != 0;
}

static bool is_same(const struct seal *known, const struct seal *seal)
{
	return known->is_there && memcmp(known->sha256, seal->sha256, sizeof seal->sha256) == 0;
}

/* The one that is kept of the seal's stretch: this one, where there is none yet. */
static enum cf_status keep(struct cf_seen_seals *seen, uint32_t sensor_id, struct sensor *sensor,
    const struct seal *seal, struct cf_error *error)
{
	int64_t slot = seal->at_us / SLOT_US;
	enum cf_status status = CF_OK;

	if (sensor->slot != slot)
		status = find(seen, sensor_id, slot, &sensor->kept, error);
	if (status != CF_OK)
		return status;
	sensor->slot = slot;
	if (sensor->kept.is_there)
		return CF_OK;
	sensor->kept = *seal;
	return put(seen, sensor_id, slot, seal, error);
}

enum cf_status cf_seen_seals_take(struct cf_seen_seals *seen, uint32_t sensor_id, uint64_t seq,
    int64_t at_wall_us, const char *sha256, size_t len, bool *contradicts_out,
    int64_t *from_wall_us_out, struct cf_error *error)
{
	struct seal seal = {.is_there = true, .seq = seq, .at_us = at_wall_us};
	enum cf_status status = CF_OK;

	*contradicts_out = false;
	if (at_wall_us < 0 || !decode(sha256, len, seal.sha256))
		return CF_OK;
	struct sensor *sensor = sensor_of(seen, sensor_id, &status, error);

	if (sensor != NULL)
		status = keep(seen, sensor_id, sensor, &seal, error);
	if (status != CF_OK)
		return status;
	*contradicts_out = contradicts(&sensor->kept, &seal) || contradicts(&sensor->newest, &seal);
	*from_wall_us_out = at_wall_us - SLOT_US;
	if (*from_wall_us_out < sensor->agreed_us && sensor->agreed_us < at_wall_us)
		*from_wall_us_out = sensor->agreed_us;
	if (is_same(&sensor->kept, &seal) || is_same(&sensor->newest, &seal))
		sensor->agreed_us = at_wall_us;
	if (!*contradicts_out && (!sensor->newest.is_there || at_wall_us > sensor->newest.at_us)) {
		sensor->newest = seal;
		sensor->is_newer = true;
	}
	return CF_OK;
}

enum cf_status cf_seen_seals_write(struct cf_seen_seals *seen, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < seen->count && status == CF_OK; i++) {
		struct sensor *sensor = &seen->sensors[i];

		if (!sensor->is_newer)
			continue;
		status = put(seen, (uint32_t)i, NEWEST, &sensor->newest, error);
		sensor->is_newer = false;
	}
	return status;
}

enum cf_status cf_seen_seals_copy(
    struct cf_ledger *ledger, const char *path, struct cf_error *error)
{
	static const char copy[] =
	    "INSERT OR IGNORE INTO main.sensor(name, source)"
	    " SELECT s.name, s.source FROM old.sensor s JOIN old.seal USING(sensor_id)"
	    " GROUP BY s.sensor_id;"
	    "INSERT OR IGNORE INTO main.seal"
	    " SELECT n.sensor_id, o.slot, o.seq, o.at_us, o.sha256 FROM old.seal o"
	    " JOIN old.sensor s USING(sensor_id)"
	    " JOIN main.sensor n ON n.name=s.name AND n.source=s.source";
	char *attach = sqlite3_mprintf("ATTACH %Q AS old", path);
	enum cf_status status = CF_ENOMEM;

	if (attach == NULL)
		return cf_error_set(error, status, "no memory");
	status = cf_ledger_exec(ledger, attach, error);
	sqlite3_free(attach);
	if (status != CF_OK)
		return status;
	status = cf_ledger_exec(ledger, copy, error);
	(void)sqlite3_exec(cf_ledger_db(ledger), "DETACH old", NULL, NULL, NULL); /* gone with it */
	return status;
}
