/* A document on the terminal, through libsmartcols: fits its width, cuts long texts, colours
 * states. */

#include "base/instant.h"
#include "report/render/doc.h"
#include "report/render/safe.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES 400

static const char *state_colour(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {{"bypassing", "\033[1;31m"}, {"dependent", "\033[31m"},
	    {"migrating", "\033[33m"}, {"excepted", "\033[36m"}, {"visited", "\033[34m"},
	    {"unknown", "\033[2m"}, {"clean", "\033[32m"}};

	for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
		if (strcmp(colours[i].state, state) == 0)
			return colours[i].colour;
	return NULL;
}

static bool is_right(enum cf_doc_type type)
{
	return type == CF_DOC_NUMBER || type == CF_DOC_SPAN || type == CF_DOC_BYTES ||
	    type == CF_DOC_SHARE;
}

/* A column whose cells are all empty or all alike in the way that says nothing is left out. */
static bool is_empty_column(const struct cf_doc_table *table, size_t column)
{
	for (size_t i = 0; i < table->row_count; i++) {
		const struct cf_doc_cell *cell = &cf_doc_cells(table, i)[column];
		enum cf_doc_type type = table->columns[column].type;

		if (type == CF_DOC_SHARE)
			return false; /* nothing at all is an answer here */
		if (type == CF_DOC_TEXT || type == CF_DOC_STATE ? cell->text[0] != '\0'
		                                                : cell->number != 0)
			return false;
	}
	return table->row_count > 0;
}

/* The width a column would like to have; long texts are content with less. */
static size_t natural_width(const struct cf_doc_table *table, size_t column)
{
	enum cf_doc_type type = table->columns[column].type;
	size_t width = strlen(table->columns[column].title), most = type == CF_DOC_TEXT ? 30 : 40;
	size_t rows = table->row_count < 2000 ? table->row_count : 2000; /* enough to judge by */

	for (size_t i = 0; i < rows; i++) {
		char number[64];
		size_t len = strlen(
		    cf_doc_show(type, &cf_doc_cells(table, i)[column], number, sizeof number));

		width = len > width ? len : width;
	}
	return width < most ? width : most;
}

/* Which columns fit: details leave from the right until the rest does. */
static void choose_columns(const struct cf_doc_table *table, size_t terminal, bool *shown)
{
	size_t total = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		shown[i] = !is_empty_column(table, i);
		if (shown[i])
			total += natural_width(table, i) + 1;
	}
	for (size_t i = table->column_count; i > 0 && total > terminal; i--) {
		if (!shown[i - 1] || !table->columns[i - 1].is_detail)
			continue;
		shown[i - 1] = false;
		total -= natural_width(table, i - 1) + 1;
	}
}

static void add_columns(
    struct libscols_table *scols, const struct cf_doc_table *table, const bool *shown)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct cf_doc_column *column = &table->columns[i];
		int flags = is_right(column->type) ? SCOLS_FL_RIGHT : 0;

		if (!shown[i])
			continue;
		if (column->type == CF_DOC_TEXT)
			flags |= SCOLS_FL_TRUNC;
		(void)scols_table_new_column(scols, column->title, 0.02, flags);
	}
}

static void add_rows(
    struct libscols_table *scols, const struct cf_doc_table *table, const bool *shown, bool colour)
{
	for (size_t i = 0; i < table->row_count; i++) {
		struct libscols_line *line = scols_table_new_line(scols, NULL);
		const struct cf_doc_cell *cells = cf_doc_cells(table, i);
		size_t at = 0;

		for (size_t j = 0; j < table->column_count && line != NULL; j++) {
			const struct cf_doc_cell *cell = &cells[j];
			char number[64], safe[CELL_BYTES];

			if (!shown[j])
				continue;
			const char *text =
			    cf_doc_show(table->columns[j].type, cell, number, sizeof number);

			cf_safe_text(text, strlen(text), safe, sizeof safe);
			if (scols_line_set_data(line, at, safe) != 0)
				return;
			if (colour && table->columns[j].type == CF_DOC_STATE &&
			    state_colour(text) != NULL)
				(void)scols_cell_set_color(
				    scols_line_get_cell(line, at), state_colour(text));
			at++;
		}
	}
}

static void print_table(const struct cf_doc_table *table, FILE *to, bool colour, unsigned width)
{
	struct libscols_table *scols = scols_new_table();
	bool *shown = calloc(table->column_count + 1, sizeof *shown);

	if (scols != NULL && shown != NULL && table->row_count > 0) {
		scols_table_set_stream(scols, to);
		if (width > 0) {
			scols_table_set_termforce(scols, SCOLS_TERMFORCE_ALWAYS);
			scols_table_set_termwidth(scols, width);
		}
		scols_table_enable_colors(scols, colour ? 1 : 0);
		size_t terminal = width > 0 ? width : scols_table_get_termwidth(scols);

		choose_columns(table, terminal == 0 ? 100 : terminal, shown);
		add_columns(scols, table, shown);
		add_rows(scols, table, shown, colour);
		(void)scols_print_table(scols); /* a closed pipe is the reader's choice */
	}
	scols_unref_table(scols);
	free(shown);
}

static void print_line(FILE *to, const char *text)
{
	char safe[2048];

	cf_safe_text(text, strlen(text), safe, sizeof safe);
	fputs(safe, to);
}

static void print_fact(FILE *to, const struct cf_doc_fact *fact)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	if (fact->type == CF_DOC_NUMBER)
		fprintf(to, "%lld", (long long)fact->cell.number);
	else if (fact->type == CF_DOC_TEXT)
		print_line(to, fact->cell.text);
	else
		fputs(fact->cell.number == 0 ? "never"
		                             : cf_instant_format(fact->cell.number, instant),
		    to);
	fputc('\n', to);
}

/* Small and last; long, but whoever needs it needs all of it. */
static void print_footer(const struct cf_doc *footer, FILE *to)
{
	char line[1024];

	for (size_t i = 0; i < footer->fact_count; i++) {
		fprintf(to, "  %s: ", footer->facts[i].title);
		print_fact(to, &footer->facts[i]);
	}
	for (size_t t = 0; t < footer->table_count; t++)
		for (size_t i = 0; i < footer->tables[t].row_count; i++) {
			if (i == CF_DOC_FOOTER_ROWS) {
				fprintf(to, "  %s: and %zu more; --json has them\n",
				    footer->tables[t].title, footer->tables[t].row_count - i);
				break;
			}
			fprintf(to, "  %s: ", footer->tables[t].title);
			print_line(to, cf_doc_line(&footer->tables[t], i, line, sizeof line));
			fputc('\n', to);
		}
	for (size_t i = 0; i < footer->note_count; i++) {
		fputs("  ", to);
		print_line(to, footer->notes[i]);
		fputc('\n', to);
	}
}

void cf_doc_print(const struct cf_doc *doc, FILE *to, bool colour, unsigned width)
{
	const char *bold = colour ? "\033[1m" : "", *dim = colour ? "\033[2m" : "",
	           *plain = colour ? "\033[0m" : "";

	fputs(bold, to);
	print_line(to, doc->title);
	fprintf(to, "%s\n", plain);
	for (size_t i = 0; i < doc->fact_count; i++) {
		fprintf(to, "  %s: ", doc->facts[i].title);
		print_fact(to, &doc->facts[i]);
	}
	for (size_t i = 0; i < doc->table_count; i++) {
		const struct cf_doc_table *table = &doc->tables[i];

		if (table->row_count == 0 && table->note[0] == '\0')
			continue;
		fprintf(to, "\n%s", bold);
		print_line(to, table->title);
		fprintf(to, "%s\n", plain);
		print_table(table, to, colour, width);
		if (table->note[0] != '\0') {
			fputs(dim, to);
			print_line(to, table->note);
			fprintf(to, "%s\n", plain);
		}
	}
	if (doc->note_count > 0)
		fputc('\n', to);
	for (size_t i = 0; i < doc->note_count; i++) {
		print_line(to, doc->notes[i]);
		fputc('\n', to);
	}
	if (doc->footer != NULL) {
		fprintf(to, "\n%smade from\n", dim);
		print_footer(doc->footer, to);
		fputs(plain, to);
	}
}
