/* A policy file of any bytes is read or refused with at least one error, and can be freed. */

#include "compile/policy/policy.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_policy *policy = NULL;
	struct cf_diags diags;
	enum cf_status status;

	cf_diags_init(&diags);
	status = cf_policy_parse((const char *)data, len, "curfew.yaml", &policy, &diags);
	if (status == CF_OK) {
		cf_policy_review(policy, 1727582400, &diags);
		/* What was read can be used without further tests. */
		if (policy->vendor_count == 0 || diags.errors != 0)
			abort();
		for (size_t i = 0; i < policy->exception_count; i++) {
			const struct cf_image_exception *image = &policy->exceptions[i].image;

			if (image->clients == NULL || image->from_wall_s >= image->until_wall_s ||
			    (!image->everybody && image->group_count == 0))
				abort();
			for (size_t j = 0; j < image->group_count; j++)
				if (image->groups[j] >= policy->group_count)
					abort();
		}
	} else if (status != CF_EINVALID || diags.errors == 0) {
		abort();
	}
	cf_policy_free(policy);
	cf_diags_done(&diags);
	return 0;
}
