/*
 * Any bytes as an image: refused, or harmless to everything that reads it. Most inputs would stop
 * at the length or the checksum, so the same bytes are tried again with both made right; and once
 * more as changes to a good image, which stays one whatever becomes of the format.
 */

#include "full.h"
#include "promise.h"
#include "walk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A change: three bytes of place, one of what is put there. */
#define CHANGE_BYTES 4

static void open_and_walk(const void *data, size_t len)
{
	struct cf_image *image = NULL;

	if (cf_image_from_memory(data, len, &image, NULL) == CF_OK)
		(void)image_walk(image);
	cf_image_close(image);
}

/* An image with one of everything, made at the first call and kept. */
static const uint8_t *good_image(size_t *len_out)
{
	static void *good;
	static size_t good_len;
	struct cf_image_builder *builder;
	struct cf_image *image = NULL;

	if (good == NULL) {
		must(full_build(&builder) == CF_OK);
		must(cf_image_builder_to_memory(builder, &good, &good_len, NULL) == CF_OK);
		cf_image_builder_free(builder);
		must(cf_image_from_memory(good, good_len, &image, NULL) == CF_OK);
		cf_image_close(image);
	}
	*len_out = good_len;
	return good;
}

static void change_and_walk(const uint8_t *changes, size_t size)
{
	size_t len;
	const uint8_t *good = good_image(&len);
	uint8_t *copy = malloc(len);

	if (copy == NULL)
		return;
	memcpy(copy, good, len);
	for (; size >= CHANGE_BYTES; changes += CHANGE_BYTES, size -= CHANGE_BYTES) {
		size_t place = changes[0] | (size_t)changes[1] << 8 | (size_t)changes[2] << 16;

		copy[place % len] = changes[3];
	}
	image_sign(copy, len, false);
	open_and_walk(copy, len);
	free(copy);
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
	change_and_walk(data, size);
	return 0;
}
