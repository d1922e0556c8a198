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

/* The keys of one update: is there one now, and for how long? */
static void review_update(
    const struct cf_policy *policy, size_t i, int64_t at_wall_s, struct cf_diags *diags)
{
	const struct cf_policy_update *update = &policy->updates[i];
	int64_t last_wall_s = INT64_MIN;
	char key[40], until[CF_INSTANT_TEXT_BYTES], long_s[32];

	(void)snprintf(key, sizeof key, "updates[%zu]", i);
	for (size_t k = 0; k < update->key_count; k++)
		if (update->keys[k].from_wall_s <= at_wall_s &&
		    update->keys[k].until_wall_s > last_wall_s)
			last_wall_s = update->keys[k].until_wall_s;
	(void)cf_instant_format(last_wall_s, until);
	if (last_wall_s <= at_wall_s)
		cf_diag_add(diags, CF_DIAG_WARNING, policy->file, update->line, key,
		    "no key for pack %s is trusted now: nothing newer will be taken; pin the "
		    "publisher's next one",
		    update->pack);
	else if (last_wall_s != INT64_MAX && last_wall_s - at_wall_s <= CF_LAPSE_NOTICE_S)
		cf_diag_add(diags, CF_DIAG_NOTE, policy->file, update->line, key,
		    "the last key for pack %s is trusted until %s, %s more; pin the publisher's "
		    "next "
		    "one beside it",
		    update->pack, until, span(last_wall_s - at_wall_s, long_s));
}

void cf_policy_review(const struct cf_policy *policy, int64_t at_wall_s, struct cf_diags *diags)
{
	for (size_t i = 0; i < policy->exception_count; i++)
		review_exception(policy, i, at_wall_s, diags);
	for (size_t i = 0; i < policy->update_count; i++)
		review_update(policy, i, at_wall_s, diags);
}
