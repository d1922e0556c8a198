#include "ledger/store/used.h"

#include "ledger/store/store.h"

#include <stdlib.h>
#include <string.h>

/* More than one sensor has at a time; when there are more they are written early. */
#define ROWS 64

struct row {
	uint32_t sensor_id;
	enum cf_used_what what;
	uint32_t len;
	int64_t first_us, last_us;
	char value[CF_USED_BYTES];
};

struct cf_used {
	struct cf_ledger *ledger;
	struct cf_stmt *put;
	size_t count;
	struct row rows[ROWS];
};

const char *cf_used_text(enum cf_used_what what)
{
	static const char *const words[] = {"image", "policy", "version", "pack"};

	return (unsigned)what < sizeof words / sizeof words[0] ? words[what] : "?";
}

struct cf_used *cf_used_new(struct cf_ledger *ledger)
{
	struct cf_used *used = calloc(1, sizeof *used);

	if (used == NULL)
		return NULL;
	used->ledger = ledger;
	/* Ends of what was said, in whatever order logs come. */
	if (cf_stmt_new(ledger,
	        "INSERT INTO used SELECT ?1,?2,?3,?4,?5 WHERE"
	        " EXISTS(SELECT 1 FROM used WHERE sensor_id=?1 AND what=?2 AND value=?3) OR"
	        " (SELECT count(*) FROM used WHERE sensor_id=?1 AND what=?2)<?6"
	        " ON CONFLICT(sensor_id, what, value) DO UPDATE SET"
	        " first_us=CASE WHEN excluded.first_us<used.first_us THEN excluded.first_us"
	        " ELSE used.first_us END, last_us=CASE WHEN excluded.last_us>used.last_us"
	        " THEN excluded.last_us ELSE used.last_us END",
	        &used->put, NULL) != CF_OK) {
		free(used);
		return NULL;
	}
	return used;
}

void cf_used_free(struct cf_used *used)
{
	if (used == NULL)
		return;
	cf_stmt_free(used->put);
	free(used);
}

static struct row *row_of(
    struct cf_used *used, uint32_t sensor_id, enum cf_used_what what, const char *value, size_t len)
{
	for (size_t i = 0; i < used->count; i++) {
		struct row *row = &used->rows[i];

		if (row->sensor_id == sensor_id && row->what == what && row->len == len &&
		    memcmp(row->value, value, len) == 0)
			return row;
	}
	return NULL;
}

enum cf_status cf_used_note(struct cf_used *used, uint32_t sensor_id, enum cf_used_what what,
    const char *value, size_t len, int64_t from_wall_us, int64_t to_wall_us, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	if (len == 0 || len > CF_USED_BYTES)
		return CF_OK;
	struct row *row = row_of(used, sensor_id, what, value, len);

	if (row == NULL) {
		if (used->count == ROWS)
			status = cf_used_write(used, error);
		if (status != CF_OK)
			return status;
		row = &used->rows[used->count++];
		*row = (struct row){.sensor_id = sensor_id,
		    .what = what,
		    .len = (uint32_t)len,
		    .first_us = from_wall_us,
		    .last_us = to_wall_us};
		memcpy(row->value, value, len);
	}
	row->first_us = from_wall_us < row->first_us ? from_wall_us : row->first_us;
	row->last_us = to_wall_us > row->last_us ? to_wall_us : row->last_us;
	return CF_OK;
}

enum cf_status cf_used_write(struct cf_used *used, struct cf_error *error)
{
	for (size_t i = 0; i < used->count; i++) {
		const struct row *row = &used->rows[i];

		const char *what = cf_used_text(row->what);

		cf_stmt_int64(used->put, 1, row->sensor_id);
		cf_stmt_text(used->put, 2, what, strlen(what));
		cf_stmt_text(used->put, 3, row->value, row->len);
		cf_stmt_int64(used->put, 4, row->first_us);
		cf_stmt_int64(used->put, 5, row->last_us);
		cf_stmt_int64(used->put, 6, CF_USED_MOST);
		if (!cf_stmt_run(used->put))
			return cf_ledger_fail(used->ledger, "write to", error);
	}
	used->count = 0;
	return CF_OK;
}

void cf_used_forget(struct cf_used *used)
{
	used->count = 0;
}
