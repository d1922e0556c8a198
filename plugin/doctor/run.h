/* Runs a program and catches what it prints. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs command (NULL-terminated; command[0] is a path) without input, collects its stdout and
 * stderr in output, terminated and cut to size, and waits for it, giving it five seconds between
 * words. True when it ran and exited with 0 or printed something.
 */
bool cf_run_program(char *const command[], char *output, size_t size);

/* Finds a program in PATH and the folders for system programs; false when there is none. */
bool cf_find_program(const char *name, char *path, size_t size);
