/*
 * Hits in other people's schemas: Elastic Common Schema 8.11 and OCSF 1.4 (DNS Activity 4003,
 * Network Activity 4001). docs/FORMATS.md has the mapping field by field. Pure; any thread.
 */
#pragma once

#include "records/form/parse.h"

#include <stddef.h>

/* Longest converted line: every text of a record, several of them twice. */
#define CF_CONVERT_BYTES 16384

/*
 * Writes one line with newline into line[0..size) and returns its length; 0 when the record is no
 * hit or size is too small (never with CF_CONVERT_BYTES).
 */
size_t cf_convert_ecs(const struct cf_record *record, char *line, size_t size);
size_t cf_convert_ocsf(const struct cf_record *record, char *line, size_t size);
