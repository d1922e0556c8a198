/*
 * When somebody watched: intervals of minutes per sensor, worked out from heartbeats, and unions of
 * them over sets of sensors. "Nothing was seen" means something only inside these.
 *
 * A sensor watched from its start, or from a heartbeat, to the next heartbeat of the same run when
 * that came in time, and nothing was lost in between, and the log's chain over it holds. Minutes
 * are counted since 1970. Read-only once built, but for caches: one thread.
 */
#pragma once

#include "base/status.h"
#include "ledger/minutes/minute_spans.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_coverage;

/* Sensors are numbered 0 .. count - 1. CF_ENOMEM. */
enum cf_status cf_coverage_new(
    uint32_t sensor_count, struct cf_coverage **coverage_out) CF_MUST_CHECK;
void cf_coverage_free(struct cf_coverage *coverage);

/* A heartbeat; lost is the total since started. Calls come in order of minute for each (sensor,
 * run). */
enum cf_status cf_coverage_beat(struct cf_coverage *coverage, uint32_t sensor, int64_t started_us,
    uint32_t minute, uint64_t lost) CF_MUST_CHECK;

/* Minutes that must not be believed, whatever heartbeats say. reason must outlive the coverage. */
enum cf_status cf_coverage_doubt(struct cf_coverage *coverage, uint32_t sensor,
    uint32_t from_minute, uint32_t to_minute, const char *reason) CF_MUST_CHECK;

/* Ends building. */
enum cf_status cf_coverage_finish(struct cf_coverage *coverage) CF_MUST_CHECK;

/* The intervals in which the sensor watched, in order; and those between its first and last in
 * which it did not. The arrays belong to the coverage. */
size_t cf_coverage_spans(
    const struct cf_coverage *coverage, uint32_t sensor, const struct cf_span **spans_out);
size_t cf_coverage_gaps(
    const struct cf_coverage *coverage, uint32_t sensor, const struct cf_span **gaps_out);

/* Sets of sensors, numbered; 0 is the empty set. UINT32_MAX without memory. */
uint32_t cf_coverage_set_add(struct cf_coverage *coverage, uint32_t set, uint32_t sensor);
uint32_t cf_coverage_set_union(struct cf_coverage *coverage, uint32_t a, uint32_t b);
bool cf_coverage_set_has(const struct cf_coverage *coverage, uint32_t set, uint32_t sensor);

/* When some sensor of the set watched, in order; the array belongs to the coverage. */
size_t cf_coverage_set_spans(
    struct cf_coverage *coverage, uint32_t set, const struct cf_span **spans_out);

/*
 * True when some sensor of the set watched in every stretch of more than tolerance_minutes of
 * [from, to). False for the empty set.
 */
bool cf_coverage_holds(struct cf_coverage *coverage, uint32_t set, uint32_t from_minute,
    uint32_t to_minute, uint32_t tolerance_minutes);

/*
 * The earliest minute from which cf_coverage_holds() is true up to to_minute; to_minute if none.
 * Logs arrive late: what is known may end lag_minutes before to_minute.
 */
uint32_t cf_coverage_since(struct cf_coverage *coverage, uint32_t set, uint32_t to_minute,
    uint32_t tolerance_minutes, uint32_t lag_minutes);
