/*
 * The capture files of one run, opened before anything is read of them: so that the run can give up
 * its rights first, and is known by what it reads rather than by when its first packet was.
 *
 * Belongs to one thread. A file that cannot be opened is told when its turn comes.
 */
#pragma once

#include "base/sha256.h"
#include "monitor/capture/capture_file.h"

struct cf_inputs;

/*
 * Opens paths[0..count), which must outlive it, as cf_input_open() does. CF_ENOMEM. Thousands of
 * files take as many descriptors: the soft limit is raised as far as it goes.
 */
enum cf_status cf_inputs_open(
    const char *const *paths, unsigned count, struct cf_inputs **inputs_out) CF_MUST_CHECK;
/* Closes what was not taken. NULL is fine. */
void cf_inputs_close(struct cf_inputs *inputs);

/*
 * What all of them are: SHA-256, in hex, over SHA-256 of the first 64 KiB and the size (64 bits,
 * little endian; 0 for a pipe) of each, in their order; of one that cannot be read, over zeros.
 */
const char *cf_inputs_id(const struct cf_inputs *inputs);

/* The number-th file, once; the caller closes it. Errors as cf_capture_file_open(). */
enum cf_status cf_inputs_take(struct cf_inputs *inputs, unsigned number,
    struct cf_capture_file **file_out, struct cf_error *error) CF_MUST_CHECK;
