/*
 * Bytes of a capture file in order: plain, or gzip or zstd taken off, told by their first bytes.
 *
 * One source belongs to one thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_byte_source;

/*
 * Opens path, or standard input for "-". CF_EIO, CF_ENOMEM, CF_EUNSUPPORTED (compressed with
 * something that was not built in), with *error filled.
 */
enum cf_status cf_byte_source_open(
    const char *path, struct cf_byte_source **source_out, struct cf_error *error) CF_MUST_CHECK;
void cf_byte_source_close(struct cf_byte_source *source);

/*
 * Up to size bytes into buffer; *len_out is 0 at the end only. CF_EIO, CF_EMALFORMED (bad
 * compressed data), with *error filled.
 */
enum cf_status cf_byte_source_read(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error) CF_MUST_CHECK;

/* Bytes of the file itself used so far, and its size (0 when it has none, as a pipe): for progress.
 */
void cf_byte_source_progress(
    const struct cf_byte_source *source, uint64_t *used_out, uint64_t *size_out);
