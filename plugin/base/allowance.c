#include "base/allowance.h"

#define US_PER_S INT64_C(1000000)

struct cf_allowance cf_allowance_make(uint32_t burst, uint32_t per_s)
{
	int64_t cost_us = US_PER_S / per_s;

	return (struct cf_allowance){
	    .cost_us = cost_us, .most_us = burst * cost_us, .left_us = burst * cost_us};
}

/* Adds what the time since then is worth. Distances are unsigned: between any two times they fit.
 */
static void fill(struct cf_allowance *allowance, int64_t now_us)
{
	uint64_t most_us = (uint64_t)allowance->most_us;
	uint64_t passed_us = (uint64_t)now_us - (uint64_t)allowance->at_us;

	if (now_us <= allowance->at_us) {
		if ((uint64_t)allowance->at_us - (uint64_t)now_us > most_us)
			allowance->at_us = now_us;
		return;
	}
	/* Bounded first: the first time comes decades after 1970. */
	allowance->left_us = passed_us >= most_us - (uint64_t)allowance->left_us
	    ? allowance->most_us
	    : allowance->left_us + (int64_t)passed_us;
	allowance->at_us = now_us;
}

bool cf_allowance_take(struct cf_allowance *allowance, int64_t now_us)
{
	fill(allowance, now_us);
	if (allowance->left_us < allowance->cost_us) {
		allowance->refused++;
		return false;
	}
	allowance->left_us -= allowance->cost_us;
	return true;
}
