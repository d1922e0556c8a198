/* Any bytes as an SVCB record: what is visited lies inside them, and stopping stops. */

#include "base/limits.h"
#include "resolver/view/svcb.h"

#include <stdint.h>
#include <stdlib.h>

struct watch {
	const uint8_t *data;
	size_t len;
	unsigned visits, most;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool note(void *arg, const uint8_t *target, size_t target_len, const struct cf_addr *addr)
{
	struct watch *watch = arg;

	if ((target == NULL) == (addr == NULL) || watch->visits >= watch->most)
		abort();
	if (target != NULL &&
	    (target < watch->data || target_len == 0 || target_len > CF_NAME_WIRE_BYTES ||
	        target_len > watch->len - (size_t)(target - watch->data)))
		abort();
	if (addr != NULL && cf_addr_length(addr) == 0)
		abort();
	return ++watch->visits < watch->most;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct watch all = {.data = data, .len = len, .most = UINT32_MAX};
	enum cf_status status = cf_svcb_walk(data, len, note, &all);

	if (status != CF_OK && status != CF_EMALFORMED)
		abort();
	for (unsigned most = 1; most <= all.visits && most < 8; most++) {
		struct watch some = {.data = data, .len = len, .most = most};

		if (cf_svcb_walk(data, len, note, &some) != CF_OK || some.visits != most)
			abort();
	}
	return 0;
}
