/* Writes the AS database of an image to a file, for tests: mkmmdb IMAGE FILE */

#include "compile/image/mmdb_writer.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct cf_image *image;
	struct cf_error error;
	uint8_t *data;
	size_t len;
	FILE *file;
	bool good;

	if (argc != 3)
		return 2;
	if (cf_image_open(argv[1], &image, &error) != CF_OK ||
	    cf_mmdb_build(image, &data, &len) != CF_OK)
		return 3;
	file = fopen(argv[2], "wb");
	good = file != NULL && fwrite(data, 1, len, file) == len;
	if (file != NULL && fclose(file) != 0)
		good = false;
	free(data);
	cf_image_close(image);
	return good ? 0 : 4;
}
