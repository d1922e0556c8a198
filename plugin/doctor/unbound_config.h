/*
 * What an Unbound configuration sets, statement by statement, in the order in which Unbound reads
 * it, with include: and include-toplevel: followed as Unbound does; and its dynlib-file and
 * module-config, asked of the unbound-checkconf beside that unbound where it can tell. Changes
 * nothing. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Includes deep, and files in all: Unbound itself stops at ten; a folder of snippets has dozens. */
#define CF_UNBOUND_CONFIG_DEPTH 10
#define CF_UNBOUND_CONFIG_FILES 1000

/* "local-zone: example.com refuse" in line 7 of a file; texts live until the call returns. */
struct cf_unbound_config_item {
	const char *clause; /* "server:", "auth-zone:" ...; "" before the first */
	const char *key;    /* "local-zone:"; a clause's own word where one begins */
	const char *value;  /* "" for the begin of a clause */
	const char *second; /* of keys that have two values, else "" */
	const char *file;
	unsigned line;
};
typedef void cf_unbound_config_item_fn(void *arg, const struct cf_unbound_config_item *item);

/*
 * Calls found for each statement of the file and what it includes. Bounded: CF_UNBOUND_CONFIG_DEPTH
 * includes deep, CF_UNBOUND_CONFIG_FILES files; what lies behind is left out, as are included files
 * that are no regular files or cannot be read. Words are cut at CF_PATH_BYTES. False when path
 * itself cannot be read.
 */
bool cf_unbound_config_read(const char *path, cf_unbound_config_item_fn *found, void *arg);

/* What is done with each value. */
typedef void cf_unbound_config_value(void *arg, const char *value);

/*
 * Calls found for each value of 'dynlib-file:'. unbound is the program's path, "" when there is
 * none. Bounds and result as above.
 */
bool cf_unbound_config_dynlib(
    const char *path, const char *unbound, cf_unbound_config_value *found, void *arg);

/* The module-config that is in force, by that unbound's own tool; false when it cannot tell. */
bool cf_unbound_config_modules(const char *path, const char *unbound, char *modules, size_t size);
