/*
 * Treating images badly: reading everything in one, and making a damaged one pass its checksum.
 */
#pragma once

#include "image/image.h"

#include <stddef.h>

/*
 * Reads everything that accessors, look-ups and decisions can reach. Under a sanitizer this shows
 * any step outside; returns a number that depends on what was read, so that nothing is optimised
 * away.
 */
unsigned long image_walk(const struct cf_image *image);

/* Puts the right digest (and, if fix_length, the right length) into an image of len bytes. */
void image_sign(void *data, size_t len, bool fix_length);
