/* Words, contradictions, and what makes another table. */

#include "egress/options.h"

#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

static const char *const counter_words[] = {[CF_COUNT_STOPPED] = "stopped",
    [CF_COUNT_FLAGGED] = "flagged",
    [CF_COUNT_ALLOWED] = "allowed",
    [CF_COUNT_DNS] = "way_dns",
    [CF_COUNT_DOT] = "way_dot",
    [CF_COUNT_DOH] = "way_doh",
    [CF_COUNT_FALLBACK] = "way_fallback"};

bool cf_prefixes_has(const struct cf_prefixes *prefixes, enum cf_family family)
{
	for (unsigned i = 0; i < prefixes->count; i++)
		if (prefixes->items[i].addr.family == family)
			return true;
	return false;
}

const char *cf_egress_counter_text(enum cf_egress_counter counter)
{
	return counter_words[counter];
}

enum cf_status cf_egress_check_options(
    const struct cf_egress_options *options, struct cf_error *error)
{
	if (!options->forward && !options->output)
		return cf_error_set(error, CF_EINVALID, "no hook: say forward, output or both");
	if (options->dot == CF_WAY_REDIRECT || options->doh == CF_WAY_REDIRECT)
		return cf_error_set(error, CF_EINVALID,
		    "encrypted DNS cannot be redirected: the certificate would be another's; "
		    "observe or reject it");
	if ((options->dns == CF_WAY_REDIRECT || options->fallback == CF_WAY_REDIRECT) &&
	    options->resolvers.count == 0)
		return cf_error_set(
		    error, CF_EINVALID, "redirect needs a resolver of the site to lead to");
	if (options->dns >= CF_WAY_REJECT && options->resolvers.count == 0)
		return cf_error_set(error, CF_EINVALID,
		    "rejecting DNS to others needs to know the site's own resolvers");
	return CF_OK;
}

static void add_prefixes(
    struct cf_sha256 *sha, const char *name, const struct cf_prefixes *prefixes)
{
	char text[CF_PREFIX_TEXT_BYTES];

	cf_sha256_update(sha, name, strlen(name));
	for (unsigned i = 0; i < prefixes->count; i++) {
		cf_prefix_format(&prefixes->items[i], text);
		cf_sha256_update(sha, text, strlen(text) + 1);
	}
}

/* Everything that makes another table of the same image; totals do not. */
static void digest_options(const struct cf_plan *plan, const struct cf_egress_options *options,
    char text[CF_SHA256_TEXT_BYTES])
{
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	char words[160];

	text[0] = '\0'; /* without libcrypto every table is another */
	if (sha == NULL)
		return;
	(void)snprintf(words, sizeof words, "1 %d%d%d%d%d %u %u %d%d%d%d %s", plan->all_enforced,
	    options->forward, options->output, options->drop, options->log, options->group,
	    options->log_per_second, options->dns, options->dot, options->doh, options->fallback,
	    options->resolver_user); /* fits */
	cf_sha256_update(sha, words, strlen(words));
	add_prefixes(sha, "never", &options->never);
	add_prefixes(sha, "own", &options->resolvers);
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	cf_sha256_format(digest, text);
}

void cf_egress_comment(const struct cf_plan *plan, const struct cf_egress_options *options,
    char comment[CF_EGRESS_COMMENT_BYTES])
{
	char image[CF_SHA256_TEXT_BYTES], asked[CF_SHA256_TEXT_BYTES];

	digest_options(plan, options, asked);
	(void)snprintf(comment, CF_EGRESS_COMMENT_BYTES, "curfew 1 image=%.16s options=%.16s",
	    cf_sha256_format(cf_image_info(plan->image)->digest, image), asked);
}
