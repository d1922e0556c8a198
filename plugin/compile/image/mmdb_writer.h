/*
 * A small MaxMind DB (file format 2.0) of the AS numbers that an image's networks state: what the
 * monitor uses when the operator has no larger one, and what other programs can read.
 *
 * A tree of 24-bit records over IPv6, IPv4 in ::/96; the more specific network wins. One thread.
 */
#pragma once

#include "base/status.h"
#include "image/image.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The database in memory, freed by the caller with free(). Networks without a number are left out;
 * a database without any is still a valid one. CF_ENOMEM; CF_ETOOBIG: more nodes than 24 bits
 * number.
 */
enum cf_status cf_mmdb_build(
    const struct cf_image *image, uint8_t **data_out, size_t *len_out) CF_MUST_CHECK;

/*
 * The database of the image at image_path as a file in memory that libmaxminddb can open by its
 * path, which path_out gets. The descriptor, to be closed after use; -1 when there is no such image
 * or no memory.
 */
#define CF_MMDB_PATH_BYTES 32
int cf_mmdb_memory_file(const char *image_path, char path_out[CF_MMDB_PATH_BYTES]);
