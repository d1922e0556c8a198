/* The minutes of a roll-up: any bytes are refused, or come out again as they went in. */

#include "ledger/minutes/minutes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[CF_MINUTES_BYTES], second[CF_MINUTES_BYTES];
	struct cf_minutes minutes = {0}, again = {0};

	if (cf_minutes_decode(&minutes, data, size, CF_MINUTES_MAX) == CF_OK) {
		size_t len = cf_minutes_encode(&minutes, first);

		if (cf_minutes_decode(&again, first, len, CF_MINUTES_MAX) != CF_OK ||
		    cf_minutes_encode(&again, second) != len || memcmp(first, second, len) != 0)
			abort();
	}
	cf_minutes_done(&minutes);
	cf_minutes_done(&again);
	return 0;
}
