/* Ranges filled in any order, against a byte-by-byte model. */

#include "monitor/packet/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 300 };

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static void same_as_a_model_that_marks_each_byte(void **state)
{
	uint64_t random = 42;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		uint8_t buffer[SIZE] = {0}, model[SIZE] = {0}, data[SIZE];
		struct cf_spans spans = {.count = 0};

		for (unsigned i = 0; i < 60; i++) {
			size_t from = next_random(&random) % SIZE;
			size_t len = next_random(&random) % (i % 2 == 0 ? 5 : 40);

			if (len > SIZE - from)
				len = SIZE - from;
			memset(data, (int)(i + 1), len);
			assert_true(cf_spans_fill(&spans, buffer, from, data, len));
			for (size_t at = from; at < from + len; at++)
				if (model[at] == 0)
					model[at] = (uint8_t)(i + 1);
			assert_memory_equal(buffer, model, SIZE);
		}
		for (size_t at = 0; at < SIZE; at++) {
			const struct cf_byte_span *span = cf_spans_find(&spans, at);

			assert_int_equal(span != NULL, model[at] != 0);
			if (span != NULL)
				assert_true(span->from <= at && at < span->to);
		}
		for (unsigned i = 1; i < spans.count; i++)
			assert_true(spans.at[i - 1].to < spans.at[i].from);
	}
}

static void too_many_ranges_are_refused_and_nothing_changes(void **state)
{
	static uint8_t buffer[4 * CF_SPANS];
	struct cf_spans spans = {.count = 0};

	(void)state;
	for (unsigned i = 0; i < CF_SPANS; i++)
		assert_true(cf_spans_fill(&spans, buffer, i * 2, (const uint8_t *)"x", 1));
	assert_false(cf_spans_fill(&spans, buffer, 3 * CF_SPANS, (const uint8_t *)"x", 1));
	assert_int_equal(spans.count, CF_SPANS);
	assert_int_equal(buffer[3 * CF_SPANS], 0);
	assert_true(cf_spans_fill(&spans, buffer, 1, (const uint8_t *)"y", 1));
	assert_int_equal(spans.count, CF_SPANS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_as_a_model_that_marks_each_byte),
	    cmocka_unit_test(too_many_ranges_are_refused_and_nothing_changes),
	};

	return cmocka_run_group_tests_name("spans", tests, NULL, NULL);
}
