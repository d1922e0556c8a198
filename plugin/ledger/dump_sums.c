#include "ledger/dump_sums.h"

#include "base/array.h"
#include "ledger/store/rows.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that grow. */
struct text {
	char *bytes;
	size_t len, size;
};

/* Rows of a table of names in the dump's order, each as its columns with tabs between them. */
struct names {
	struct text text;
	size_t *ends; /* of each, by rank */
	size_t end_size;
	struct ranked { /* in order of ids */
		int64_t id;
		uint32_t rank;
	} * ranks;
	uint32_t count;
	size_t rank_size;
};

/* A row of the day at hand. */
struct item {
	uint32_t sensor, subject, kind; /* ranks */
	size_t at, len;                 /* of the rest of its line */
};

enum { SENSORS, SUBJECTS, KINDS, NAMES };

struct sums {
	const char *word;          /* of the table, which lines begin with */
	struct names names[NAMES]; /* kinds: of roll-ups alone */
	int hex_columns;           /* the last ones of a row, which are minutes */
	int key_columns;           /* behind the day: numbers of names */
	int64_t day;
	struct item *items;
	size_t count, size;
	struct text rests;
	struct text line;
	void (*put)(void *arg, const char *line, size_t len);
	void *arg;
};

/* ---- text */

static enum cf_status append(struct text *text, const char *bytes, size_t len)
{
	char *grown = cf_array_grow(text->bytes, text->len, len + 1, &text->size, 1);

	if (grown == NULL)
		return CF_ENOMEM;
	text->bytes = grown;
	if (len > 0)
		memcpy(grown + text->len, bytes, len);
	text->len += len;
	return CF_OK;
}

static enum cf_status append_number(struct text *text, int64_t number)
{
	char digits[20], *first = digits + sizeof digits;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--first = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--first = '-';
	return append(text, first, (size_t)(digits + sizeof digits - first));
}

/* As SQLite's hex(). */
static enum cf_status append_hex(struct text *text, const uint8_t *bytes, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	char *grown = cf_array_grow(text->bytes, text->len, 2 * len + 1, &text->size, 1);

	if (grown == NULL)
		return CF_ENOMEM;
	text->bytes = grown;
	for (size_t i = 0; i < len; i++) {
		grown[text->len++] = hex[bytes[i] >> 4];
		grown[text->len++] = hex[bytes[i] & 15];
	}
	return CF_OK;
}

/* A column as SQLite's text of it, or as its hex(). */
static enum cf_status append_column(
    struct text *text, const struct cf_row *row, int column, bool as_hex)
{
	if (as_hex)
		return append_hex(text, cf_row_blob(row, column), cf_row_bytes(row, column));
	if (cf_row_kind(row, column) == CF_ROW_NUMBER)
		return append_number(text, cf_row_int64(row, column));
	return append(text, cf_row_text(row, column), cf_row_bytes(row, column));
}

/* The columns from first on with tabs between them, the last ones as hex. */
static enum cf_status append_columns(
    struct text *text, const struct cf_row *row, int first, int hex_columns)
{
	int count = cf_row_columns(row);
	enum cf_status status = CF_OK;

	for (int i = first; i < count && status == CF_OK; i++) {
		status = i > first ? append(text, "\t", 1) : CF_OK;
		if (status == CF_OK)
			status = append_column(text, row, i, i >= count - hex_columns);
	}
	return status;
}

/* ---- names */

static enum cf_status take_name(void *context, const struct cf_row *row)
{
	struct names *names = context;
	size_t *ends = cf_array_grow(names->ends, names->count, 1, &names->end_size, sizeof *ends);

	if (ends == NULL)
		return CF_ENOMEM;
	names->ends = ends;
	struct ranked *ranks =
	    cf_array_grow(names->ranks, names->count, 1, &names->rank_size, sizeof *ranks);

	if (ranks == NULL || names->count == UINT32_MAX)
		return CF_ENOMEM;
	names->ranks = ranks;
	enum cf_status status = append_columns(&names->text, row, 1, 0);

	ends[names->count] = names->text.len;
	ranks[names->count] = (struct ranked){.id = cf_row_int64(row, 0), .rank = names->count};
	names->count++;
	return status;
}

static int by_id(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* As they are where names came in their order. */
static bool are_in_order(const struct names *names)
{
	for (uint32_t i = 1; i < names->count; i++)
		if (names->ranks[i - 1].id > names->ranks[i].id)
			return false;
	return true;
}

static enum cf_status read_names(
    struct cf_ledger *ledger, const char *sql, struct names *names, struct cf_error *error)
{
	enum cf_status status = cf_ledger_each_row(ledger, sql, take_name, names, error);

	if (!are_in_order(names))
		qsort(names->ranks, names->count, sizeof *names->ranks, by_id);
	return status;
}

static void names_done(struct names *names)
{
	free(names->text.bytes);
	free(names->ends);
	free(names->ranks);
}

/* The rank of the name with this id; false: there is none. */
static bool find_rank(const struct names *names, int64_t id, uint32_t *rank_out)
{
	uint32_t low = 0, high = names->count;

	if (high == 0 || id < names->ranks[0].id || id > names->ranks[high - 1].id)
		return false;
	/* Ids rise by one or more, so that none stands later than this; without holes, just there.
	 */
	if ((uint64_t)id - (uint64_t)names->ranks[0].id < high)
		high = (uint32_t)(id - names->ranks[0].id) + 1;
	if (names->ranks[high - 1].id == id)
		low = high - 1;
	while (low < high && names->ranks[low].id != id) {
		uint32_t middle = low + (high - low) / 2;

		if (names->ranks[middle].id < id)
			low = middle + 1;
		else if (names->ranks[middle].id > id)
			high = middle;
		else
			low = middle;
	}
	if (low == high)
		return false;
	*rank_out = names->ranks[low].rank;
	return true;
}

static enum cf_status append_name(struct text *text, const struct names *names, uint32_t rank)
{
	size_t from = rank == 0 ? 0 : names->ends[rank - 1];
	enum cf_status status = append(text, names->text.bytes + from, names->ends[rank] - from);

	return status == CF_OK ? append(text, "\t", 1) : status;
}

/* ---- rows, day by day */

static int by_rank(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->sensor != y->sensor)
		return x->sensor < y->sensor ? -1 : 1;
	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static bool is_sorted(const struct sums *sums)
{
	for (size_t i = 1; i < sums->count; i++)
		if (by_rank(&sums->items[i - 1], &sums->items[i]) > 0)
			return false;
	return true;
}

static enum cf_status put_item(struct sums *sums, size_t head_len, const struct item *item)
{
	struct text *line = &sums->line;

	line->len = head_len;
	enum cf_status status = append_name(line, &sums->names[SENSORS], item->sensor);

	if (status == CF_OK)
		status = append_name(line, &sums->names[SUBJECTS], item->subject);
	if (status == CF_OK && sums->key_columns > KINDS)
		status = append_name(line, &sums->names[KINDS], item->kind);
	if (status == CF_OK)
		status = append(line, sums->rests.bytes + item->at, item->len);
	if (status == CF_OK)
		sums->put(sums->arg, line->bytes, line->len);
	return status;
}

static enum cf_status end_day(struct sums *sums)
{
	struct text *line = &sums->line;
	enum cf_status status = CF_OK;

	if (!is_sorted(sums))
		qsort(sums->items, sums->count, sizeof *sums->items, by_rank);
	line->len = 0;
	status = append(line, sums->word, strlen(sums->word));
	if (status == CF_OK)
		status = append(line, "\t", 1);
	if (status == CF_OK)
		status = append_number(line, sums->day);
	if (status == CF_OK)
		status = append(line, "\t", 1);
	size_t head_len = line->len;

	for (size_t i = 0; i < sums->count && status == CF_OK; i++)
		status = put_item(sums, head_len, &sums->items[i]);
	sums->count = 0;
	sums->rests.len = 0;
	return status;
}

static enum cf_status take_sum(void *context, const struct cf_row *row)
{
	struct sums *sums = context;
	int64_t day = cf_row_int64(row, 0);
	uint32_t ranks[NAMES] = {0};
	enum cf_status status = day != sums->day ? end_day(sums) : CF_OK;

	sums->day = day;
	for (int i = 0; i < sums->key_columns; i++)
		if (!find_rank(&sums->names[i], cf_row_int64(row, 1 + i), &ranks[i]))
			return status; /* leads nowhere: no content */
	struct item *items = cf_array_grow(sums->items, sums->count, 1, &sums->size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	sums->items = items;
	size_t at = sums->rests.len;

	if (status == CF_OK)
		status =
		    append_columns(&sums->rests, row, 1 + sums->key_columns, sums->hex_columns);
	items[sums->count++] = (struct item){.sensor = ranks[SENSORS],
	    .subject = ranks[SUBJECTS],
	    .kind = ranks[KINDS],
	    .at = at,
	    .len = sums->rests.len - at};
	return status;
}

static enum cf_status dump_table(struct cf_ledger *ledger, struct sums *sums, const char *subjects,
    const char *kinds, const char *rows, struct cf_error *error)
{
	enum cf_status status =
	    read_names(ledger, "SELECT sensor_id, name, source FROM sensor ORDER BY 2, 3",
	        &sums->names[SENSORS], error);

	if (status == CF_OK)
		status = read_names(ledger, subjects, &sums->names[SUBJECTS], error);
	if (status == CF_OK && kinds != NULL)
		status = read_names(ledger, kinds, &sums->names[KINDS], error);
	sums->key_columns = kinds == NULL ? KINDS : NAMES;
	if (status == CF_OK)
		status = cf_ledger_each_row(ledger, rows, take_sum, sums, error);
	if (status == CF_OK && end_day(sums) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	for (size_t i = 0; i < NAMES; i++)
		names_done(&sums->names[i]);
	free(sums->items);
	free(sums->rests.bytes);
	free(sums->line.bytes);
	return status;
}

enum cf_status cf_dump_sums(struct cf_ledger *ledger,
    void (*put)(void *arg, const char *line, size_t len), void *arg, struct cf_error *error)
{
	struct sums rollups = {.word = "rollup", .hex_columns = 1, .put = put, .arg = arg},
	            sightings = {.word = "sighting", .hex_columns = 2, .put = put, .arg = arg};
	enum cf_status status = dump_table(ledger, &rollups,
	    "SELECT endpoint_id, addr, mac, vlan FROM endpoint ORDER BY 2, 3, 4",
	    "SELECT k.kind_id, u.list, u.rule, u.rule_type, u.category, u.product, u.confidence,"
	    " k.event, k.action, k.via, k.flags, k.relay, k.owner, k.phase, k.cutoff_s FROM kind k"
	    " JOIN rule u USING(rule_id) ORDER BY 2,3,4,5,6,7,8,9,10,11,12,13,14,15",
	    "SELECT day, sensor_id, endpoint_id, kind_id, n, first_us, last_us, bytes_out, "
	    "bytes_in,"
	    " sample, minutes FROM rollup ORDER BY day",
	    error);

	return status != CF_OK
	    ? status
	    : dump_table(ledger, &sightings,
	          "SELECT claim_id, addr, mac, name, client, vlan, how, router FROM claim"
	          " ORDER BY 2, 3, 4, 5, 6, 7, 8",
	          NULL,
	          "SELECT day, sensor_id, claim_id, first_minute, last_minute, minutes, held"
	          " FROM sighting ORDER BY day",
	          error);
}
