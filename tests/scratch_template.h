/* Where a test in C puts its files: a template for mkdtemp() or mkstemp() in TMPDIR, which
 * tests/in-scratch removes also when the test does not come to its end. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Room for a template; for one with a file's name, or in a command. */
#define SCRATCH_BYTES         64
#define SCRATCH_COMMAND_BYTES 128

/* "TMPDIR/curfew-name-XXXXXX" in path; in /tmp when TMPDIR is too long for these buffers. */
static inline char *scratch_template(char path[SCRATCH_BYTES], const char *name)
{
	const char *base = getenv("TMPDIR");

	if (base == NULL ||
	    snprintf(path, SCRATCH_BYTES, "%s/curfew-%s-XXXXXX", base, name) >= SCRATCH_BYTES)
		snprintf(path, SCRATCH_BYTES, "/tmp/curfew-%s-XXXXXX", name);
	return path;
}

/* Removes a folder made from a template, and all in it. */
static inline bool scratch_drop(const char *path)
{
	char command[SCRATCH_COMMAND_BYTES];

	snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) == 0;
}
