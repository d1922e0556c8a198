/*
 * Listed names that Unbound answers out of its own configuration - local-data, local-zone,
 * auth-zone - before any module is asked: neither judged nor recorded. Reads files, changes
 * nothing. One thread.
 */
#pragma once

#include "image/image.h"

/* Statements that are told one by one; the rest is a number. */
#define CF_SHADOWS_TOLD 4

/* text names the statement with its file and line, and what it answers. It lives until the call
 * returns and may hold anything that a file can. */
typedef void cf_shadow_fn(void *arg, const char *text);

/* Calls found for each statement of the configuration at path that answers what image lists. */
void cf_shadow_find(const char *path, const struct cf_image *image, cf_shadow_fn *found, void *arg);
