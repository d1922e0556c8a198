#include "monitor/hosts/allowance.h"

#define US_PER_S INT64_C(1000000)

static int64_t cost_us(const struct cf_allowance *allowance)
{
	return US_PER_S / allowance->per_s;
}

struct cf_allowance cf_allowance_make(uint32_t burst, uint32_t per_s)
{
	struct cf_allowance allowance = {.burst = burst, .per_s = per_s};

	allowance.left_us = burst * cost_us(&allowance);
	return allowance;
}

bool cf_allowance_take(struct cf_allowance *allowance, int64_t now_wall_us)
{
	int64_t most_us = allowance->burst * cost_us(allowance);

	if (now_wall_us > allowance->at_wall_us) {
		int64_t passed_us = now_wall_us - allowance->at_wall_us;

		/* Bounded first: the first packet comes decades after 1970. */
		allowance->left_us =
		    passed_us >= most_us || allowance->left_us + passed_us > most_us
		    ? most_us
		    : allowance->left_us + passed_us;
	}
	allowance->at_wall_us = now_wall_us;
	if (allowance->left_us < cost_us(allowance)) {
		allowance->refused++;
		return false;
	}
	allowance->left_us -= cost_us(allowance);
	return true;
}
