/* The shared words as text and back. */

#include "image/category.h"

#include <string.h>

static const char *const categories[] = {"updates", "telemetry", "activation", "cloud-console",
    "web-account", "sales", "corporate", "pki", "product-service", "informational",
    "local-injection", "lookalike"};
static const char *const verdicts[] = {"pass", "flag", "block"};
static const char *const answers[] = {"nxdomain", "nodata", "sinkhole", "refused", "drop"};
static const char *const scopes[] = {"exact", "subtree", "below"};
static const char *const confidences[] = {"inferred", "listed", "documented"};
static const char *const network_kinds[] = {
    "dedicated", "shared", "sinkhole", "mail-relay", "nameserver"};

#define COUNT(words) (sizeof(words) / sizeof(words)[0])

static const char *word(const char *const *words, size_t count, unsigned value)
{
	return value < count ? words[value] : "?";
}

/* The index of text among words, or count. */
static size_t find(const char *const *words, size_t count, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			break;
	return i;
}

#define DEFINE_WORDS(noun, words) \
	const char *cf_##noun##_text(enum cf_##noun value) \
	{ \
		return word(words, COUNT(words), (unsigned)value); \
	} \
	bool cf_##noun##_parse(const char *text, size_t len, enum cf_##noun *value_out) \
	{ \
		size_t i = find(words, COUNT(words), text, len); \
\
		if (i == COUNT(words)) \
			return false; \
		*value_out = (enum cf_##noun)i; \
		return true; \
	}

DEFINE_WORDS(category, categories)
DEFINE_WORDS(verdict, verdicts)
DEFINE_WORDS(answer, answers)
DEFINE_WORDS(scope, scopes)
DEFINE_WORDS(confidence, confidences)
DEFINE_WORDS(network_kind, network_kinds)

const char *cf_category_cost(enum cf_category category)
{
	static const char *const costs[] = {
	    "a download fails, of an installer or of somebody else's files; seen at once by who "
	    "runs it",
	    "some program reports nothing, waits or retries; people rarely notice, so it may stay "
	    "for "
	    "months",
	    "a licence is not confirmed: a paid product stops working, days after the block",
	    "nobody reaches a console: machines are without administration until somebody looks",
	    "people cannot sign in",
	    "a page or a purchase fails, for one person who asks about it",
	    "a page is missing, or mail to or from the domain fails; the name is wide, so it is "
	    "noticed",
	    "certificates cannot be checked: programs hang or refuse, far from the cause and hard "
	    "to "
	    "explain",
	    "a feature of some product fails without a word",
	    "something to read is missing",
	    "pages load slowly on machines with the product; no other sees the name",
	    "somebody else's site of a similar name cannot be reached: a person, a shop, a clinic",
	};

	return word(costs, COUNT(costs), (unsigned)category);
}
