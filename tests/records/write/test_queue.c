/* The ring and the ids. */

#include "records/write/queue.h"

#include "base/limits.h"
#include "records/form/pack.h"
#include "records/form/ulid.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS 200000
/* Taken at once. */
#define MOST 5

/* A record of 16 to 4,000 bytes whose every word says which one it is. */
static uint32_t size_of(uint32_t number)
{
	return 16 + number * 2654435761U % 500 * 8;
}

static void *produce(void *arg)
{
	struct cf_queue *queue = arg;

	for (uint32_t i = 0; i < RECORDS; i++) {
		uint32_t *room;

		while ((room = cf_queue_reserve(queue)) == NULL)
			sched_yield();
		room[0] = size_of(i);
		for (uint32_t word = 1; word < room[0] / 4; word++)
			room[word] = i;
		cf_queue_commit(queue, room[0]);
	}
	return NULL;
}

static void records_arrive_whole_and_in_order(void **state)
{
	struct cf_queue *queue;
	unsigned several = 0;
	pthread_t thread;
	const void *none;

	(void)state;
	assert_int_equal(cf_queue_new(1, &queue), CF_OK);
	assert_int_equal(pthread_create(&thread, NULL, produce, queue), 0);
	for (uint32_t i = 0, most = 1; i < RECORDS; most = most % MOST + 1) {
		const void *records[MOST];
		unsigned count;

		while ((count = cf_queue_peek(queue, records, most)) == 0)
			sched_yield();
		assert_in_range(count, 1, most);
		several += count > 1;
		for (unsigned k = 0; k < count; k++, i++) {
			const uint32_t *record = records[k];

			assert_int_equal(record[0], size_of(i));
			assert_int_equal(record[1], i);
			assert_int_equal(record[record[0] / 4 - 1], i);
		}
		cf_queue_pop(queue, count);
	}
	assert_true(several > 0);
	assert_int_equal(cf_queue_peek(queue, &none, 1), 0);
	pthread_join(thread, NULL);
	assert_int_equal(cf_queue_used_bytes(queue), 0);
	cf_queue_free(queue);
}

static void full_ring_refuses_until_room_is_given_back(void **state)
{
	struct cf_queue *queue;
	unsigned count = 0, taken = 0;
	const void *record;
	uint32_t *room;

	(void)state;
	assert_int_equal(cf_queue_new(1, &queue), CF_OK);
	while ((room = cf_queue_reserve(queue)) != NULL) {
		room[0] = 4096;
		cf_queue_commit(queue, 4096);
		count++;
	}
	assert_in_range(count, 4, 8);
	assert_true(cf_queue_used_bytes(queue) <= cf_queue_size_bytes(queue));
	for (; cf_queue_peek(queue, &record, 1) == 1; taken++)
		cf_queue_pop(queue, 1);
	assert_int_equal(taken, count);
	assert_non_null(cf_queue_reserve(queue));
	cf_queue_free(queue);
}

static void ids_rise_even_when_the_clock_does_not(void **state)
{
	static const uint8_t seed[10] = {
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	char before[CF_ULID_TEXT_BYTES] = "", text[CF_ULID_TEXT_BYTES];
	char first[CF_ULID_TEXT_BYTES];
	struct cf_ulid ulid;
	uint64_t by = 0;

	(void)state;
	cf_ulid_init(&ulid, seed); /* the low part runs over at once */
	for (int i = 0; i < 1000; i++) {
		int64_t wall_us = INT64_C(1727770443000000) + (i % 7 - 3) * INT64_C(5000000);

		assert_ptr_equal(cf_ulid_next(&ulid, wall_us, text), text);
		assert_int_equal(strlen(text), 26);
		assert_int_equal(strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
		assert_true(strcmp(before, text) < 0);
		strcpy(before, text);
		if (i == 0)
			strcpy(first, text);
		assert_true(cf_ulid_counts_on(first, text, &by));
		assert_int_equal(by, i);
		assert_true(i == 0 || !cf_ulid_counts_on(text, first, &by));
	}
}

static void ids_of_two_generators_are_told_apart_whatever_the_clock(void **state)
{
	static const uint8_t seeds[2][10] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {2, 2, 3, 4}};
	char one[CF_ULID_TEXT_BYTES], other[CF_ULID_TEXT_BYTES];
	struct cf_ulid ulid;
	uint64_t by;

	(void)state;
	cf_ulid_init(&ulid, seeds[0]);
	(void)cf_ulid_next(&ulid, INT64_C(1727770443000000), one);
	cf_ulid_init(&ulid, seeds[1]);
	(void)cf_ulid_next(&ulid, INT64_C(1727770443000000), other);
	assert_false(cf_ulid_counts_on(one, other, &by));
	assert_false(cf_ulid_counts_on(other, one, &by));
	assert_false(
	    cf_ulid_counts_on(one, "01J8YFQZ01o8CKZADZABWR7RBl", &by)); /* no such letters */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_arrive_whole_and_in_order),
	    cmocka_unit_test(full_ring_refuses_until_room_is_given_back),
	    cmocka_unit_test(ids_of_two_generators_are_told_apart_whatever_the_clock),
	    cmocka_unit_test(ids_rise_even_when_the_clock_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
