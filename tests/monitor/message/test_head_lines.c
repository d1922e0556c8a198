/* Lines found many at a time are those that one byte after the other finds. */

#include "monitor/message/head_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 300

static size_t plain_blank(const uint8_t *data, size_t from, size_t len)
{
	for (size_t i = from; i < len; i++)
		if (data[i] == '\n' &&
		    ((i >= 1 && data[i - 1] == '\n') ||
		        (i >= 2 && data[i - 1] == '\r' && data[i - 2] == '\n')))
			return i + 1;
	return 0;
}

static size_t plain_next(const uint8_t *data, size_t at, size_t len)
{
	for (size_t i = at; i < len; i++)
		if ((i == at || data[i - 1] == '\n') &&
		    strchr("hucthUCTH \t\r\n", data[i]) != NULL && data[i] != '\0')
			return i;
	return len;
}

/* Bytes that make many, some and hardly any lines; each in memory that ends with it. */
static void both_ways_find_the_same(void **state)
{
	static const char alphabets[][24] = {
	    "\n\ra", "\na", "\r\n", "abc\n\r:", "Hhuct \t\r\nxyzabcdefg", "abcdefgijklmnop\n"};
	unsigned found = 0, lines = 0;

	(void)state;
	srandom(7);
	for (unsigned round = 0; round < 60000; round++) {
		const char *alphabet = alphabets[round % (sizeof alphabets / sizeof alphabets[0])];
		size_t letters = strlen(alphabet), len = (size_t)random() % MOST;
		size_t from = len == 0 ? 0 : (size_t)random() % (len + 1);
		uint8_t *data = malloc(len + 1), *exact;

		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)alphabet[(size_t)random() % letters];
		exact = malloc(len == 0 ? 1 : len);
		memcpy(exact, data, len);
		free(data);
		assert_int_equal(
		    cf_head_lines_blank(exact, from, len), plain_blank(exact, from, len));
		assert_int_equal(
		    cf_head_lines_next(exact, from, len), plain_next(exact, from, len));
		found += plain_blank(exact, from, len) > 0;
		lines += plain_next(exact, from, len) < len;
		free(exact);
	}
	assert_in_range(found, 10000, 59000);
	assert_in_range(lines, 10000, 59999);
}

static void every_place_of_an_end_is_found(void **state)
{
	uint8_t data[MOST];

	(void)state;
	for (size_t at = 0; at + 4 <= MOST; at++) {
		memset(data, 'a', sizeof data);
		memcpy(data + at, "\r\n\r\n", 4);
		for (size_t from = 0; from <= at + 3; from++)
			assert_int_equal(cf_head_lines_blank(data, from, MOST), at + 4);
		assert_int_equal(cf_head_lines_blank(data, at + 4, MOST), 0);
		assert_int_equal(cf_head_lines_blank(data, 0, at + 3), 0);
		assert_int_equal(cf_head_lines_next(data, 0, MOST), at == 0 ? 0 : at + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_ways_find_the_same),
	    cmocka_unit_test(every_place_of_an_end_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
