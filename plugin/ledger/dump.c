/* The content of a ledger as sorted text: what "the same ledger" means (docs/FORMATS.md, "ledger").
 */

#include "ledger/store/ledger.h"

#include "base/array.h"
#include "ledger/dump_sums.h"
#include "ledger/store/store.h"
#include "records/form/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Numbers of rows are given in the order of reading, so the queries replace them by what they stand
 * for; roll-ups and sightings, which come first, are cf_dump_sums()'s. By which way records came -
 * which files, how far, or shipped - is no content, nor are lines that are no records.
 */
static const char beats_sql[] =
    "SELECT b.day, s.name, s.source, b.iface, b.started_us, b.seen, b.lost, b.minutes"
    " FROM beat b JOIN sensor s USING(sensor_id) ORDER BY 1,2,3,4,5";
static const char gaps_sql[] = "SELECT s.name, s.source, g.from_us, g.to_us, g.reason FROM gap g"
                               " JOIN sensor s USING(sensor_id) ORDER BY 1,2,3,4,5";
static const char used_sql[] =
    "SELECT s.name, s.source, u.what, u.value, u.first_us, u.last_us FROM used u"
    " JOIN sensor s USING(sensor_id) ORDER BY 1,2,3,4";
/* Records that were refused; how many in all, since a repeated one was one record. */
static const char rejects_sql[] = "SELECT reason, CAST(sum(n) AS BIGINT) FROM reject"
                                  " GROUP BY reason ORDER BY reason";

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

/* Upper case, as it always was. */
static enum cf_status append_hex(struct line *line, const uint8_t *bytes, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	enum cf_status status = append(line, NULL, 0);

	for (size_t i = 0; i < len && status == CF_OK; i++) {
		const char digits[2] = {hex[bytes[i] >> 4], hex[bytes[i] & 15]};

		status = append(line, digits, sizeof digits);
	}
	return status;
}

struct dump {
	struct line line; /* the row at hand */
	const char *word; /* which lines begin with */
	bool ends_in_blob;
	void (*put)(void *arg, const char *line, size_t len);
	void *arg;
};

static enum cf_status append_column(
    struct line *line, const struct cf_row *row, int column, bool as_hex)
{
	char number[24];

	if (as_hex)
		return append_hex(line, cf_row_blob(row, column), cf_row_bytes(row, column));
	if (cf_row_kind(row, column) != CF_ROW_NUMBER)
		return append(line, cf_row_text(row, column), cf_row_bytes(row, column));
	int len = snprintf(number, sizeof number, "%lld", (long long)cf_row_int64(row, column));

	return append(line, number, (size_t)len);
}

static enum cf_status dump_row(void *context, const struct cf_row *row)
{
	struct dump *dump = context;
	struct line *line = &dump->line;
	int count = cf_row_columns(row);

	line->len = 0;
	enum cf_status status = append(line, dump->word, strlen(dump->word));

	for (int i = 0; i < count && status == CF_OK; i++) {
		status = append(line, "\t", 1);
		if (status == CF_OK)
			status = append_column(line, row, i, dump->ends_in_blob && i == count - 1);
	}
	if (status == CF_OK)
		dump->put(dump->arg, line->bytes, line->len);
	return status;
}

/* Lines that are no records, or came before. */
static bool is_of_lines(const char *reason)
{
	bool found = strcmp(reason, "repeated line") == 0;

	for (int i = 0; i < CF_LINE_FAULTS; i++)
		found = found || strcmp(reason, cf_line_fault_text((enum cf_line_fault)i)) == 0;
	return found;
}

static enum cf_status dump_reject(void *context, const struct cf_row *row)
{
	const char *reason = cf_row_text(row, 0);

	return reason == NULL || is_of_lines(reason) ? CF_OK : dump_row(context, row);
}

enum cf_status cf_ledger_dump(struct cf_ledger *ledger,
    void (*put)(void *arg, const char *line, size_t len), void *arg, struct cf_error *error)
{
	const struct {
		const char *word, *sql;
		bool ends_in_blob;
		enum cf_status (*take)(void *context, const struct cf_row *row);
	} queries[] = {{"beat", beats_sql, true, dump_row}, {"gap", gaps_sql, false, dump_row},
	    {"used", used_sql, false, dump_row}, {"reject", rejects_sql, false, dump_reject}};
	struct dump dump = {.put = put, .arg = arg};
	/* One snapshot, whatever is written meanwhile. */
	enum cf_status status = cf_ledger_begin(ledger, CF_BEGIN_READ, error);

	if (status != CF_OK)
		return status;
	status = cf_dump_sums(ledger, put, arg, error);
	for (size_t i = 0; i < sizeof queries / sizeof queries[0] && status == CF_OK; i++) {
		dump.word = queries[i].word;
		dump.ends_in_blob = queries[i].ends_in_blob;
		status = cf_ledger_each_row(ledger, queries[i].sql, queries[i].take, &dump, error);
	}
	cf_ledger_rollback(ledger); /* nothing was written */
	free(dump.line.bytes);
	return status;
}
