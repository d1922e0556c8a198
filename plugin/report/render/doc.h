/*
 * A report before it is a table, JSON, CSV or a page: facts, tables and charts. Reports fill one,
 * renderers read it; neither knows the other. Texts are copied. Lifetime: one report. One thread.
 *
 * Memory is asked for many times while a report is made; the first time there is none, the document
 * stays failed and cf_doc_ok() says so at the end.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cf_doc_type {
	CF_DOC_TEXT,
	CF_DOC_NUMBER,
	CF_DOC_INSTANT, /* seconds since 1970; 0 is never */
	CF_DOC_DAY,     /* days since 1970 */
	CF_DOC_STATE,   /* a state's word: shown in colour */
	CF_DOC_SPAN,    /* minutes */
	CF_DOC_BYTES,
	CF_DOC_SHARE, /* hundredths of a per cent: "99.95 %" */
};

struct cf_doc_column {
	const char *key;   /* in JSON and CSV */
	const char *title; /* for people */
	enum cf_doc_type type;
	bool is_detail; /* left out of a narrow terminal */
};

struct cf_doc_cell {
	const char *text; /* of TEXT and STATE */
	int64_t number;   /* of the others */
};

/* Fills the cells of one row; texts must live as long as the document. */
typedef void cf_doc_fill(void *arg, size_t row, struct cf_doc_cell *cells);

struct cf_doc_table {
	const char *id, *title, *note;
	const struct cf_doc_column *columns; /* static */
	size_t column_count;
	struct cf_doc_cell *cells; /* row by row; of a filled table, room for one */
	size_t row_count, size;
	cf_doc_fill *fill; /* NULL: rows were added one by one */
	void *fill_arg;
	uint32_t *kept; /* which rows, when some were left out; NULL all */
};

struct cf_doc_fact {
	const char *key, *title;
	enum cf_doc_type type;
	struct cf_doc_cell cell;
};

/* A chart over days: stacked areas of the series. */
struct cf_doc_chart {
	const char *id, *title;
	uint32_t first_day;
	size_t day_count, series_count;
	const char *const *series; /* static names; of states: their words */
	int64_t *values;           /* [day * series_count + series] */
	bool is_stacked;
};

struct cf_doc {
	const char *kind;  /* "hosts" ...: static */
	const char *title; /* for people */
	struct cf_doc_fact *facts;
	size_t fact_count;
	char **notes; /* sentences that must be read with the numbers */
	size_t note_count;
	struct cf_doc_table *tables;
	size_t table_count;
	struct cf_doc_chart *charts;
	size_t chart_count;
	struct cf_doc *footer; /* where all of it comes from; NULL: not said */
	void *blocks;          /* copied texts */
	bool failed;
};

struct cf_doc *cf_doc_new(const char *kind);
void cf_doc_free(struct cf_doc *doc);
bool cf_doc_ok(const struct cf_doc *doc);

/* A copy that lives as long as the document; "" without memory. */
const char *cf_doc_text(struct cf_doc *doc, const char *text);
const char *cf_doc_format(struct cf_doc *doc, const char *format, ...) CF_PRINTF(2, 3);

void cf_doc_set_title(struct cf_doc *doc, const char *title);
void cf_doc_fact_text(struct cf_doc *doc, const char *key, const char *title, const char *text);
void cf_doc_fact_number(struct cf_doc *doc, const char *key, const char *title, int64_t number);
/* 0 is never. */
void cf_doc_fact_instant(struct cf_doc *doc, const char *key, const char *title, int64_t wall_s);
void cf_doc_note(struct cf_doc *doc, const char *format, ...) CF_PRINTF(2, 3);

/* Begins a table; rows go to the last one begun. columns must be static. */
void cf_doc_table(struct cf_doc *doc, const char *id, const char *title,
    const struct cf_doc_column *columns, size_t column_count);
void cf_doc_table_note(struct cf_doc *doc, const char *format, ...) CF_PRINTF(2, 3);
/*
 * Instead of rows: count of them, made by fill when they are shown, so that a million hosts are not
 * in memory twice. arg must outlive the document.
 */
void cf_doc_rows(struct cf_doc *doc, size_t count, cf_doc_fill *fill, void *arg);
/* The cells of a row; of a filled table, until the next is asked for. */
const struct cf_doc_cell *cf_doc_cells(const struct cf_doc_table *table, size_t row);
/* Leaves out the rows for which keep() is false. */
void cf_doc_keep(struct cf_doc *doc, struct cf_doc_table *table,
    bool (*keep)(void *arg, const struct cf_doc_table *table, const struct cf_doc_cell *cells),
    void *arg);
/* cells: as many as columns; texts are copied. */
void cf_doc_row(struct cf_doc *doc, const struct cf_doc_cell *cells);

/* Begins a chart with zero values and returns them to be filled; NULL without memory. */
int64_t *cf_doc_chart(struct cf_doc *doc, const char *id, const char *title, uint32_t first_day,
    size_t day_count, const char *const *series, size_t series_count, bool is_stacked);

/* The document's footer, made when there is none: facts, tables and notes that are printed small.
 * NULL without memory, and the document is failed. */
struct cf_doc *cf_doc_footer(struct cf_doc *doc);
/* Rows of a footer's table that people are shown; the rest is counted, JSON has all. */
#define CF_DOC_FOOTER_ROWS 12
/* A row of a footer's table in one line, "2026112101, 9 days old"; returns text. */
const char *cf_doc_line(const struct cf_doc_table *table, size_t row, char *text, size_t size);

/* A cell as people read it: "2024-09-29 04:00", "3 d 4 h", "1.2 GiB". */
const char *cf_doc_show(
    enum cf_doc_type type, const struct cf_doc_cell *cell, char *text, size_t size);

/* The document as ... on a stream. width 0: the terminal's, or 100. */
void cf_doc_print(const struct cf_doc *doc, FILE *to, bool colour, unsigned width);
void cf_doc_json(const struct cf_doc *doc, FILE *to);
/* One table, by id; NULL the first. False: no such table. */
bool cf_doc_csv(const struct cf_doc *doc, const char *table_id, FILE *to);
/* A page in one file: no byte from elsewhere, strict content security policy. CF_ENOMEM. */
enum cf_status cf_doc_html(const struct cf_doc *doc, FILE *to) CF_MUST_CHECK;
