/* Names, and what makes another table. */

#include "egress/plan/options.h"

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

const char *cf_egress_counter_text(enum cf_egress_counter counter)
{
	return counter_words[counter];
}

/* Everything that makes another table of the same image. */
static void digest_options(const struct cf_egress_options *options, char text[CF_SHA256_TEXT_BYTES])
{
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	char words[CF_EGRESS_OPTIONS_BYTES];

	text[0] = '\0'; /* without libcrypto every table is another */
	if (sha == NULL)
		return;
	cf_egress_options_format(options, words);
	cf_sha256_update(sha, words, strlen(words));
	cf_sha256_final(sha, digest);
	cf_sha256_free(sha);
	cf_sha256_format(digest, text);
}

void cf_egress_comment(const struct cf_plan *plan, const struct cf_egress_options *options,
    char comment[CF_EGRESS_COMMENT_BYTES])
{
	char image[CF_SHA256_TEXT_BYTES], asked[CF_SHA256_TEXT_BYTES];

	digest_options(options, asked);
	(void)snprintf(comment, CF_EGRESS_COMMENT_BYTES, "curfew 2 image=%.16s options=%.16s",
	    cf_sha256_format(cf_image_info(plan->image)->digest, image), asked);
}
