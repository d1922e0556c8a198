/* Facts for tests, and a ledger in a folder of its own. */
#pragma once

#include "ledger/ingest/batch.h"
#include "ledger/model/model.h"

/* 2026-01-05T00:00:00Z, a Monday. */
#define T0_S   INT64_C(1767571200)
#define MINUTE INT64_C(60)
#define HOUR   INT64_C(3600)
#define DAY    INT64_C(86400)

struct box {
	char dir[64];
	char path[96];
	struct cf_ledger *ledger;
	struct cf_batch *batch;
};

/* Opens a new ledger in a new folder; box_close() removes both. */
void box_open(struct box *box);
void box_close(struct box *box);
void box_commit(struct box *box);
struct cf_model *box_model(struct box *box, int64_t at_s);

struct cf_text text_of(const char *text);
/* A blocked query for updates by addr, seen by the resolver of the sensor. */
struct cf_fact a_query(const char *sensor, const char *addr, int64_t at_s);
/* The monitor of the sensor saw addr with this MAC and name. */
struct cf_fact an_identity(const char *sensor, const char *addr, const char *mac, const char *name,
    int64_t from_s, int64_t to_s);
/* A heartbeat of that source. */
struct cf_fact a_beat(
    const char *sensor, const char *source, int64_t started_s, int64_t at_s, uint64_t lost);

void box_add(struct box *box, const struct cf_fact *fact);
/* A heartbeat each minute of [from, to). */
void box_watch(
    struct box *box, const char *sensor, const char *source, int64_t from_s, int64_t to_s);
/* An identity each hour of [from, to). */
void box_alive(struct box *box, const char *sensor, const char *addr, const char *mac,
    const char *name, int64_t from_s, int64_t to_s);

/* The content as one text; free it. */
char *box_dump(struct box *box);
