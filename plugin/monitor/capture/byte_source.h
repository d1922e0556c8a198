/*
 * Bytes of a capture file in order: plain, or gzip or zstd taken off, told by their first bytes.
 *
 * One source belongs to one thread.
 */
#pragma once

#include "base/sha256.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_byte_source;

/*
 * Opens what cf_input_open() does and reads its first bytes. CF_EIO, CF_EINVALID (no regular
 * file), CF_ENOMEM, CF_EUNSUPPORTED (compressed with something that was not built in), with *error
 * filled.
 */
enum cf_status cf_byte_source_open(
    const char *path, struct cf_byte_source **source_out, struct cf_error *error) CF_MUST_CHECK;
/* As cf_byte_source_open() of fd, which is taken over also on failure; name is for messages. */
enum cf_status cf_byte_source_take(int fd, const char *name, struct cf_byte_source **source_out,
    struct cf_error *error) CF_MUST_CHECK;
void cf_byte_source_close(struct cf_byte_source *source);

/*
 * Up to size bytes into buffer; *len_out is 0 at the end only. CF_EIO, CF_EMALFORMED (bad
 * compressed data), CF_ETOOBIG (it grows beyond all measure), with *error filled.
 */
enum cf_status cf_byte_source_read(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error) CF_MUST_CHECK;

/* Bytes of the file itself used so far, and its size (0 when it has none, as a pipe): for progress.
 */
void cf_byte_source_progress(
    const struct cf_byte_source *source, uint64_t *used_out, uint64_t *size_out);

/*
 * What the file is: SHA-256 of its first 64 KiB as they lie on disk, and its size (0 when it has
 * none). Of a pipe the digest is over what came within two seconds.
 */
void cf_byte_source_identity(
    const struct cf_byte_source *source, uint8_t head_sha256[CF_SHA256_BYTES], uint64_t *size_out);
