/*
 * The dynlib-file values of an Unbound configuration, in the order in which Unbound reads them:
 * asked of the unbound-checkconf beside that unbound where it can tell, else read here, with
 * include: and include-toplevel: followed as Unbound does. Changes nothing. One thread.
 */
#pragma once

#include <stdbool.h>

/* Includes deep, and files in all: Unbound itself stops at ten; a folder of snippets has dozens. */
#define CLI_CONFIG_DEPTH 10
#define CLI_CONFIG_FILES 1000

/* What is done with each value. */
typedef void cli_config_value(void *arg, const char *value);

/*
 * Calls found for each value of 'dynlib-file:'. unbound is the program's path, "" when there is
 * none. Bounded: CLI_CONFIG_DEPTH includes deep, CLI_CONFIG_FILES files; what lies behind is left
 * out, as are included files that cannot be read. False when path itself cannot be read.
 */
bool cli_config_dynlib(const char *path, const char *unbound, cli_config_value *found, void *arg);

/* The second way alone. */
bool cli_config_dynlib_read(const char *path, cli_config_value *found, void *arg);
