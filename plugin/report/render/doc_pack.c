#include "report/render/doc_pack.h"

#include "base/array.h"
#include "base/map.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* More different texts than this in a column are not gathered. */
#define WORDS 1024
/* JavaScript counts whole numbers up to here (ECMA-262, Number.MAX_SAFE_INTEGER). */
#define MOST_NUMBER (INT64_C(1) << 52)

enum mode {
	MODE_CONSTANT, /* one value for all rows */
	MODE_WORDS,    /* a few texts, and runs of rows that have one of them */
	MODE_TEXTS,    /* each text by what it has not in common with the one before */
	MODE_DELTAS,   /* each number by its distance from the one before, runs of equal ones */
	MODE_PLAIN,    /* numbers as they are */
};

struct column {
	bool is_text;
	enum mode mode;
	struct cf_map *words; /* NULL: too many */
	const char **list;    /* of words, by number */
	size_t list_size;
	struct cf_doc_cell first;
	bool differs, is_large;
	/* while it is written */
	char *out;
	size_t used, size;
	char *last; /* text of the row before, made safe */
	uint32_t word;
	int64_t number;
	uint64_t run; /* rows that say the same and are not written yet */
};

struct pack {
	const struct cf_doc_table *table;
	struct column *columns;
	char safe[CF_SAFE_TEXT_BYTES];
};

/* ---- strings */

void cf_doc_put_string(FILE *to, const char *bytes, size_t len)
{
	fputc('"', to);
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '<' || bytes[i] == '>' || bytes[i] == '&')
			fprintf(to, "\\u%04x", (unsigned char)bytes[i]);
		else {
			if (bytes[i] == '"' || bytes[i] == '\\')
				fputc('\\', to);
			fputc(bytes[i], to);
		}
	}
	fputc('"', to);
}

void cf_doc_put_text(FILE *to, const char *text)
{
	char safe[CF_SAFE_TEXT_BYTES];
	size_t len = cf_safe_text(text, strlen(text), safe, sizeof safe);

	cf_doc_put_string(to, safe, len);
}

/* ---- what a column is like */

static enum cf_status note_word(struct column *column, const char *text)
{
	uint32_t number;
	const char *kept;
	bool added;

	if (column->words == NULL)
		return CF_OK;
	if (cf_map_keep(column->words, text, strlen(text), cf_map_count(column->words), &number,
	        &added, &kept) != CF_OK)
		return CF_ENOMEM;
	if (!added)
		return CF_OK;
	const char **list =
	    cf_array_grow(column->list, number, 1, &column->list_size, sizeof *list);

	if (list == NULL)
		return CF_ENOMEM;
	column->list = list;
	list[number] = kept;
	if (number + 1 > WORDS) {
		cf_map_free(column->words);
		column->words = NULL;
	}
	return CF_OK;
}

static enum cf_status look_at(struct column *column, const struct cf_doc_cell *cell, size_t row)
{
	if (row == 0)
		column->first = *cell;
	if (column->is_text)
		return note_word(column, cell->text);
	column->differs = column->differs || cell->number != column->first.number;
	column->is_large =
	    column->is_large || cell->number > MOST_NUMBER || cell->number < -MOST_NUMBER;
	return CF_OK;
}

static enum mode mode_of(const struct column *column, size_t row_count)
{
	if (!column->is_text)
		return !column->differs ? MODE_CONSTANT
		    : column->is_large  ? MODE_PLAIN
		                        : MODE_DELTAS;
	if (column->words == NULL)
		return MODE_TEXTS;
	size_t count = cf_map_count(column->words);

	return count <= 1 ? MODE_CONSTANT : count * 3 <= row_count ? MODE_WORDS : MODE_TEXTS;
}

/* ---- writing rows */

static enum cf_status add(struct column *column, const char *bytes, size_t len)
{
	char *out = cf_array_grow(column->out, column->used, len + 1, &column->size, 1);

	if (out == NULL)
		return CF_ENOMEM;
	column->out = out;
	memcpy(out + column->used, bytes, len);
	column->used += len;
	return CF_OK;
}

/* Five bits a digit, low ones first; 32 says that more follow. */
static enum cf_status add_number(struct column *column, uint64_t number)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[13];
	size_t len = 0;

	do {
		text[len++] = digits[(number & 31) | (number > 31 ? 32 : 0)];
		number >>= 5;
	} while (number > 0);
	return add(column, text, len);
}

/* The rows that were held back: the word and their number; or no distance and their number. */
static enum cf_status end_run(struct column *column)
{
	enum cf_status status = CF_OK;

	if (column->run == 0)
		return CF_OK;
	status = add_number(column, column->mode == MODE_WORDS ? column->word : 0);
	if (status == CF_OK)
		status = add_number(column, column->run);
	column->run = 0;
	return status;
}

static enum cf_status add_word(struct column *column, const char *text)
{
	uint32_t word = 0;
	enum cf_status status = CF_OK;

	(void)cf_map_find(column->words, text, strlen(text), &word); /* it was put there */
	if (word != column->word)
		status = end_run(column);
	column->word = word;
	column->run++;
	return status;
}

/* Code units of UTF-16, which JavaScript counts in, of valid UTF-8. */
static size_t units_of(const char *text)
{
	size_t units = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
		units += (size_t)((*at & 0xc0) != 0x80) + (size_t)(*at >= 0xf0);
	return units;
}

static enum cf_status add_text(struct column *column, const char *safe)
{
	size_t common = 0;

	while (safe[common] == column->last[common] && (unsigned char)safe[common] < 0x80 &&
	    safe[common] != '\0')
		common++;
	enum cf_status status = add_number(column, common);

	if (status == CF_OK)
		status = add_number(column, units_of(safe + common));
	if (status == CF_OK)
		status = add(column, safe + common, strlen(safe + common));
	memcpy(column->last, safe, strlen(safe) + 1); /* both hold CF_SAFE_TEXT_BYTES */
	return status;
}

static enum cf_status add_delta(struct column *column, int64_t number)
{
	int64_t delta = number - column->number;

	column->number = number;
	if (delta == 0) {
		column->run++;
		return CF_OK;
	}
	enum cf_status status = end_run(column);

	return status != CF_OK
	    ? status
	    : add_number(column, delta > 0 ? 2 * (uint64_t)delta : 2 * (uint64_t)-delta + 1);
}

static enum cf_status add_plain(struct column *column, int64_t number, size_t row)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%s%" PRId64, row == 0 ? "" : ",", number);

	return add(column, text, (size_t)len);
}

static enum cf_status add_cell(
    struct pack *pack, struct column *column, const struct cf_doc_cell *cell, size_t row)
{
	switch (column->mode) {
	case MODE_WORDS:
		return add_word(column, cell->text);
	case MODE_TEXTS:
		cf_safe_text(cell->text, strlen(cell->text), pack->safe, sizeof pack->safe);
		return add_text(column, pack->safe);
	case MODE_DELTAS:
		return add_delta(column, cell->number);
	case MODE_PLAIN:
		return add_plain(column, cell->number, row);
	case MODE_CONSTANT:
		break;
	}
	return CF_OK;
}

/* ---- the whole */

static void put_column(FILE *to, const struct column *column)
{
	switch (column->mode) {
	case MODE_CONSTANT:
		if (column->is_text)
			cf_doc_put_text(to, column->first.text);
		else
			fprintf(to, "%" PRId64, column->first.number);
		return;
	case MODE_WORDS:
		fputs("{\"words\":[", to);
		for (size_t i = 0; i < cf_map_count(column->words); i++) {
			fputs(i > 0 ? "," : "", to);
			cf_doc_put_text(to, column->list[i]);
		}
		fputs("],\"runs\":", to);
		break;
	case MODE_TEXTS:
		fputs("{\"texts\":", to);
		break;
	case MODE_DELTAS:
		fputs("{\"deltas\":", to);
		break;
	case MODE_PLAIN:
		fprintf(to, "[%.*s]", (int)column->used, column->out);
		return;
	}
	cf_doc_put_string(to, column->out, column->used);
	fputc('}', to);
}

static enum cf_status each_cell(struct pack *pack,
    enum cf_status (*take)(
        struct pack *pack, struct column *column, const struct cf_doc_cell *cell, size_t row))
{
	enum cf_status status = CF_OK;

	for (size_t row = 0; row < pack->table->row_count && status == CF_OK; row++) {
		const struct cf_doc_cell *cells = cf_doc_cells(pack->table, row);

		for (size_t i = 0; i < pack->table->column_count && status == CF_OK; i++)
			status = take(pack, &pack->columns[i], &cells[i], row);
	}
	return status;
}

static enum cf_status look_at_cell(
    struct pack *pack, struct column *column, const struct cf_doc_cell *cell, size_t row)
{
	(void)pack;
	return look_at(column, cell, row);
}

static enum cf_status begin(struct pack *pack)
{
	for (size_t i = 0; i < pack->table->column_count; i++) {
		struct column *column = &pack->columns[i];
		enum cf_doc_type type = pack->table->columns[i].type;

		column->is_text = type == CF_DOC_TEXT || type == CF_DOC_STATE;
		column->first.text = "";
		column->last = column->is_text ? calloc(1, CF_SAFE_TEXT_BYTES) : NULL;
		column->words = column->is_text ? cf_map_new() : NULL;
		if (column->is_text && (column->last == NULL || column->words == NULL))
			return CF_ENOMEM;
	}
	return CF_OK;
}

static void end(struct pack *pack)
{
	for (size_t i = 0; i < pack->table->column_count; i++) {
		cf_map_free(pack->columns[i].words);
		free(pack->columns[i].list);
		free(pack->columns[i].out);
		free(pack->columns[i].last);
	}
	free(pack->columns);
	free(pack);
}

enum cf_status cf_doc_pack(const struct cf_doc_table *table, FILE *to)
{
	struct pack *pack = calloc(1, sizeof *pack);
	enum cf_status status = CF_ENOMEM;

	if (pack == NULL)
		return CF_ENOMEM;
	pack->table = table;
	pack->columns = calloc(table->column_count + 1, sizeof *pack->columns);
	if (pack->columns == NULL) {
		free(pack);
		return CF_ENOMEM;
	}
	status = begin(pack);
	if (status == CF_OK)
		status = each_cell(pack, look_at_cell);
	for (size_t i = 0; i < table->column_count && status == CF_OK; i++)
		pack->columns[i].mode = mode_of(&pack->columns[i], table->row_count);
	if (status == CF_OK)
		status = each_cell(pack, add_cell);
	for (size_t i = 0; i < table->column_count && status == CF_OK; i++)
		status = end_run(&pack->columns[i]);
	if (status == CF_OK) {
		fprintf(to, "\"count\":%zu,\"packed\":[", table->row_count);
		for (size_t i = 0; i < table->column_count; i++) {
			fputs(i > 0 ? ",\n" : "\n", to);
			put_column(to, &pack->columns[i]);
		}
		fputc(']', to);
	}
	end(pack);
	return status;
}
