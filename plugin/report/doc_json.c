/* A document as JSON and CSV. */

#include "base/instant.h"
#include "report/doc.h"
#include "report/safe.h"

#include <inttypes.h>
#include <string.h>

static void put_cell(FILE *to, enum cf_doc_type type, const struct cf_doc_cell *cell)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	switch (type) {
	case CF_DOC_TEXT:
	case CF_DOC_STATE:
		cf_safe_quote(to, cell->text);
		break;
	case CF_DOC_INSTANT:
		if (cell->number == 0)
			fputs("null", to);
		else
			fprintf(to, "\"%s\"", cf_instant_format(cell->number, instant));
		break;
	case CF_DOC_DAY:
		fprintf(to, "\"%.10s\"", cf_instant_format(cell->number * 86400, instant));
		break;
	case CF_DOC_NUMBER:
	case CF_DOC_SPAN:
	case CF_DOC_BYTES:
		fprintf(to, "%" PRId64, cell->number);
		break;
	case CF_DOC_SHARE:
		fprintf(to, "%" PRId64 ".%02" PRId64, cell->number / 100, cell->number % 100);
		break;
	}
}

static void put_table(FILE *to, const struct cf_doc_table *table)
{
	cf_safe_quote(to, table->id);
	fputs(": [", to);
	for (size_t i = 0; i < table->row_count; i++) {
		const struct cf_doc_cell *cells = cf_doc_cells(table, i);

		fputs(i == 0 ? "\n      {" : ",\n      {", to);
		for (size_t j = 0; j < table->column_count; j++) {
			fprintf(to, "%s\"%s\": ", j == 0 ? "" : ", ", table->columns[j].key);
			put_cell(to, table->columns[j].type, &cells[j]);
		}
		fputc('}', to);
	}
	fputs(table->row_count > 0 ? "\n    ]" : "]", to);
}

void cf_doc_json(const struct cf_doc *doc, FILE *to)
{
	fprintf(to, "{\n  \"report\": \"%s\",\n  \"title\": ", doc->kind);
	cf_safe_quote(to, doc->title);
	for (size_t i = 0; i < doc->fact_count; i++) {
		fprintf(to, ",\n  \"%s\": ", doc->facts[i].key);
		put_cell(to, doc->facts[i].type, &doc->facts[i].cell);
	}
	fputs(",\n  \"notes\": [", to);
	for (size_t i = 0; i < doc->note_count; i++) {
		fputs(i == 0 ? "" : ", ", to);
		cf_safe_quote(to, doc->notes[i]);
	}
	fputs("],\n  \"tables\": {", to);
	for (size_t i = 0; i < doc->table_count; i++) {
		fputs(i == 0 ? "\n    " : ",\n    ", to);
		put_table(to, &doc->tables[i]);
	}
	fputs("\n  }\n}\n", to);
}

/* RFC 4180; a leading quote keeps spreadsheets from running what a stranger named his host. */
static void put_field(FILE *to, const char *text)
{
	char safe[CF_SAFE_TEXT_BYTES];

	cf_safe_text(text, strlen(text), safe, sizeof safe);
	bool is_formula = cf_safe_is_formula(safe);

	if (!is_formula && strpbrk(safe, ",\"\n\r") == NULL) {
		fputs(safe, to);
		return;
	}
	fputc('"', to);
	if (is_formula)
		fputc('\'', to);
	for (const char *at = safe; *at != '\0'; at++) {
		if (*at == '"')
			fputc('"', to);
		fputc(*at, to);
	}
	fputc('"', to);
}

static void put_csv_cell(FILE *to, enum cf_doc_type type, const struct cf_doc_cell *cell)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	switch (type) {
	case CF_DOC_TEXT:
	case CF_DOC_STATE:
		put_field(to, cell->text);
		break;
	case CF_DOC_INSTANT:
		if (cell->number != 0)
			fputs(cf_instant_format(cell->number, instant), to);
		break;
	case CF_DOC_DAY:
		fprintf(to, "%.10s", cf_instant_format(cell->number * 86400, instant));
		break;
	case CF_DOC_NUMBER:
	case CF_DOC_SPAN:
	case CF_DOC_BYTES:
		fprintf(to, "%" PRId64, cell->number);
		break;
	case CF_DOC_SHARE:
		fprintf(to, "%" PRId64 ".%02" PRId64, cell->number / 100, cell->number % 100);
		break;
	}
}

bool cf_doc_csv(const struct cf_doc *doc, const char *table_id, FILE *to)
{
	const struct cf_doc_table *table = NULL;

	for (size_t i = 0; i < doc->table_count && table == NULL; i++)
		if (table_id == NULL || strcmp(doc->tables[i].id, table_id) == 0)
			table = &doc->tables[i];
	if (table == NULL)
		return false;
	for (size_t j = 0; j < table->column_count; j++)
		fprintf(to, "%s%s", j == 0 ? "" : ",", table->columns[j].key);
	fputs("\r\n", to);
	for (size_t i = 0; i < table->row_count; i++) {
		const struct cf_doc_cell *cells = cf_doc_cells(table, i);

		for (size_t j = 0; j < table->column_count; j++) {
			if (j > 0)
				fputc(',', to);
			put_csv_cell(to, table->columns[j].type, &cells[j]);
		}
		fputs("\r\n", to);
	}
	return true;
}
