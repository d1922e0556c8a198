/*
 * Any bytes as an image: refused, or harmless to everything that reads it. Most inputs would stop
 * at the length or the checksum, so the same bytes are tried again with both made right.
 */

#include "walk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void open_and_walk(const void *data, size_t len)
{
	struct cf_image *image = NULL;

	if (cf_image_from_memory(data, len, &image, NULL) == CF_OK)
		(void)image_walk(image);
	cf_image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of the very length, aligned as malloc() aligns. */
	uint8_t *copy = malloc(size + 1);

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	open_and_walk(copy, size);
	image_sign(copy, size, true);
	open_and_walk(copy, size);
	free(copy);
	return 0;
}
