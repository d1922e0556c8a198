/*
 * The minutes of a roll-up and the intervals of a sighting: any bytes are refused, or come out
 * again as they went in.
 */

#include "ledger/minutes/held.h"
#include "ledger/minutes/minutes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_held(const uint8_t *data, size_t size)
{
	static uint8_t first[CF_HELD_BYTES], second[CF_HELD_BYTES];
	struct cf_held held = {0}, again = {0};

	if (cf_held_decode(&held, data, size) == CF_OK) {
		size_t len = cf_held_encode(&held, first);

		if (cf_held_decode(&again, first, len) != CF_OK ||
		    cf_held_encode(&again, second) != len || memcmp(first, second, len) != 0)
			abort();
		for (uint32_t i = 1; i < held.count; i++)
			if (held.items[i].from <= held.items[i - 1].to)
				abort();
	}
	cf_held_done(&held);
	cf_held_done(&again);
}

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
	try_held(data, size);
	return 0;
}
