/* Packed tables come back as they were, whatever is in them. */

#include "report/render/doc_pack.h"
#include "report/render/safe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 5000

static const struct cf_doc_column columns[] = {
    {"same", "same", CF_DOC_TEXT, false},
    {"few", "few", CF_DOC_STATE, false},
    {"many", "many", CF_DOC_TEXT, false},
    {"steps", "steps", CF_DOC_INSTANT, false},
    {"large", "large", CF_DOC_NUMBER, false},
    {"zero", "zero", CF_DOC_NUMBER, false},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const char *const few[] = {"clean", "unknown", "a <b> & \"c\"", ""};

/* A text of its own for nearly each row, some with what must be escaped or is no ASCII. */
static void many_of(size_t row, char *text, size_t size)
{
	static const char *const ends[] = {
	    "", "\"", "\\", "</script>", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x98\x80z", "\033[31m"};

	snprintf(text, size, "pc-%05zu%s", row / 2 * 2, ends[row % 7]);
}

static int64_t steps_of(size_t row)
{
	return row % 11 < 6 ? INT64_C(1767571200) : INT64_C(1767571200) - (int64_t)(row * row);
}

static struct cf_doc *a_doc(size_t rows)
{
	struct cf_doc *doc = cf_doc_new("test");
	char text[64];

	cf_doc_table(doc, "rows", "Rows", columns, COLUMNS);
	for (size_t i = 0; i < rows; i++) {
		many_of(i, text, sizeof text);
		const struct cf_doc_cell cells[COLUMNS] = {{.text = "one"},
		    {.text = few[i / 100 % 4]}, {.text = text}, {.number = steps_of(i)},
		    {.number = i % 2 == 0 ? INT64_MAX : INT64_MIN}, {.number = 0}};

		cf_doc_row(doc, cells);
	}
	assert_true(cf_doc_ok(doc));
	return doc;
}

static char *packed(const struct cf_doc *doc)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	assert_int_equal(cf_doc_pack(&doc->tables[0], to), CF_OK);
	fclose(to);
	return text;
}

/* Behind what stands at *at, which must be just that. */
static void expect(const char **at, const char *text)
{
	assert_memory_equal(*at, text, strlen(text));
	*at += strlen(text);
}

/* One unit of a string of JSON as it was. */
static char unit(const char **at)
{
	static const char hex[] = "0123456789abcdef";
	char c = *(*at)++;

	if (c != '\\')
		return c;
	c = *(*at)++;
	if (c != 'u')
		return c;
	const char *high = strchr(hex, (*at)[2]), *low = strchr(hex, (*at)[3]);

	assert_non_null(high);
	assert_non_null(low);
	*at += 4;
	return (char)((high - hex) * 16 + (low - hex));
}

static uint64_t number(const char **at)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t value = 0, digit;
	unsigned shift = 0;

	do {
		const char *found = strchr(digits, unit(at));

		assert_non_null(found);
		digit = (uint64_t)(found - digits);
		value |= (digit & 31) << shift;
		shift += 5;
	} while (digit > 31);
	return value;
}

/* So many code units of UTF-16 onto the end of text. */
static void take(const char **at, uint64_t units, char *text)
{
	char *to = text + strlen(text);

	while (units > 0) {
		unsigned char c = (unsigned char)unit(at);

		*to++ = (char)c;
		units -= c >= 0xf0 ? 2 : 1;
		for (unsigned more = c >= 0xf0 ? 3
		         : c >= 0xe0           ? 2
		         : c >= 0xc0           ? 1
		                               : 0;
		     more > 0; more--)
			*to++ = unit(at);
	}
	*to = '\0';
}

static void expect_texts(const char **at)
{
	char last[256] = "", wanted[64], safe[256];

	expect(at, "{\"texts\":\"");
	for (size_t i = 0; i < ROWS; i++) {
		last[number(at)] = '\0';
		uint64_t units = number(at);

		take(at, units, last);
		many_of(i, wanted, sizeof wanted);
		cf_safe_text(wanted, strlen(wanted), safe, sizeof safe);
		assert_string_equal(last, safe);
	}
	expect(at, "\"}");
}

static void expect_steps(const char **at)
{
	int64_t last = 0;

	expect(at, "{\"deltas\":\"");
	for (size_t i = 0; i < ROWS;) {
		uint64_t step = number(at), run = step == 0 ? number(at) : 1;

		last += step % 2 == 0 ? (int64_t)(step / 2) : -(int64_t)(step / 2);
		for (; run > 0; run--)
			assert_int_equal(last, steps_of(i++));
	}
	expect(at, "\"}");
}

static void every_column_comes_back(void **state)
{
	(void)state;
	struct cf_doc *doc = a_doc(ROWS);
	char *text = packed(doc);
	const char *at = text;

	assert_null(strchr(text, '<'));
	expect(&at,
	    "\"count\":5000,\"packed\":[\n\"one\",\n"
	    "{\"words\":[\"clean\",\"unknown\",\"a \\u003cb\\u003e \\u0026 \\\"c\\\"\",\"\"],"
	    "\"runs\":\"");
	for (size_t i = 0; i < ROWS / 100; i++) {
		assert_int_equal(number(&at), i % 4);
		assert_int_equal(number(&at), 100);
	}
	expect(&at, "\"},\n");
	expect_texts(&at);
	expect(&at, ",\n");
	expect_steps(&at);
	expect(&at, ",\n[9223372036854775807,-9223372036854775808,");
	at = strchr(at, ']');
	assert_non_null(at);
	expect(&at, "],\n0]");
	free(text);
	cf_doc_free(doc);
}

static void no_row_and_one_are_tables_too(void **state)
{
	(void)state;
	struct cf_doc *none = a_doc(0), *one = a_doc(1);
	char *text = packed(none);

	assert_string_equal(text, "\"count\":0,\"packed\":[\n\"\",\n\"\",\n\"\",\n0,\n0,\n0]");
	free(text);
	text = packed(one);
	assert_string_equal(text,
	    "\"count\":1,\"packed\":[\n\"one\",\n\"clean\",\n\"pc-00000\",\n1767571200,\n"
	    "9223372036854775807,\n0]");
	free(text);
	cf_doc_free(none);
	cf_doc_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_column_comes_back),
	    cmocka_unit_test(no_row_and_one_are_tables_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
