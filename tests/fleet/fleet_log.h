/* Logs for tests of the fleet, as the product's writer writes them; its clock is the test's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* 2026-01-05T00:00:00Z. */
#define FLEET_LOG_START_S INT64_C(1767571200)

/*
 * One run of a writer: a hit each ten seconds for so many minutes from START on plus from_minute,
 * a seal each minute and one at the end. blocks: the hits were blocked; else they were flagged.
 */
void fleet_log_write(const char *path, const char *sensor, const char *source, unsigned from_minute,
    unsigned minutes, bool blocks);
