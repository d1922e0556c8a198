/*
 * Opening what somebody gives us to read: never a thing that may hang, grow without end or do
 * something when it is opened. A log, a capture or an image is a regular file; anything else comes
 * by standard input ("-"), where whoever starts us decides. Any thread.
 */
#pragma once

#include "base/status.h"

#include <stdio.h>

/*
 * Opens path for reading without ever waiting for somebody at its other end. Regular files, and
 * "-" for standard input; /dev/stdin and /dev/fd/N too, which is how shells pass the output of
 * <(...). Everything else - named pipes, sockets, devices, folders - is refused: CF_EINVALID.
 * CF_EIO (errno) when the system refuses. *error (may be NULL) names path and reason. The
 * descriptor is the caller's to close, also of "-".
 */
enum cf_status cf_input_open(const char *path, int *fd_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * The same as a stream: how every file is opened that fopen() would be used for. On failure errno
 * has the reason (EINVAL for what is refused for its kind) and *error the words.
 */
enum cf_status cf_input_open_stream(
    const char *path, FILE **stream_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Reads all of path, which may have most bytes, and puts a zero behind it; the caller frees it.
 * Failures as above, and CF_ETOOBIG, CF_EIO; *error says which.
 */
enum cf_status cf_input_read_whole(const char *path, size_t most, char **text_out, size_t *len_out,
    struct cf_error *error) CF_MUST_CHECK;
