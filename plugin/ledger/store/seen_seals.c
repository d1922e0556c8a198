#include "ledger/store/seen_seals.h"

#include "base/array.h"
#include "base/bytes.h"
#include "base/instant.h"
#include "base/sha256.h"
#include "ledger/store/store.h"

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
	struct cf_stmt *find, *put;
	struct sensor *sensors; /* by number */
	size_t count, room;
};

struct cf_seen_seals *cf_seen_seals_new(struct cf_ledger *ledger)
{
	struct cf_seen_seals *seen = calloc(1, sizeof *seen);

	if (seen == NULL)
		return NULL;
	seen->ledger = ledger;
	if (cf_stmt_new(ledger,
	        "SELECT seq, at_us, sha256 FROM seal WHERE sensor_id=?1 AND slot=?2", &seen->find,
	        NULL) != CF_OK ||
	    cf_stmt_new(ledger,
	        "INSERT INTO seal VALUES(?1,?2,?3,?4,?5) ON CONFLICT(sensor_id, slot) DO UPDATE SET"
	        " seq=excluded.seq, at_us=excluded.at_us, sha256=excluded.sha256",
	        &seen->put, NULL) != CF_OK) {
		cf_seen_seals_free(seen);
		return NULL;
	}
	return seen;
}

void cf_seen_seals_free(struct cf_seen_seals *seen)
{
	if (seen == NULL)
		return;
	cf_stmt_free(seen->find);
	cf_stmt_free(seen->put);
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
	cf_stmt_int64(seen->find, 1, sensor_id);
	cf_stmt_int64(seen->find, 2, slot);
	enum cf_step step = cf_stmt_step(seen->find);
	const struct cf_row *row = cf_stmt_row(seen->find);

	if (step == CF_STEP_ROW && cf_row_bytes(row, 2) == CF_SHA256_BYTES) {
		seal_out->is_there = true;
		seal_out->seq = (uint64_t)cf_row_int64(row, 0);
		seal_out->at_us = cf_row_int64(row, 1);
		memcpy(seal_out->sha256, cf_row_blob(row, 2), CF_SHA256_BYTES);
	}
	cf_stmt_reset(seen->find);
	return step != CF_STEP_FAILED ? CF_OK : cf_ledger_fail(seen->ledger, "read", error);
}

static enum cf_status put(struct cf_seen_seals *seen, uint32_t sensor_id, int64_t slot,
    const struct seal *seal, struct cf_error *error)
{
	cf_stmt_int64(seen->put, 1, sensor_id);
	cf_stmt_int64(seen->put, 2, slot);
	cf_stmt_int64(seen->put, 3, (int64_t)seal->seq);
	cf_stmt_int64(seen->put, 4, seal->at_us);
	cf_stmt_blob(seen->put, 5, seal->sha256, CF_SHA256_BYTES);
	return cf_stmt_run(seen->put) ? CF_OK : cf_ledger_fail(seen->ledger, "write to", error);
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
	if (at_wall_us < 0 || !cf_sha256_parse(sha256, len, seal.sha256))
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

/* For whom the seals are read. */
struct telling {
	void (*each)(void *arg, const struct cf_seal_text *seal);
	void *arg;
};

/* The bytes of a name; false for one of a damaged file. */
static bool take_name(const struct cf_row *row, int column, char *name, size_t size)
{
	size_t len = cf_row_bytes(row, column);

	if (cf_row_text(row, column) == NULL || len >= size)
		return false;
	memcpy(name, cf_row_text(row, column), len);
	name[len] = '\0';
	return true;
}

static enum cf_status tell_seal(void *context, const struct cf_row *row)
{
	const struct telling *telling = context;
	struct cf_seal_text seal = {
	    .seq = (uint64_t)cf_row_int64(row, 2), .at_wall_us = cf_row_int64(row, 3)};

	if (!take_name(row, 0, seal.sensor, sizeof seal.sensor) ||
	    !take_name(row, 1, seal.source, sizeof seal.source) ||
	    cf_row_bytes(row, 4) != CF_SHA256_BYTES)
		return CF_EMALFORMED;
	(void)cf_instant_format_us(seal.at_wall_us, seal.at);
	(void)cf_sha256_format(cf_row_blob(row, 4), seal.sha256);
	telling->each(telling->arg, &seal);
	return CF_OK;
}

enum cf_status cf_seen_seals_each(struct cf_ledger *ledger,
    void (*each)(void *arg, const struct cf_seal_text *seal), void *arg, struct cf_error *error)
{
	struct telling telling = {.each = each, .arg = arg};

	/* The newest of a sensor may be the one of its stretch as well. */
	return cf_ledger_each_row(ledger,
	    "SELECT DISTINCT s.name, s.source, o.seq, o.at_us, o.sha256 FROM seal o"
	    " JOIN sensor s USING(sensor_id) ORDER BY s.name, s.source, o.at_us, o.seq",
	    tell_seal, &telling, error);
}

struct copying {
	struct cf_stmt *sensor, *seal;
};

static enum cf_status copy_seal(void *context, const struct cf_row *row)
{
	const struct copying *copying = context;
	struct cf_stmt *stmts[] = {copying->sensor, copying->seal};

	for (size_t i = 0; i < 2; i++) {
		cf_stmt_text(stmts[i], 1, cf_row_text(row, 0), cf_row_bytes(row, 0));
		cf_stmt_text(stmts[i], 2, cf_row_text(row, 1), cf_row_bytes(row, 1));
	}
	cf_stmt_int64(copying->seal, 3, cf_row_int64(row, 2));
	cf_stmt_int64(copying->seal, 4, cf_row_int64(row, 3));
	cf_stmt_int64(copying->seal, 5, cf_row_int64(row, 4));
	cf_stmt_blob(copying->seal, 6, cf_row_blob(row, 5), cf_row_bytes(row, 5));
	return cf_stmt_run(copying->sensor) && cf_stmt_run(copying->seal) ? CF_OK : CF_EIO;
}

enum cf_status cf_seen_seals_copy(
    struct cf_ledger *ledger, struct cf_ledger *old, struct cf_error *error)
{
	struct copying copying = {NULL, NULL};
	enum cf_status status = cf_stmt_new(ledger,
	    "INSERT INTO sensor(name, source) VALUES(?1,?2) ON CONFLICT(name, source) DO NOTHING",
	    &copying.sensor, error);

	if (status == CF_OK)
		status = cf_stmt_new(ledger,
		    "INSERT INTO seal SELECT sensor_id,?3,?4,?5,?6 FROM sensor"
		    " WHERE name=?1 AND source=?2 ON CONFLICT(sensor_id, slot) DO NOTHING",
		    &copying.seal, error);
	if (status == CF_OK)
		status = cf_ledger_begin(ledger, CF_BEGIN_WRITE, error);
	if (status == CF_OK) {
		status = cf_ledger_each_row(old,
		    "SELECT s.name, s.source, o.slot, o.seq, o.at_us, o.sha256 FROM seal o"
		    " JOIN sensor s USING(sensor_id) ORDER BY s.sensor_id, o.slot",
		    copy_seal, &copying, error);
		if (status == CF_OK)
			status = cf_ledger_commit(ledger, error);
		else
			cf_ledger_rollback(ledger);
	}
	cf_stmt_free(copying.sensor);
	cf_stmt_free(copying.seal);
	return status;
}
