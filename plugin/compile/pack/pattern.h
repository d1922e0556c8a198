/*
 * Numbered patterns: "s[00-19].upd.example.com" stands for twenty names. A pack writes a family
 * once, the image holds every member.
 *
 * Between brackets stand two decimal numbers, the first not above the second. If both have the same
 * number of digits, members are padded with zeros to that width ("[00-19]"), else they are not
 * ("[0-10]"). A name may hold several. A name without brackets is a pattern with one member.
 * Pure functions; any thread.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"
#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when text holds a bracket, so that it may stand for several names. */
bool cf_pattern_is(const char *text, size_t len);

/*
 * Checks the pattern and counts its members. CF_EMALFORMED: bad brackets, or the first or the last
 * member is no DNS name; CF_ETOOBIG: more than CF_PATTERN_NAMES members. count_out may be NULL.
 */
enum cf_status cf_pattern_check(const char *text, size_t len, uint32_t *count_out) CF_MUST_CHECK;

/* Called once a member, in order; false ends the walk. */
typedef bool cf_pattern_each(void *context, const struct cf_name *name);

/*
 * Calls each for every member. Statuses as cf_pattern_check(), and then nothing has been called;
 * CF_EAGAIN when each ended the walk.
 */
enum cf_status cf_pattern_expand(
    const char *text, size_t len, cf_pattern_each *each, void *context) CF_MUST_CHECK;
