/*
 * A tree of files as one file to be handed over: a tar archive (ustar, pax for large files) in
 * zstd, which `tar --zstd -xf` takes apart. The same files give the same bytes with the same
 * libraries: names in order, no owner, no time.
 *
 * What comes in one is a stranger's: only regular files with plain names, folders at most
 * CF_CRATE_DEPTH deep, are taken out; no link, no device, no "..", nothing twice, and no more bytes
 * and files than the caller allows, nor more than CF_CRATE_EXPANSION times what was read. Both ways
 * work in pieces: the size of memory does not depend on that of the files. Any thread; several at
 * once on different folders.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Folders within folders. */
#define CF_CRATE_DEPTH 4
/* Files in one: logs of years, an image a day. */
#define CF_CRATE_FILES 100000
/* Logs take a tenth to a fortieth of their size when they are packed; 64 MiB are free. */
#define CF_CRATE_EXPANSION 400

/*
 * Packs everything below folder into the open file fd. CF_EIO; CF_EINVALID: something that is no
 * regular file, or has a name that cannot go in; CF_ETOOBIG: too many files; CF_ENOMEM.
 */
enum cf_status cf_crate_pack(const char *folder, int fd, struct cf_error *error) CF_MUST_CHECK;

/*
 * Unpacks the open file fd below folder, which must exist and be empty: files 0640, folders 0750.
 * CF_EMALFORMED: no archive, or cut; CF_EINVALID: something in it that has no place there;
 * CF_ETOOBIG: over most_bytes, CF_CRATE_FILES or CF_CRATE_EXPANSION; CF_EIO; CF_ENOMEM. On failure
 * parts may lie in folder.
 */
enum cf_status cf_crate_unpack(
    int fd, const char *folder, uint64_t most_bytes, struct cf_error *error) CF_MUST_CHECK;

/* True for "a/b/c": parts of letters, digits, '-', '_', '.', '+', '~', '@', no dot first. */
bool cf_crate_name_ok(const char *path);

/*
 * Calls take with the path below folder of each regular file, sorted by their bytes; ends with the
 * first status that is not CF_OK. Anything else that is found: CF_EINVALID. CF_EIO, CF_ENOMEM,
 * CF_ETOOBIG.
 */
enum cf_status cf_crate_walk(const char *folder,
    enum cf_status (*take)(void *context, const char *path, struct cf_error *error), void *context,
    struct cf_error *error) CF_MUST_CHECK;

/* Removes a folder and all below it; links are removed, never followed. CF_EIO. */
enum cf_status cf_crate_remove(const char *folder);
