#include "report/render/doc.h"

#include "base/array.h"
#include "base/instant.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536

struct block {
	struct block *next;
	size_t used;
	char bytes[BLOCK_BYTES];
};

struct cf_doc *cf_doc_new(const char *kind)
{
	struct cf_doc *doc = calloc(1, sizeof *doc);

	if (doc != NULL) {
		doc->kind = kind;
		doc->title = "";
	}
	return doc;
}

void cf_doc_free(struct cf_doc *doc)
{
	if (doc == NULL)
		return;
	for (struct block *block = doc->blocks; block != NULL;) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	for (size_t i = 0; i < doc->table_count; i++) {
		free(doc->tables[i].cells);
		free(doc->tables[i].kept);
	}
	for (size_t i = 0; i < doc->chart_count; i++)
		free(doc->charts[i].values);
	cf_doc_free(doc->footer);
	free(doc->facts);
	free(doc->notes);
	free(doc->tables);
	free(doc->charts);
	free(doc);
}

bool cf_doc_ok(const struct cf_doc *doc)
{
	return doc != NULL && !doc->failed;
}

const char *cf_doc_text(struct cf_doc *doc, const char *text)
{
	struct block *block = doc->blocks;
	size_t len = strlen(text);

	if (len >= BLOCK_BYTES)
		len = BLOCK_BYTES - 1;
	if (block == NULL || BLOCK_BYTES - block->used < len + 1) {
		block = malloc(sizeof *block);
		if (block == NULL) {
			doc->failed = true;
			return "";
		}
		block->next = doc->blocks;
		block->used = 0;
		doc->blocks = block;
	}
	char *copy = block->bytes + block->used;

	memcpy(copy, text, len);
	copy[len] = '\0';
	block->used += len + 1;
	return copy;
}

CF_PRINTF(2, 0)
static const char *format_copy(struct cf_doc *doc, const char *format, va_list args)
{
	char text[2048];

	vsnprintf(text, sizeof text, format, args);
	return cf_doc_text(doc, text);
}

const char *cf_doc_format(struct cf_doc *doc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *text = format_copy(doc, format, args);

	va_end(args);
	return text;
}

void cf_doc_set_title(struct cf_doc *doc, const char *title)
{
	doc->title = cf_doc_text(doc, title);
}

/* One more item at the end of an array of count; NULL (and failed) without memory. */
static void *extend(struct cf_doc *doc, void **items, size_t *count, size_t item_bytes)
{
	char *grown = realloc(*items, (*count + 1) * item_bytes);

	if (grown == NULL) {
		doc->failed = true;
		return NULL;
	}
	*items = grown;
	memset(grown + *count * item_bytes, 0, item_bytes);
	return grown + (*count)++ * item_bytes;
}

static struct cf_doc_fact *new_fact(struct cf_doc *doc, const char *key, const char *title)
{
	void *items = doc->facts;
	struct cf_doc_fact *fact = extend(doc, &items, &doc->fact_count, sizeof *fact);

	doc->facts = items;
	if (fact != NULL) {
		fact->key = key;
		fact->title = title;
		fact->cell.text = "";
	}
	return fact;
}

void cf_doc_fact_text(struct cf_doc *doc, const char *key, const char *title, const char *text)
{
	struct cf_doc_fact *fact = new_fact(doc, key, title);

	if (fact != NULL)
		fact->cell.text = cf_doc_text(doc, text);
}

void cf_doc_fact_number(struct cf_doc *doc, const char *key, const char *title, int64_t number)
{
	struct cf_doc_fact *fact = new_fact(doc, key, title);

	if (fact != NULL) {
		fact->type = CF_DOC_NUMBER;
		fact->cell.number = number;
	}
}

void cf_doc_fact_instant(struct cf_doc *doc, const char *key, const char *title, int64_t wall_s)
{
	struct cf_doc_fact *fact = new_fact(doc, key, title);

	if (fact != NULL) {
		fact->type = CF_DOC_INSTANT;
		fact->cell.number = wall_s;
	}
}

void cf_doc_note(struct cf_doc *doc, const char *format, ...)
{
	void *items = doc->notes;
	const char **note = extend(doc, &items, &doc->note_count, sizeof *note);
	va_list args;

	doc->notes = items;
	va_start(args, format);
	if (note != NULL)
		*note = format_copy(doc, format, args);
	va_end(args);
}

void cf_doc_table(struct cf_doc *doc, const char *id, const char *title,
    const struct cf_doc_column *columns, size_t column_count)
{
	void *items = doc->tables;
	struct cf_doc_table *table = extend(doc, &items, &doc->table_count, sizeof *table);

	doc->tables = items;
	if (table == NULL)
		return;
	*table = (struct cf_doc_table){.id = id,
	    .title = cf_doc_text(doc, title),
	    .note = "",
	    .columns = columns,
	    .column_count = column_count};
}

void cf_doc_table_note(struct cf_doc *doc, const char *format, ...)
{
	va_list args;

	if (doc->table_count == 0)
		return;
	va_start(args, format);
	doc->tables[doc->table_count - 1].note = format_copy(doc, format, args);
	va_end(args);
}

void cf_doc_row(struct cf_doc *doc, const struct cf_doc_cell *cells)
{
	if (doc->table_count == 0 || doc->failed)
		return;
	struct cf_doc_table *table = &doc->tables[doc->table_count - 1];

	struct cf_doc_cell *grown = cf_array_grow(
	    table->cells, table->row_count, 1, &table->size, table->column_count * sizeof *grown);

	if (grown == NULL) {
		doc->failed = true;
		return;
	}
	table->cells = grown;
	struct cf_doc_cell *row = table->cells + table->row_count++ * table->column_count;

	for (size_t i = 0; i < table->column_count; i++) {
		enum cf_doc_type type = table->columns[i].type;

		row[i] = cells[i];
		if (type == CF_DOC_TEXT || type == CF_DOC_STATE)
			row[i].text = cf_doc_text(doc, cells[i].text == NULL ? "" : cells[i].text);
	}
}

void cf_doc_rows(struct cf_doc *doc, size_t count, cf_doc_fill *fill, void *arg)
{
	if (doc->table_count == 0 || doc->failed)
		return;
	struct cf_doc_table *table = &doc->tables[doc->table_count - 1];

	table->cells = calloc(table->column_count + 1, sizeof *table->cells);
	doc->failed = table->cells == NULL;
	if (doc->failed)
		return;
	table->row_count = count;
	table->fill = fill;
	table->fill_arg = arg;
}

const struct cf_doc_cell *cf_doc_cells(const struct cf_doc_table *table, size_t row)
{
	if (table->kept != NULL)
		row = table->kept[row];
	if (table->fill == NULL)
		return &table->cells[row * table->column_count];
	table->fill(table->fill_arg, row, table->cells);
	return table->cells;
}

void cf_doc_keep(struct cf_doc *doc, struct cf_doc_table *table,
    bool (*keep)(void *arg, const struct cf_doc_table *table, const struct cf_doc_cell *cells),
    void *arg)
{
	uint32_t *kept = malloc((table->row_count + 1) * sizeof *kept);
	size_t count = 0;

	if (kept == NULL) {
		doc->failed = true;
		return;
	}
	for (size_t i = 0; i < table->row_count; i++)
		if (keep(arg, table, cf_doc_cells(table, i)))
			kept[count++] = table->kept == NULL ? (uint32_t)i : table->kept[i];
	free(table->kept);
	table->kept = kept;
	table->row_count = count;
}

int64_t *cf_doc_chart(struct cf_doc *doc, const char *id, const char *title, uint32_t first_day,
    size_t day_count, const char *const *series, size_t series_count, bool is_stacked)
{
	int64_t *values = calloc(day_count * series_count + 1, sizeof *values);
	void *items = doc->charts;
	struct cf_doc_chart *chart =
	    values == NULL ? NULL : extend(doc, &items, &doc->chart_count, sizeof *chart);

	doc->charts = items;
	if (chart == NULL) {
		doc->failed = true;
		free(values);
		return NULL;
	}
	*chart = (struct cf_doc_chart){.id = id,
	    .title = cf_doc_text(doc, title),
	    .first_day = first_day,
	    .day_count = day_count,
	    .series = series,
	    .series_count = series_count,
	    .values = values,
	    .is_stacked = is_stacked};
	return values;
}

static void show_span(int64_t minutes, char *text, size_t size)
{
	if (minutes >= 2 * 1440)
		snprintf(
		    text, size, "%" PRId64 " d %" PRId64 " h", minutes / 1440, minutes % 1440 / 60);
	else if (minutes >= 60)
		snprintf(text, size, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
	else
		snprintf(text, size, "%" PRId64 " min", minutes);
}

static void show_bytes(int64_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

const char *cf_doc_show(
    enum cf_doc_type type, const struct cf_doc_cell *cell, char *text, size_t size)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	switch (type) {
	case CF_DOC_TEXT:
	case CF_DOC_STATE:
		return cell->text;
	case CF_DOC_NUMBER:
		snprintf(text, size, "%" PRId64, cell->number);
		break;
	case CF_DOC_INSTANT:
		if (cell->number == 0)
			return "";
		cf_instant_format(cell->number, instant);
		snprintf(text, size, "%.10s %.5s", instant, instant + 11);
		break;
	case CF_DOC_DAY:
		cf_instant_format(cell->number * 86400, instant);
		snprintf(text, size, "%.10s", instant);
		break;
	case CF_DOC_SPAN:
		show_span(cell->number, text, size);
		break;
	case CF_DOC_SHARE:
		/* Whole ones without their zeros; anything less than all is never shown as all. */
		if (cell->number % 100 == 0)
			snprintf(text, size, "%" PRId64 " %%", cell->number / 100);
		else
			snprintf(text, size, "%" PRId64 ".%02" PRId64 " %%", cell->number / 100,
			    cell->number % 100);
		break;
	case CF_DOC_BYTES:
		show_bytes(cell->number, text, size);
		break;
	}
	return text;
}

struct cf_doc *cf_doc_footer(struct cf_doc *doc)
{
	if (doc->footer == NULL)
		doc->footer = cf_doc_new("provenance");
	doc->failed = doc->failed || doc->footer == NULL;
	return doc->footer;
}

const char *cf_doc_line(const struct cf_doc_table *table, size_t row, char *text, size_t size)
{
	const struct cf_doc_cell *cells = cf_doc_cells(table, row);
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < table->column_count && used < size; i++) {
		enum cf_doc_type type = table->columns[i].type;
		bool is_text = type == CF_DOC_TEXT || type == CF_DOC_STATE;
		char shown[64];

		if (is_text ? cells[i].text[0] == '\0' : cells[i].number == 0)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s",
		    used == 0 ? "" : ", ",
		    i == 0 || type == CF_DOC_TEXT ? "" : table->columns[i].title,
		    i == 0 || type == CF_DOC_TEXT ? "" : " ",
		    is_text ? cells[i].text : cf_doc_show(type, &cells[i], shown, sizeof shown));
	}
	return text;
}
