/* cf_decide_*() against the naive way, over random policies. CF_SEED and CF_CASES choose which. */

#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned long from_environment(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : strtoul(text, NULL, 0);
}

static void random_policies_decide_like_the_naive_way(void **state)
{
	unsigned long seed = from_environment("CF_SEED", 1),
	              cases = from_environment("CF_CASES", 3000);

	(void)state;
	for (unsigned long i = seed; i < seed + cases; i++) {
		struct model_source source = {.state = i};

		if (!model_agrees(&source, 60))
			fail_msg("CF_SEED=%lu CF_CASES=1 shows it", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_policies_decide_like_the_naive_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
