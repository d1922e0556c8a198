/* What time has made of a policy's exceptions. */

#include "compile/policy/policy.h"

#include "base/instant.h"

#include <stdio.h>

/* "3 days" or "5 hours" of a positive number of seconds. */
static const char *span(int64_t seconds, char text[32])
{
	bool days = seconds >= 2 * 86400, hours = seconds >= 2 * 3600;
	int64_t unit = days ? 86400 : 3600;

	if (!hours)
		unit = 60;
	snprintf(text, 32, "%lld %s", (long long)(seconds / unit),
	    unit == 86400      ? "days"
	        : unit == 3600 ? "hours"
	                       : "minutes");
	return text;
}

static void review_exception(
    const struct cf_policy *policy, size_t i, int64_t at_wall_s, struct cf_diags *diags)
{
	const struct cf_image_exception *image = &policy->exceptions[i].image;
	char key[40], until[CF_INSTANT_TEXT_BYTES], long_s[32];

	snprintf(key, sizeof key, "exceptions[%zu]", i);
	if (image->until_wall_s == INT64_MAX) {
		cf_diag_add(diags, CF_DIAG_NOTE, policy->file, image->line, key,
		    "for %s (%s) has no 'until' and never lapses", image->clients, image->reason);
		return;
	}
	cf_instant_format(image->until_wall_s, until);
	if (image->until_wall_s <= at_wall_s)
		cf_diag_add(diags, CF_DIAG_WARNING, policy->file, image->line, key,
		    "for %s (%s) lapsed at %s, %s ago; ask %s, then remove or renew it",
		    image->clients, image->reason, until,
		    span(at_wall_s - image->until_wall_s, long_s), image->owner);
	else if (image->until_wall_s - at_wall_s <= CF_LAPSE_NOTICE_S)
		cf_diag_add(diags, CF_DIAG_NOTE, policy->file, image->line, key,
		    "for %s (%s) lapses at %s, in %s; owner %s", image->clients, image->reason,
		    until, span(image->until_wall_s - at_wall_s, long_s), image->owner);
}

void cf_policy_review(const struct cf_policy *policy, int64_t at_wall_s, struct cf_diags *diags)
{
	for (size_t i = 0; i < policy->exception_count; i++)
		review_exception(policy, i, at_wall_s, diags);
}
