/*
 * Bytes of a file that may be compressed: plain, gzip (any number of members), zstd (any number of
 * frames), xz and bzip2 where they were built in, told by the first bytes. Memory is bounded
 * whatever the file claims, and so is what it may unpack to. One thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cf_source;

/*
 * Takes over fd. stop (may be NULL) is looked at between pieces and while a pipe brings nothing.
 * CF_ENOMEM, CF_EIO, CF_EAGAIN (stopped), CF_EUNSUPPORTED: compressed by something that is not
 * read.
 */
enum cf_status cf_source_open(int fd, const volatile int *stop, struct cf_source **source_out,
    struct cf_error *error) CF_MUST_CHECK;
void cf_source_close(struct cf_source *source);

/*
 * Reads up to size bytes; *got_out 0 is the end (of a plain file: for now). CF_EIO, CF_EMALFORMED
 * when the compression is damaged or ends early, CF_ETOOBIG when it grows beyond all measure,
 * CF_EAGAIN when told to stop.
 */
enum cf_status cf_source_read(struct cf_source *source, void *bytes, size_t size, size_t *got_out,
    struct cf_error *error) CF_MUST_CHECK;

/* Plain regular files: goes on at offset. CF_EIO. */
enum cf_status cf_source_seek(struct cf_source *source, uint64_t offset) CF_MUST_CHECK;

bool cf_source_is_compressed(const struct cf_source *source);
int cf_source_fd(const struct cf_source *source);
