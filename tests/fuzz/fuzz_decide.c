/* Bytes choose a policy and questions; the image of it must answer as the naive way does. */

#include "model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_source source = {
	    .bytes = size == 0 ? (const uint8_t *)"" : data, .left = size};

	if (!model_agrees(&source, 24))
		abort();
	return 0;
}
