/* Lists of intervals against the plain way: an hour of minutes, each marked or not. */

#include "ledger/minutes/minute_spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTES 60
#define ROUNDS  2000

/* Numerical Recipes' generator: the same lists on each run. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 16) % below;
}

/* Up to eight intervals in any order, also in marks. */
static void make(uint32_t *seed, struct cf_minute_spans *spans, bool marks[MINUTES])
{
	memset(marks, 0, MINUTES);
	for (uint32_t i = draw(seed, 9); i > 0; i--) {
		uint32_t from = draw(seed, MINUTES), to = from + 1 + draw(seed, MINUTES - from);

		assert_int_equal(cf_minute_spans_add(spans, from, to, "because"), CF_OK);
		for (uint32_t minute = from; minute < to; minute++)
			marks[minute] = true;
	}
}

/* In order, apart from each other, and of the marked minutes alone. */
static void assert_spans(const struct cf_minute_spans *spans, const bool marks[MINUTES])
{
	bool got[MINUTES] = {false};

	for (size_t i = 0; i < spans->count; i++) {
		const struct cf_span *span = &spans->items[i];

		assert_true(span->from_minute < span->to_minute && span->to_minute <= MINUTES);
		if (i > 0)
			assert_true(span->from_minute > spans->items[i - 1].to_minute);
		for (uint32_t minute = span->from_minute; minute < span->to_minute; minute++)
			got[minute] = true;
	}
	assert_memory_equal(got, marks, MINUTES);
}

static void joined_lists_hold_the_same_minutes(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct cf_minute_spans spans = {0};
		bool marks[MINUTES];

		make(&seed, &spans, marks);
		cf_minute_spans_join(&spans);
		assert_spans(&spans, marks);
		free(spans.items);
	}
}

static void what_is_subtracted_is_gone_and_nothing_else(void **state)
{
	uint32_t seed = 2;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct cf_minute_spans spans = {0}, others = {0};
		bool marks[MINUTES], taken[MINUTES];

		make(&seed, &spans, marks);
		make(&seed, &others, taken);
		cf_minute_spans_join(&spans);
		cf_minute_spans_join(&others);
		assert_int_equal(cf_minute_spans_subtract(&spans, &others), CF_OK);
		for (unsigned minute = 0; minute < MINUTES; minute++)
			marks[minute] = marks[minute] && !taken[minute];
		assert_spans(&spans, marks);
		free(spans.items);
		free(others.items);
	}
}

static void the_last_one_before_a_minute_is_found(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct cf_minute_spans spans = {0};
		bool marks[MINUTES];

		make(&seed, &spans, marks);
		cf_minute_spans_join(&spans);
		for (uint32_t minute = 0; minute <= MINUTES; minute++) {
			ptrdiff_t expected = -1;

			for (size_t j = 0; j < spans.count; j++)
				if (spans.items[j].from_minute < minute)
					expected = (ptrdiff_t)j;
			assert_true(cf_minute_spans_before(&spans, minute) == expected);
		}
		free(spans.items);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(joined_lists_hold_the_same_minutes),
	    cmocka_unit_test(what_is_subtracted_is_gone_and_nothing_else),
	    cmocka_unit_test(the_last_one_before_a_minute_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
