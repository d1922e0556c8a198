/*
 * A folder of tables as one file that can be signed: a tar archive (ustar) compressed with zstd.
 * The same files give the same bytes with the same zstd: names in order, no owner, no time.
 *
 * A bundle holds regular files and folders one deep, with plain names; nothing else goes in, and
 * nothing else is taken out: no links, no devices, no "..", no second file of a name. `tar --zstd
 * -tvf` lists one. What bundles may take, packed and unpacked, is bounded.
 *
 * Any thread; several at once on different folders.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Packs the tables of a pack's folder: *.tsv, *.yaml, *.txt and *.md in it and in its folder
 * presets/, but no dated local evidence (overlay-*, gone-*), nor anything that begins with a dot.
 * On CF_OK *data_out is the caller's, to be freed. CF_EIO, CF_ENOMEM; CF_ENOTFOUND: nothing to
 * pack; CF_EINVALID: a name that cannot go in, or no regular file; CF_ETOOBIG. *error says on what.
 */
enum cf_status cf_bundle_make(
    const char *folder, uint8_t **data_out, size_t *len_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Puts what a bundle holds into folder, which must exist and be empty: files of mode 0644, folders
 * 0755. CF_EMALFORMED: no bundle, or cut; CF_EINVALID: something in it that has no place there;
 * CF_ETOOBIG: more than the limits; CF_EIO; CF_ENOMEM. On failure parts may lie in folder.
 */
enum cf_status cf_bundle_unpack(
    const void *data, size_t len, const char *folder, struct cf_error *error) CF_MUST_CHECK;

/* Removes a folder as cf_bundle_unpack() makes one: its files, and folders one deep. CF_EIO. */
enum cf_status cf_bundle_remove(const char *folder);
