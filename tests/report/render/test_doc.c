/* One document, all ways to show it. */

#include "report/render/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct cf_doc_column columns[] = {
    {"state", "state", CF_DOC_STATE, false},
    {"host", "host", CF_DOC_TEXT, false},
    {"hits", "hits", CF_DOC_NUMBER, false},
    {"last", "last", CF_DOC_INSTANT, true},
    {"watched", "watched", CF_DOC_SPAN, true},
};

static struct cf_doc *a_doc(void)
{
	struct cf_doc *doc = cf_doc_new("test");
	const struct cf_doc_cell rows[][5] = {
	    {{.text = "dependent"}, {.text = "pc \"1\", <b>"}, {.number = 12},
	        {.number = 1727582400}, {.number = 1500}},
	    {{.text = "clean"}, {.text = "=cmd|' /C calc'!A0"}, {.number = 0}, {.number = 0},
	        {.number = 3000}},
	    {{.text = "unknown"}, {.text = "\033[31mred</script>"}, {.number = -1}, {.number = 60},
	        {.number = 59}},
	};
	static const char *const series[] = {"clean"};

	assert_non_null(doc);
	cf_doc_set_title(doc, "a <title> & more");
	cf_doc_fact_text(doc, "at", "as of", "now");
	cf_doc_fact_number(doc, "hosts", "hosts", 3);
	cf_doc_note(doc, "%d notes", 1);
	cf_doc_table(doc, "hosts", "Hosts", columns, 5);
	for (size_t i = 0; i < 3; i++)
		cf_doc_row(doc, rows[i]);
	int64_t *values = cf_doc_chart(doc, "states", "States", 20000, 2, series, 1, true);

	assert_non_null(values);
	values[1] = 7;
	assert_true(cf_doc_ok(doc));
	return doc;
}

enum way { PRINT, JSON, CSV, HTML };

__attribute__((noinline)) static char *shown(const struct cf_doc *doc, enum way way, unsigned width)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	if (way == PRINT)
		cf_doc_print(doc, to, false, width);
	else if (way == JSON)
		cf_doc_json(doc, to);
	else if (way == CSV)
		assert_true(cf_doc_csv(doc, NULL, to));
	else
		assert_int_equal(cf_doc_html(doc, to), CF_OK);
	fclose(to);
	return text;
}

static void csv_quotes_and_defuses(void **state)
{
	(void)state;
	struct cf_doc *doc = a_doc();
	char *text = shown(doc, CSV, 0);

	assert_string_equal(text,
	    "state,host,hits,last,watched\r\n"
	    "dependent,\"pc \"\"1\"\", <b>\",12,2024-09-29T04:00:00Z,1500\r\n"
	    "clean,\"'=cmd|' /C calc'!A0\",0,,3000\r\n"
	    "unknown,\\x1b[31mred</script>,-1,1970-01-01T00:01:00Z,59\r\n");
	free(text);
	assert_false(cf_doc_csv(doc, "nothing", stderr));
	cf_doc_free(doc);
}

static void json_escapes_and_says_null_for_never(void **state)
{
	(void)state;
	struct cf_doc *doc = a_doc();
	char *text = shown(doc, JSON, 0);

	assert_non_null(strstr(text, "\"host\": \"pc \\\"1\\\", <b>\""));
	assert_non_null(strstr(text, "\"host\": \"\\\\x1b[31mred</script>\""));
	assert_non_null(strstr(text, "\"last\": null"));
	assert_non_null(strstr(text, "\"last\": \"2024-09-29T04:00:00Z\""));
	assert_non_null(strstr(text, "\"hosts\": 3,"));
	free(text);
	cf_doc_free(doc);
}

static void a_page_holds_no_markup_of_strangers(void **state)
{
	(void)state;
	struct cf_doc *doc = a_doc();
	char *text = shown(doc, HTML, 0);
	const char *data = strstr(text, "id=\"data\">");

	assert_non_null(strstr(text, "default-src 'none'"));
	assert_null(strstr(text, "unsafe-inline"));
	assert_null(strstr(text, "unsafe-eval"));
	assert_non_null(strstr(text, "<title>a &lt;title&gt; &amp; more</title>"));
	assert_non_null(data);
	const char *end = strstr(data, "</script>");

	data += strlen("id=\"data\">");
	assert_null(memchr(data, '<', (size_t)(end - data)));
	assert_non_null(strstr(data, "\\u003cb\\u003e"));
	assert_true(strstr(data, "\"values\":[[0],[7]]") < end);
	free(text);
	cf_doc_free(doc);
}

static void a_narrow_terminal_loses_details_and_nothing_else(void **state)
{
	(void)state;
	struct cf_doc *doc = a_doc();
	char *wide = shown(doc, PRINT, 160), *narrow = shown(doc, PRINT, 44);

	assert_non_null(strstr(wide, "watched"));
	assert_non_null(strstr(wide, "2 d 2 h"));
	assert_non_null(strstr(wide, "2024-09-29 04:00"));
	assert_null(strstr(narrow, "watched"));
	assert_non_null(strstr(narrow, "hits"));
	assert_null(strchr(wide, '\033'));
	assert_null(strchr(narrow, '\033'));
	for (const char *line = narrow; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		assert_true(len <= 44);
		line += len + (line[len] == '\n');
	}
	free(wide);
	free(narrow);
	cf_doc_free(doc);
}

static void fill(void *arg, size_t row, struct cf_doc_cell *cells)
{
	const struct cf_doc_table *of = arg;

	memcpy(cells, &of->cells[row * of->column_count], of->column_count * sizeof *cells);
}

static bool is_known(void *arg, const struct cf_doc_table *table, const struct cf_doc_cell *cells)
{
	(void)table;
	return strcmp(cells[0].text, arg) != 0;
}

static void rows_made_when_shown_look_like_rows_added(void **state)
{
	(void)state;
	struct cf_doc *added = a_doc(), *made = cf_doc_new("test");

	cf_doc_table(made, "hosts", "Hosts", columns, 5);
	cf_doc_rows(made, 3, fill, &added->tables[0]);
	for (int left_out = 0; left_out < 2; left_out++) {
		char unknown[] = "unknown";

		char *expected = shown(added, CSV, 0), *text = shown(made, CSV, 0);

		assert_string_equal(text, expected);
		assert_int_equal(strstr(text, "unknown") == NULL, left_out);
		free(expected);
		free(text);
		text = shown(made, PRINT, 200);
		assert_int_equal(strstr(text, "unknown") == NULL, left_out);
		free(text);
		if (left_out > 0)
			break;
		cf_doc_keep(made, &made->tables[0], is_known, unknown);
		struct cf_doc_table whole = added->tables[0];

		cf_doc_keep(added, &added->tables[0], is_known, unknown);
		assert_int_equal(added->tables[0].row_count, whole.row_count - 1);
	}
	assert_true(cf_doc_ok(made));
	cf_doc_free(made);
	cf_doc_free(added);
}

/* A share is never rounded up to all, and what never was is never a date. */
static void shares_and_instants_are_shown_as_they_are(void **state)
{
	(void)state;
	static const struct cf_doc_column share[] = {{"share", "share", CF_DOC_SHARE, false}};
	struct cf_doc *doc = cf_doc_new("test");
	const struct cf_doc_cell rows[] = {{.number = 9995}, {.number = 10000}, {.number = 7}};

	cf_doc_fact_instant(doc, "seen", "last seen", 0);
	cf_doc_table(doc, "shares", "Shares", share, 1);
	for (size_t i = 0; i < 3; i++)
		cf_doc_row(doc, &rows[i]);
	char *json = shown(doc, JSON, 0), *text = shown(doc, PRINT, 80), *csv = shown(doc, CSV, 0);

	assert_non_null(strstr(json, "\"seen\": null"));
	assert_non_null(strstr(json, "{\"share\": 99.95}"));
	assert_non_null(strstr(text, "last seen: never"));
	assert_non_null(strstr(text, "99.95 %"));
	assert_non_null(strstr(text, "100 %"));
	assert_string_equal(csv, "share\r\n99.95\r\n100.00\r\n0.07\r\n");
	free(json);
	free(text);
	free(csv);
	cf_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csv_quotes_and_defuses),
	    cmocka_unit_test(json_escapes_and_says_null_for_never),
	    cmocka_unit_test(a_page_holds_no_markup_of_strangers),
	    cmocka_unit_test(a_narrow_terminal_loses_details_and_nothing_else),
	    cmocka_unit_test(rows_made_when_shown_look_like_rows_added),
	    cmocka_unit_test(shares_and_instants_are_shown_as_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
