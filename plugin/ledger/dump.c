/* The content of a ledger as sorted text: what "the same ledger" means (docs/FORMATS.md, "ledger").
 */

#include "ledger/store/ledger.h"

#include "base/array.h"
#include "ledger/dump_sums.h"
#include "ledger/store/store.h"

#include <stdlib.h>
#include <string.h>

/*
 * Numbers of rows are given in the order of reading, so the queries replace them by what they stand
 * for; roll-ups and sightings, which come first, are cf_dump_sums()'s. Where a file lay last and
 * how it was called is no content.
 */
static const char *const queries[] = {
    "SELECT 'beat', b.day, s.name, s.source, b.iface, b.started_us, b.seen, b.lost, hex(b.minutes)"
    " FROM beat b JOIN sensor s USING(sensor_id) ORDER BY 2,3,4,5,6",
    "SELECT 'gap', s.name, s.source, g.from_us, g.to_us, g.reason FROM gap g"
    " JOIN sensor s USING(sensor_id) ORDER BY 2,3,4,5,6",
    "SELECT 'used', s.name, s.source, u.what, u.value, u.first_us, u.last_us FROM used u"
    " JOIN sensor s USING(sensor_id) ORDER BY 2,3,4,5",
    "SELECT 'file', hex(key), offset, lines, records FROM file ORDER BY 2",
    "SELECT 'reject', hex(key), reason, n FROM reject ORDER BY 2, 3",
};

struct line {
	char *bytes;
	size_t len, size;
};

static enum cf_status append(struct line *line, const char *text, size_t len)
{
	char *bytes = cf_array_grow(line->bytes, line->len, len + 1, &line->size, 1);

	if (bytes == NULL)
		return CF_ENOMEM;
	line->bytes = bytes;
	if (len > 0)
		memcpy(line->bytes + line->len, text, len);
	line->len += len;
	return CF_OK;
}

struct dump {
	struct line line; /* the row at hand */
	void (*put)(void *arg, const char *line, size_t len);
	void *arg;
};

static enum cf_status dump_row(void *context, const struct cf_row *row)
{
	struct dump *dump = context;
	struct line *line = &dump->line;
	enum cf_status status = CF_OK;

	line->len = 0;
	for (int i = 0; i < cf_row_columns(row) && status == CF_OK; i++) {
		const char *text = cf_row_text(row, i);

		status = i > 0 ? append(line, "\t", 1) : CF_OK;
		if (status == CF_OK)
			status = append(line, text, cf_row_bytes(row, i));
	}
	if (status == CF_OK)
		dump->put(dump->arg, line->bytes, line->len);
	return status;
}

enum cf_status cf_ledger_dump(struct cf_ledger *ledger,
    void (*put)(void *arg, const char *line, size_t len), void *arg, struct cf_error *error)
{
	struct dump dump = {.put = put, .arg = arg};
	/* One snapshot, whatever is written meanwhile. */
	enum cf_status status = cf_ledger_begin(ledger, CF_BEGIN_READ, error);

	if (status != CF_OK)
		return status;

	status = cf_dump_sums(ledger, put, arg, error);
	for (size_t i = 0; i < sizeof queries / sizeof queries[0] && status == CF_OK; i++)
		status = cf_ledger_each_row(ledger, queries[i], dump_row, &dump, error);
	cf_ledger_rollback(ledger); /* nothing was written */
	free(dump.line.bytes);
	return status;
}
