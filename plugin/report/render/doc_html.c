/*
 * A document as one page. The content security policy allows nothing but the two scripts and two
 * style sheets whose hashes it names: no connection, no image, no frame, no inline handler. Data is
 * JSON in an element that no browser runs, and page.js puts it on the page as text only.
 */

#include "base/instant.h"
#include "base/sha256.h"
#include "report/render/doc.h"
#include "report/render/doc_pack.h"
#include "report/render/page.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_BYTES 8192

/* Text between tags. */
static void put_markup(FILE *to, const char *text)
{
	char safe[TEXT_BYTES];

	cf_safe_text(text, strlen(text), safe, sizeof safe);
	for (const char *at = safe; *at != '\0'; at++) {
		if (*at == '<')
			fputs("&lt;", to);
		else if (*at == '>')
			fputs("&gt;", to);
		else if (*at == '&')
			fputs("&amp;", to);
		else
			fputc(*at, to);
	}
}

static void put_strings(FILE *to, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? "," : "", to);
		cf_doc_put_text(to, texts[i]);
	}
}

static const char *type_word(enum cf_doc_type type)
{
	static const char *const words[] = {
	    "text", "number", "instant", "day", "state", "span", "bytes", "share"};

	return words[type];
}

static enum cf_status put_table(FILE *to, const struct cf_doc_table *table)
{
	fputs("{\"id\":", to);
	cf_doc_put_text(to, table->id);
	fputs(",\"title\":", to);
	cf_doc_put_text(to, table->title);
	fputs(",\"note\":", to);
	cf_doc_put_text(to, table->note);
	fputs(",\"columns\":[", to);
	for (size_t i = 0; i < table->column_count; i++)
		fprintf(to, "%s[\"%s\",\"%s\",\"%s\",%d]", i > 0 ? "," : "", table->columns[i].key,
		    table->columns[i].title, type_word(table->columns[i].type),
		    table->columns[i].is_detail);
	fputs("],", to);
	enum cf_status status = cf_doc_pack(table, to);

	fputc('}', to);
	return status;
}

static void put_chart(FILE *to, const struct cf_doc_chart *chart)
{
	fputs("{\"id\":", to);
	cf_doc_put_text(to, chart->id);
	fputs(",\"title\":", to);
	cf_doc_put_text(to, chart->title);
	fprintf(to, ",\"first\":%u,\"stacked\":%s,\"series\":[", chart->first_day,
	    chart->is_stacked ? "true" : "false");
	put_strings(to, chart->series, chart->series_count);
	fputs("],\"values\":[", to);
	for (size_t day = 0; day < chart->day_count; day++) {
		fputs(day > 0 ? ",[" : "[", to);
		for (size_t i = 0; i < chart->series_count; i++)
			fprintf(to, "%s%" PRId64, i > 0 ? "," : "",
			    chart->values[day * chart->series_count + i]);
		fputc(']', to);
	}
	fputs("]}", to);
}

static void put_fact(FILE *to, const struct cf_doc_fact *fact)
{
	char shown[CF_INSTANT_TEXT_BYTES];

	fprintf(to, "[\"%s\",\"%s\",", fact->key, fact->title);
	if (fact->type == CF_DOC_NUMBER)
		fprintf(to, "%" PRId64, fact->cell.number);
	else if (fact->type == CF_DOC_TEXT)
		cf_doc_put_text(to, fact->cell.text);
	else
		cf_doc_put_text(to,
		    fact->cell.number == 0 ? "never" : cf_instant_format(fact->cell.number, shown));
	fputc(']', to);
}

/* Lines of [key, title, text], as facts are. */
static void put_footer(FILE *to, const struct cf_doc *footer)
{
	const char *between = "";
	char line[1024];

	for (size_t i = 0; i < footer->fact_count; i++) {
		fputs(i > 0 ? "," : "", to);
		put_fact(to, &footer->facts[i]);
		between = ",";
	}
	for (size_t t = 0; t < footer->table_count; t++)
		for (size_t i = 0; i < footer->tables[t].row_count; i++) {
			if (i == CF_DOC_FOOTER_ROWS) {
				fprintf(to, ",[\"%s\",\"%s\",\"and %zu more; --json has them\"]",
				    footer->tables[t].id, footer->tables[t].title,
				    footer->tables[t].row_count - i);
				break;
			}
			fprintf(to, "%s[\"%s\",\"%s\",", between, footer->tables[t].id,
			    footer->tables[t].title);
			cf_doc_put_text(to, cf_doc_line(&footer->tables[t], i, line, sizeof line));
			fputc(']', to);
			between = ",";
		}
	for (size_t i = 0; i < footer->note_count; i++) {
		fprintf(to, "%s[\"note\",\"note\",", between);
		cf_doc_put_text(to, footer->notes[i]);
		fputc(']', to);
		between = ",";
	}
}

static enum cf_status put_data(FILE *to, const struct cf_doc *doc)
{
	fputs("{\"kind\":", to);
	cf_doc_put_text(to, doc->kind);
	fputs(",\"version\":\"" CF_VERSION "\",\"title\":", to);
	cf_doc_put_text(to, doc->title);
	fputs(",\"facts\":[", to);
	for (size_t i = 0; i < doc->fact_count; i++) {
		fputs(i > 0 ? "," : "", to);
		put_fact(to, &doc->facts[i]);
	}
	fputs("],\"notes\":[", to);
	put_strings(to, (const char *const *)doc->notes, doc->note_count);
	fputs("],\"charts\":[", to);
	for (size_t i = 0; i < doc->chart_count; i++) {
		fputs(i > 0 ? "," : "", to);
		put_chart(to, &doc->charts[i]);
	}
	fputs("],\"tables\":[", to);
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < doc->table_count && status == CF_OK; i++) {
		fputs(i > 0 ? "," : "", to);
		status = put_table(to, &doc->tables[i]);
	}
	fputs("],\"footer\":[", to);
	if (doc->footer != NULL)
		put_footer(to, doc->footer);
	fputs("]}", to);
	return status;
}

/* " 'sha256-BASE64'" of a part, nothing for an empty one. */
static enum cf_status put_hash(FILE *to, const char *part, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t digest[CF_SHA256_BYTES + 1] = {0}; /* one zero more: 33 bytes are 44 digits */

	if (len == 0)
		return CF_OK;
	if (cf_sha256(part, len, digest) != CF_OK)
		return CF_ENOMEM;
	fputs(" 'sha256-", to);
	for (unsigned i = 0; i < 33; i += 3) {
		unsigned word =
		    (unsigned)digest[i] << 16 | (unsigned)digest[i + 1] << 8 | digest[i + 2];

		fputc(digits[word >> 18], to);
		fputc(digits[word >> 12 & 63], to);
		fputc(digits[word >> 6 & 63], to);
		fputc(i == 30 ? '=' : digits[word & 63], to);
	}
	fputc('\'', to);
	return CF_OK;
}

static void put_part(FILE *to, const char *before, const char *part, size_t len, const char *after)
{
	if (len == 0)
		return;
	fputs(before, to);
	fwrite(part, 1, len, to);
	fputs(after, to);
}

enum cf_status cf_doc_html(const struct cf_doc *doc, FILE *to)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri "
	      "'none';"
	      " form-action 'none'; img-src data:; script-src",
	    to);
	if (put_hash(to, cf_page_uplot_script, cf_page_uplot_script_bytes) != CF_OK ||
	    put_hash(to, cf_page_script, cf_page_script_bytes) != CF_OK)
		return CF_ENOMEM;
	fputs("; style-src", to);
	if (put_hash(to, cf_page_uplot_style, cf_page_uplot_style_bytes) != CF_OK ||
	    put_hash(to, cf_page_style, cf_page_style_bytes) != CF_OK)
		return CF_ENOMEM;
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>",
	    to);
	put_markup(to, doc->title);
	fputs("</title>\n", to);
	put_part(to, "<style>", cf_page_uplot_style, cf_page_uplot_style_bytes, "</style>\n");
	put_part(to, "<style>", cf_page_style, cf_page_style_bytes, "</style>\n");
	fputs("</head>\n<body>\n<main></main>\n"
	      "<noscript>This page needs JavaScript to show its tables; `curfew report --csv` and "
	      "--json"
	      " give the same without.</noscript>\n<script type=\"application/json\" id=\"data\">",
	    to);
	if (put_data(to, doc) != CF_OK)
		return CF_ENOMEM;
	fputs("</script>\n", to);
	put_part(to, "<script>", cf_page_uplot_script, cf_page_uplot_script_bytes, "</script>\n");
	put_part(to, "<script>", cf_page_script, cf_page_script_bytes, "</script>\n");
	fputs("</body>\n</html>\n", to);
	return CF_OK;
}
