/* A store in memory for tests of the fleet: heads and lines of writers, in transactions. */
#pragma once

#include "fleet/collect/gate.h"

#include <pthread.h>
#include <stdbool.h>

#define GATE_WRITERS 64

struct gate_writer {
	struct cf_bundle_writer name;
	uint64_t seq;
	char sha256[CF_SHA256_TEXT_BYTES];
	char *lines; /* all that was taken */
	size_t len;
	unsigned lost; /* times that seals were lost before shipping */
};

struct gate_memory {
	pthread_mutex_t lock; /* the test looks while the committer works */
	struct gate_writer writers[GATE_WRITERS], was[GATE_WRITERS];
	size_t count, count_was;
	unsigned commits, forks, holes, known, taken;
	bool is_away;        /* no store: open() fails */
	bool fails_commit;   /* the next commit fails, and is rolled back */
	bool refuses_groups; /* a transaction of more than one bundle fails */
	unsigned delay_ms;   /* of a commit */
	unsigned largest;    /* bundles of one transaction */
	char **kept;         /* lines of all times: a rollback may go back to any */
	size_t kept_count;
};

void gate_memory_init(struct gate_memory *memory);
void gate_memory_done(struct gate_memory *memory);
struct cf_gate gate_memory_gate(struct gate_memory *memory);
/* NULL: nothing of it. */
struct gate_writer *gate_memory_find(
    struct gate_memory *memory, const char *sensor, const char *source);
