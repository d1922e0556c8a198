/* Foreign text for people: whatever goes in, what comes out is terminated, fits and is harmless. */

#include "report/render/safe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[300], again[300];
	size_t room = size > 0 ? 1 + data[0] : 1;
	size_t len = cf_safe_text((const char *)data, size, out, room);

	if (len >= room || out[len] != '\0' || strlen(out) != len)
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			abort();
	/* Safe text is safe: nothing happens to it a second time. */
	if (cf_safe_text(out, len, again, sizeof again) != len || memcmp(out, again, len) != 0)
		abort();
	return 0;
}
