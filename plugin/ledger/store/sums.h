/*
 * Sums of one table in memory: what a transaction of ingest adds to roll-ups, sightings or
 * heartbeats, and how it goes into their rows. A sum whose subject or whose day is new to the file
 * has no row there: all of those go in with one statement; the others are
 * joined to the rows that are there, one by one. One thread.
 */
#pragma once

#include "base/map.h"
#include "ledger/minutes/held.h"
#include "ledger/minutes/minutes.h"
#include "ledger/store/ledger.h"
#include "ledger/store/names.h"
#include "ledger/store/rows.h"
#include "records/form/record.h"

enum cf_sum_table { CF_SUM_ROLLUP, CF_SUM_SIGHTING, CF_SUM_BEAT, CF_SUM_TABLES };

/* No padding: the bytes are the key. subject: the handle of an endpoint or claim
 * (ledger/store/names.h; its number once it is written), or an interface; the rest where it
 * applies. */
struct cf_sum_key {
	uint32_t day, sensor, subject, kind;
	int64_t started_us;
};

/* For beats: n is what was seen, bytes_in what was lost. */
struct cf_sum {
	struct cf_sum_key key;
	uint64_t n;
	int64_t first_us, last_us;
	uint64_t bytes_out, bytes_in;
	size_t sample_at; /* in the texts of its table */
	uint32_t sample_len;
	struct cf_minutes minutes;
	struct cf_held held; /* of sightings */
	uint32_t next;       /* of the same subject, by index; CF_SUM_NONE ends the chain */
	bool is_fresh;       /* no such row is in the file: its subject or its day is new there */
};
#define CF_SUM_NONE UINT32_MAX

/* What is not said to be read is not to be looked at from elsewhere. */
struct cf_sums {
	struct cf_ledger *ledger;
	enum cf_sum_table table;
	struct cf_map *map; /* of subjects with many */
	uint32_t *first;    /* by subject: where its chain begins */
	uint32_t first_count;
	size_t first_size;
	struct cf_sum *items;
	uint32_t count; /* to be read */
	size_t size;
	char *texts; /* samples, to be read */
	size_t texts_len, texts_size;
	const struct cf_text *ifaces; /* names of subjects, of beats; set by the owner */
	uint8_t *blob; /* of the sum being written: its minutes, behind them its intervals */
	void *of;      /* the engine's */
};

/* Zeroed storage becomes the sums of a table, which end with cf_sums_done() also when this fails:
 * CF_ENOMEM, CF_EIO. */
enum cf_status cf_sums_init(struct cf_sums *sums, struct cf_ledger *ledger, enum cf_sum_table table,
    struct cf_error *error) CF_MUST_CHECK;
void cf_sums_done(struct cf_sums *sums);

/* Empties them; the memory stays. */
void cf_sums_clear(struct cf_sums *sums);

/* The sum with this key, a new one zero but for its key, until the next is asked for. NULL without
 * memory. */
struct cf_sum *cf_sums_of(struct cf_sums *sums, const struct cf_sum_key *key);

/* Makes value the sample of the sum. CF_ENOMEM. */
enum cf_status cf_sums_keep_sample(
    struct cf_sums *sums, struct cf_sum *sum, struct cf_text value) CF_MUST_CHECK;

/* ---- sums_write.c: in this order, within a transaction */

/* Which sums can have no row yet; while new names still wait for theirs. */
void cf_sums_mark_fresh(struct cf_sums *sums, const struct cf_names *names);
/* Handles of subjects become numbers of their rows: nothing can be added any more. */
void cf_sums_number_subjects(struct cf_sums *sums, const struct cf_names *names);
/*
 * Adds the row that is there already to *sum: minutes and then n, first_us, last_us, bytes_out,
 * bytes_in, sample of a roll-up; held, first_minute, last_minute of a sighting; seen, lost of a
 * beat. *sample, which is the sum's, may come to point into the row. CF_EMALFORMED, CF_ENOMEM.
 */
enum cf_status cf_sums_merge(enum cf_sum_table table, const struct cf_row *row, struct cf_sum *sum,
    const char **sample) CF_MUST_CHECK;
/* CF_EIO, CF_ENOMEM; CF_EMALFORMED: a row that a sum belongs to is damaged. */
enum cf_status cf_sums_write(struct cf_sums *sums, struct cf_error *error) CF_MUST_CHECK;
