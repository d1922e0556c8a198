/* fleet/collect/group.h: nobody is told before the commit, and one at fault spoils nothing. */

#include "fleet/collect/group.h"

#include "gate_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 24
#define EACH    20

struct sender {
	struct cf_group *group;
	struct gate_memory *memory;
	unsigned number, taken, away, early;
};

/* Bundles of one writer, one behind the other; each is there when we are told so. */
static void *send_all(void *arg)
{
	struct sender *sender = arg;
	struct cf_bundle_name name = {.oldest = 1};
	char lines[] = "lines\n";

	(void)snprintf(name.writer.sensor, sizeof name.writer.sensor, "edge-%02u", sender->number);
	(void)strcpy(name.writer.source, "resolver");
	memset(name.prev, '0', sizeof name.prev - 1);
	for (unsigned i = 1; i <= EACH;) {
		const struct cf_checked bundle = {
		    .name = &name, .lines = lines, .len = sizeof lines - 1};
		struct cf_fleet_head head;
		struct cf_error error;

		name.from_seq = name.to_seq = i;
		(void)snprintf(name.sha256, sizeof name.sha256, "%064x", i);
		if (cf_group_put(sender->group, &bundle, &head, &error) != CF_OK) {
			sender->away++;
			continue;
		}
		pthread_mutex_lock(&sender->memory->lock);
		sender->early +=
		    gate_memory_find(sender->memory, name.writer.sensor, "resolver")->seq < i;
		pthread_mutex_unlock(&sender->memory->lock);
		sender->taken += head.why == CF_HEAD_TAKEN;
		memcpy(name.prev, name.sha256, sizeof name.prev);
		name.oldest = 1;
		i++;
	}
	return NULL;
}

static void run(struct gate_memory *memory, unsigned *away_out)
{
	const struct cf_gate gate = gate_memory_gate(memory);
	struct sender senders[THREADS];
	pthread_t threads[THREADS];
	struct cf_group *group;

	assert_int_equal(cf_group_new(&gate, &group), CF_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		senders[i] = (struct sender){.group = group, .memory = memory, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	*away_out = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(senders[i].taken, EACH);
		assert_int_equal(senders[i].early, 0);
		*away_out += senders[i].away;
	}
	cf_group_free(group);
}

static void all_that_waits_goes_together(void **state)
{
	static struct gate_memory memory;
	unsigned away;

	(void)state;
	gate_memory_init(&memory);
	memory.delay_ms = 3;
	run(&memory, &away);
	assert_int_equal(away, 0);
	assert_int_equal(memory.taken, THREADS * EACH);
	assert_true(memory.largest > 1 && memory.commits < THREADS * EACH);
	gate_memory_done(&memory);
}

static void what_fails_together_is_tried_alone(void **state)
{
	static struct gate_memory memory;
	unsigned away;

	(void)state;
	gate_memory_init(&memory);
	memory.refuses_groups = true;
	run(&memory, &away);
	assert_int_equal(away, 0);
	assert_int_equal(memory.commits, THREADS * EACH);
	gate_memory_done(&memory);
}

static void a_failed_commit_tells_nobody(void **state)
{
	static struct gate_memory memory;
	const struct cf_gate gate = gate_memory_gate(&memory);
	struct cf_bundle_name name = {
	    .writer = {"a", "b"}, .from_seq = 1, .to_seq = 1, .oldest = 1};
	char lines[] = "lines\n";
	const struct cf_checked bundle = {.name = &name, .lines = lines, .len = sizeof lines - 1};
	struct cf_group *group;
	struct cf_fleet_head head;
	struct cf_error error;

	(void)state;
	gate_memory_init(&memory);
	assert_int_equal(cf_group_new(&gate, &group), CF_OK);
	memory.fails_commit = true;
	assert_int_equal(cf_group_put(group, &bundle, &head, &error), CF_EAGAIN);
	assert_string_equal(error.text, "the disk is full");
	assert_int_equal(cf_group_head(group, &name.writer, &head, &error), CF_OK);
	assert_int_equal(head.seq, 0);
	assert_int_equal(cf_group_put(group, &bundle, &head, &error), CF_OK);
	assert_int_equal(head.why, CF_HEAD_TAKEN);
	memory.is_away = true;
	assert_int_equal(cf_group_health(group, &error), CF_EAGAIN);
	assert_int_equal(cf_group_head(group, &name.writer, &head, &error), CF_EAGAIN);
	memory.is_away = false;
	assert_int_equal(cf_group_health(group, &error), CF_OK);
	cf_group_free(group);
	gate_memory_done(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_that_waits_goes_together),
	    cmocka_unit_test(what_fails_together_is_tried_alone),
	    cmocka_unit_test(a_failed_commit_tells_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
