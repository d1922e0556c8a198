/*
 * Instants: RFC 3339 text <-> seconds or microseconds since 1970-01-01T00:00:00Z, leap seconds not
 * counted (POSIX time). Wall-clock only. Pure functions; any thread; independent of TZ and locale.
 */
#pragma once

#include "base/status.h"

#include <stdint.h>

/* "2024-09-29T04:00:00.123456Z" and terminator. */
#define CF_INSTANT_TEXT_BYTES 32

/*
 * Parses date, 'T' (or a space), time with optional fraction, and a mandatory offset: 'Z' or
 * +hh:mm. "2024-09-29T00:00:00-04:00" gives 1727582400. A fraction is truncated to microseconds.
 * CF_EMALFORMED: not of this form or no such date; CF_EINVALID: right but for the missing offset,
 * so that a caller can say so. Years 1970 to 9999; second 60 is refused.
 */
enum cf_status cf_instant_parse(const char *text, int64_t *wall_s_out) CF_MUST_CHECK;
enum cf_status cf_instant_parse_us(const char *text, int64_t *wall_us_out) CF_MUST_CHECK;

/*
 * Writes "YYYY-MM-DDTHH:MM:SSZ" and returns text. What lies outside the years 0 to 9999 is written
 * as the nearest second inside.
 */
const char *cf_instant_format(int64_t wall_s, char text[CF_INSTANT_TEXT_BYTES]);
/* Writes "YYYY-MM-DDTHH:MM:SS.uuuuuuZ" and returns text. */
const char *cf_instant_format_us(int64_t wall_us, char text[CF_INSTANT_TEXT_BYTES]);

/* Parses "60s", "15m", "24h", "7d" or a bare number of seconds. CF_EMALFORMED otherwise. */
enum cf_status cf_duration_parse(const char *text, int64_t *duration_s_out) CF_MUST_CHECK;

/*
 * The day that a serial or version such as 2026112101 tells of, as zones and packs are numbered
 * (YYYYMMDDNN); 0: it tells of none.
 */
int64_t cf_instant_of_serial(const char *serial);
