/* A document as JSON and CSV. */

#include "base/instant.h"
#include "report/render/doc.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <string.h>

/* What is written, collected: a report over a million hosts has a hundred million small pieces, and
 * stdio takes longer for each than it takes to make it. */
struct out {
	FILE *to;
	size_t used;
	char bytes[65536];
};

static void pass_on(struct out *out)
{
	/* Whether all of it was written is asked of the stream at its end. */
	(void)!fwrite(out->bytes, 1, out->used, out->to);
	out->used = 0;
}

/* Room for size bytes, at most all there is. */
static char *room_for(struct out *out, size_t size)
{
	if (size > sizeof out->bytes - out->used)
		pass_on(out);
	return out->bytes + out->used;
}

static void put_bytes(struct out *out, const char *text, size_t len)
{
	while (len > 0) {
		size_t part = len < sizeof out->bytes ? len : sizeof out->bytes;

		memcpy(room_for(out, part), text, part);
		out->used += part;
		text += part;
		len -= part;
	}
}

static void put(struct out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* Texts that need neither cleaning nor escapes, as nearly all; 0 for others, and for long ones. */
static size_t plain_len(const char *text)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f && text[len] != '"' && text[len] != '\\')
		len++;
	return text[len] == '\0' && len + 4 <= CF_SAFE_TEXT_BYTES ? len : 0;
}

/* As cf_safe_quote(). */
static void put_quoted(struct out *out, const char *text)
{
	char safe[CF_SAFE_TEXT_BYTES];
	size_t len = plain_len(text);
	char *at = room_for(out, 2 * CF_SAFE_TEXT_BYTES + 2);

	*at++ = '"';
	if (len > 0) {
		memcpy(at, text, len);
		at += len;
	} else if (text[0] != '\0') {
		cf_safe_text(text, strlen(text), safe, sizeof safe);
		for (const char *from = safe; *from != '\0'; from++) {
			if (*from == '"' || *from == '\\')
				*at++ = '\\';
			*at++ = *from;
		}
	}
	*at++ = '"';
	out->used = (size_t)(at - out->bytes);
}

static void put_number(struct out *out, int64_t number)
{
	char digits[20], *first = digits + sizeof digits;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char *at = room_for(out, sizeof digits + 1);

	do {
		*--first = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*at++ = '-';
	memcpy(at, first, (size_t)(digits + sizeof digits - first));
	out->used = (size_t)(at + (digits + sizeof digits - first) - out->bytes);
}

/* Hundredths, which are not negative. */
static void put_share(struct out *out, int64_t number)
{
	const char rest[] = {'.', (char)('0' + number / 10 % 10), (char)('0' + number % 10), '\0'};

	put_number(out, number / 100);
	put(out, rest);
}

static void put_cell(struct out *out, enum cf_doc_type type, const struct cf_doc_cell *cell)
{
	char instant[CF_INSTANT_TEXT_BYTES];

	switch (type) {
	case CF_DOC_TEXT:
	case CF_DOC_STATE:
		put_quoted(out, cell->text);
		break;
	case CF_DOC_INSTANT:
		if (cell->number == 0)
			put(out, "null");
		else
			put_quoted(out, cf_instant_format(cell->number, instant));
		break;
	case CF_DOC_DAY:
		cf_instant_format(cell->number * 86400, instant);
		instant[10] = '\0';
		put_quoted(out, instant);
		break;
	case CF_DOC_NUMBER:
	case CF_DOC_SPAN:
	case CF_DOC_BYTES:
		put_number(out, cell->number);
		break;
	case CF_DOC_SHARE:
		put_share(out, cell->number);
		break;
	}
}

/* What stands before each cell of a row, made once a table: ', "key": '. */
struct leads {
	char bytes[4096];
	size_t ends[96]; /* of each column's, behind that of the one before */
};

/* As many as fit, which are all of each table of ours; returns how many. */
static size_t make_leads(const struct cf_doc_table *table, struct leads *leads)
{
	size_t at = 0, count = 0;

	for (; count < table->column_count; count++) {
		int len = snprintf(leads->bytes + at, sizeof leads->bytes - at,
		    "%s\"%s\": ", count == 0 ? "" : ", ", table->columns[count].key);

		if (count == sizeof leads->ends / sizeof leads->ends[0] ||
		    (size_t)len >= sizeof leads->bytes - at)
			break;
		at += (size_t)len;
		leads->ends[count] = at;
	}
	return count;
}

static void put_row(struct out *out, const struct cf_doc_table *table, size_t row,
    const struct leads *leads, size_t lead_count)
{
	const struct cf_doc_cell *cells = cf_doc_cells(table, row);
	size_t at = 0;

	put(out, row == 0 ? "\n      {" : ",\n      {");
	for (size_t i = 0; i < table->column_count; i++) {
		if (i < lead_count) {
			put_bytes(out, leads->bytes + at, leads->ends[i] - at);
			at = leads->ends[i];
		} else {
			put(out, ", \"");
			put(out, table->columns[i].key);
			put(out, "\": ");
		}
		put_cell(out, table->columns[i].type, &cells[i]);
	}
	put(out, "}");
}

static void put_table(struct out *out, const struct cf_doc_table *table)
{
	struct leads leads;
	size_t lead_count = make_leads(table, &leads);

	put_quoted(out, table->id);
	put(out, ": [");
	for (size_t i = 0; i < table->row_count; i++)
		put_row(out, table, i, &leads, lead_count);
	put(out, table->row_count > 0 ? "\n    ]" : "]");
}

static void put_doc(struct out *out, const struct cf_doc *doc)
{
	put(out, "{\n  \"report\": \"");
	put(out, doc->kind);
	put(out, "\",\n  \"title\": ");
	put_quoted(out, doc->title);
	for (size_t i = 0; i < doc->fact_count; i++) {
		put(out, ",\n  \"");
		put(out, doc->facts[i].key);
		put(out, "\": ");
		put_cell(out, doc->facts[i].type, &doc->facts[i].cell);
	}
	put(out, ",\n  \"notes\": [");
	for (size_t i = 0; i < doc->note_count; i++) {
		put(out, i == 0 ? "" : ", ");
		put_quoted(out, doc->notes[i]);
	}
	put(out, "],\n  \"tables\": {");
	for (size_t i = 0; i < doc->table_count; i++) {
		put(out, i == 0 ? "\n    " : ",\n    ");
		put_table(out, &doc->tables[i]);
	}
	put(out, "\n  }");
	if (doc->footer != NULL) {
		put(out, ",\n  \"provenance\": ");
		put_doc(out, doc->footer);
	}
	put(out, "\n}");
}

void cf_doc_json(const struct cf_doc *doc, FILE *to)
{
	struct out out = {.to = to};

	put_doc(&out, doc);
	put(&out, "\n");
	pass_on(&out);
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
