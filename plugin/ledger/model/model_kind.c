/* Kinds of hits: what each says about the host. docs/FORMATS.md, "states" and "episodes". */

#include "ledger/model/model_private.h"

#include <stdio.h>
#include <string.h>

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(word, words) is_one_of((word), (words), sizeof(words) / sizeof(words)[0])

static enum cf_hit_outcome outcome_of(const struct cf_model_kind *kind)
{
	/* The site's own resolver refused, and said that it blocks: ours, or one before it. */
	bool own_block = (kind->flags & CF_FACT_SAYS_BLOCKED) != 0 &&
	    (kind->flags & CF_FACT_FOREIGN_RESOLVER) == 0;

	if (kind->is_blocked || own_block || strcmp(kind->event, "sinkhole") == 0)
		return CF_OUTCOME_BLOCKED_HERE;
	if ((kind->flags & (CF_FACT_RESOLVED | CF_FACT_CAME_BACK | CF_FACT_ESCAPE)) != 0)
		return CF_OUTCOME_ANSWERED_HERE;
	if ((kind->flags & CF_FACT_REFUSED) != 0)
		return CF_OUTCOME_REFUSED_ELSEWHERE;
	return (kind->flags & CF_FACT_UNANSWERED) != 0 ? CF_OUTCOME_UNANSWERED
	                                               : CF_OUTCOME_OBSERVED;
}

/* What kinds must have in common to be perhaps of one event; see model_episode.h. */
static enum cf_status number_episode(struct cf_model *model, struct cf_model_kind *kind)
{
	char key[700];
	unsigned meaning = (kind->is_dependence ? 1u : 0) | (kind->is_excepted ? 2u : 0) |
	    (kind->is_visit ? 4u : 0);
	bool is_foreign =
	    (kind->flags & CF_FACT_FOREIGN_RESOLVER) != 0 || strcmp(kind->event, "bypass") == 0;
	const char *place = strcmp(kind->event, "lan") == 0 ? kind->relay
	    : strcmp(kind->event, "sinkhole") == 0          ? "sinkhole"
	                                                    : "";
	int len = kind->is_lookup ? snprintf(key, sizeof key, "q%u%d %.255s %.255s", meaning,
	                                is_foreign, kind->list, kind->rule)
	                          : snprintf(key, sizeof key, "c%u %s %.255s", meaning,
	                                strcmp(kind->event, "lan") == 0 ? "lan" : "", place);

	return cf_map_add(model->rule_map, key, (size_t)len,
	    (uint32_t)cf_map_count(model->rule_map), &kind->episode, NULL);
}

enum cf_status cf_model_classify(struct cf_model *model, struct cf_model_kind *kind)
{
	/* Not the vendor's, or put into pages by its products for their own ends. */
	static const char *const never[] = {"local-injection", "lookalike", "pass"};
	/* What people open in a browser: shop, account, company, encyclopedia. */
	static const char *const visits[] = {"web-account", "sales", "corporate", "informational"};
	static const char *const weak_via[] = {"shared_ip", "asn", "answer_addr"};
	/* JA4 alone tells a library, and a public resolver a way out, not a vendor. */
	bool counts = !IS_ONE_OF(kind->category, never) && strcmp(kind->via, "ja4") != 0 &&
	    strcmp(kind->via, "doh") != 0 && strcmp(kind->rule_type, "way") != 0;

	kind->is_lookup = strcmp(kind->event, "dns") == 0 || strcmp(kind->event, "bypass") == 0;
	kind->is_blocked = strcmp(kind->action, "block") == 0;
	kind->is_visit = counts && IS_ONE_OF(kind->category, visits);
	kind->is_excepted = counts && !kind->is_visit && !kind->is_blocked &&
	    (kind->owner[0] != '\0' || strcmp(kind->action, "allow") == 0);
	kind->is_dependence = counts && !kind->is_visit && !kind->is_excepted;
	/* The sensor decides: it saw whether something came back, and knows the cut-off. A visit
	 * that got round a block is no dependence, but it is an escape. */
	kind->is_escape = (kind->is_dependence || kind->is_visit) && !kind->is_blocked &&
	    (kind->flags & CF_FACT_ESCAPE) != 0;
	kind->is_weak = kind->is_visit || IS_ONE_OF(kind->via, weak_via);
	kind->outcome = outcome_of(kind);
	return number_episode(model, kind);
}
