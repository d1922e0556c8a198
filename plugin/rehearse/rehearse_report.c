/* What came of a rehearsal, as a document. */

#include "rehearse/rehearse_private.h"

#include "rehearse/rehearse_names.h"

#include <stdlib.h>
#include <string.h>

static const char *const fates[] = {"blocked", "let pass", "flagged", "passed"};

/* In this order. */
enum meaning {
	WOULD_BREAK,
	ONLY_A_FIREWALL,
	CANNOT_BE_KNOWN,
	WOULD_WORK_AGAIN,
	EXCEPTION_ENDS,
	EXCEPTION_BEGINS,
	STAYS,
	MEANINGS,
};
static const char *const meanings[MEANINGS] = {"would break", "only a firewall could stop it",
    "cannot be known", "would work again", "exception ends", "exception begins", "stays"};

/* What a person would say about it. */
static const char *meaning_of(const struct change *change)
{
	bool blocked_before = change->was == BLOCKED, blocked_then = change->would == BLOCKED;

	if (!change->is_known && change->was != change->would)
		return meanings[CANNOT_BE_KNOWN];
	if (!blocked_before && blocked_then)
		return meanings[change->by == BY_RESOLVER ? WOULD_BREAK : ONLY_A_FIREWALL];
	/* What nobody could stop works as it did. */
	if (blocked_before && !blocked_then && change->by == BY_RESOLVER)
		return meanings[WOULD_WORK_AGAIN];
	if (change->was == LET_PASS && change->would != LET_PASS)
		return meanings[EXCEPTION_ENDS];
	if (change->was != LET_PASS && change->would == LET_PASS)
		return meanings[EXCEPTION_BEGINS];
	return meanings[STAYS];
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Look-ups and connections, each as the witness counts that saw most of them. */
static uint64_t hits_of(const struct change *change)
{
	const uint64_t *told = change->told;

	return more(told[AT_RESOLVER], told[ON_THE_WIRE]) +
	    more(told[BY_ADDRESS], more(told[BY_NAME], told[BY_CONTENT]));
}

static int rank_of(const struct change *change)
{
	const char *meaning = meaning_of(change);
	int rank = 0;

	while (meanings[rank] != meaning)
		rank++;
	return rank;
}

static int by_meaning(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int order = rank_of(x) - rank_of(y);
	uint64_t x_hits = hits_of(x), y_hits = hits_of(y);

	if (order != 0)
		return order;
	if (x_hits != y_hits)
		return x_hits > y_hits ? -1 : 1;
	return strcmp(x->client, y->client);
}

static int64_t count_of(const struct cf_rehearsal *rehearsal, const char *meaning)
{
	int64_t count = 0;

	for (size_t i = 0; i < rehearsal->count; i++)
		count += meaning_of(&rehearsal->changes[i]) == meaning;
	return count;
}

bool cf_rehearsal_breaks(const struct cf_rehearsal *rehearsal)
{
	return count_of(rehearsal, meanings[WOULD_BREAK]) > 0;
}

static void add_head(struct cf_doc *doc, struct cf_rehearsal *rehearsal)
{
	static const char *const keys[MEANINGS] = {"would_break", "only_a_firewall",
	    "cannot_be_known", "would_work_again", "exception_ends", "exception_begins", "stays"};
	const struct cf_image_info *info = cf_image_info(rehearsal->image);

	cf_doc_fact_instant(doc, "at", "as if it were", rehearsal->at_wall_s);
	cf_doc_fact_text(doc, "policy", "policy",
	    info->policy_file[0] != '\0' ? info->policy_file : info->preset);
	cf_doc_fact_text(doc, "preset", "preset", info->preset);
	uint64_t hits = 0;

	for (size_t i = 0; i < rehearsal->count; i++)
		hits += hits_of(&rehearsal->changes[i]);
	if (rehearsal->records > 0) {
		cf_doc_fact_instant(doc, "log_from", "log from", rehearsal->first_us / 1000000);
		cf_doc_fact_instant(doc, "log_to", "log to", rehearsal->last_us / 1000000);
	}
	cf_doc_fact_number(doc, "hits", "look-ups and connections", (int64_t)hits);
	cf_doc_fact_number(
	    doc, "unlisted", "records that no list knows any more", (int64_t)rehearsal->unlisted);
	for (size_t m = 0; m < MEANINGS; m++)
		cf_doc_fact_number(doc, keys[m],
		    cf_doc_format(doc, "%s (client and category)", meanings[m]),
		    count_of(rehearsal, meanings[m]));
}

static void add_changes(struct cf_doc *doc, const struct cf_rehearsal *rehearsal,
    const struct cf_rehearsal_names *names)
{
	static const struct cf_doc_column columns[] = {
	    {"change", "change", CF_DOC_TEXT, false},
	    {"client", "client", CF_DOC_TEXT, false},
	    {"host", "host", CF_DOC_TEXT, false},
	    {"category", "category", CF_DOC_TEXT, false},
	    {"was", "was", CF_DOC_TEXT, false},
	    {"would", "would be", CF_DOC_TEXT, false},
	    {"enforcer", "could stop it", CF_DOC_TEXT, false},
	    {"hits", "hits", CF_DOC_NUMBER, false},
	    {"reason", "by", CF_DOC_TEXT, false},
	    {"what", "for example", CF_DOC_TEXT, true},
	    {"first", "first", CF_DOC_INSTANT, true},
	    {"last", "last", CF_DOC_INSTANT, true},
	};

	cf_doc_table(
	    doc, "changes", "Who would notice", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < rehearsal->count; i++) {
		const struct change *change = &rehearsal->changes[i];
		const char *reason = "nothing listed";
		struct cf_exception exception;
		struct cf_phase phase;

		if (change->exception != CF_NONE) {
			cf_image_exception(rehearsal->image, change->exception, &exception);
			reason = cf_doc_format(
			    doc, "exception of %s: %s", exception.owner, exception.reason);
		} else if (change->phase != CF_NONE) {
			cf_image_phase(rehearsal->image, change->phase, &phase);
			reason = cf_doc_format(doc, "phase %s", phase.name);
		} else if (change->would == FLAGGED) {
			reason = "before any phase";
		}
		const struct cf_doc_cell cells[] = {{.text = meaning_of(change)},
		    {.text = change->client},
		    {.text = change->is_hidden
		            ? ""
		            : cf_rehearsal_host(names, change->client, change->last_us)},
		    {.text = cf_category_text(change->category)}, {.text = fates[change->was]},
		    {.text = fates[change->would]},
		    {.text = change->by == BY_RESOLVER ? "resolver" : "firewall"},
		    {.number = (int64_t)hits_of(change)}, {.text = reason},
		    {.text = change->sample}, {.number = change->first_us / 1000000},
		    {.number = change->last_us / 1000000}};

		cf_doc_row(doc, cells);
	}
	if (rehearsal->count == 0)
		cf_doc_table_note(doc, "the logs hold no hit");
}

static void add_exceptions(struct cf_doc *doc, const struct cf_rehearsal *rehearsal)
{
	static const struct cf_doc_column columns[] = {
	    {"standing", "then", CF_DOC_TEXT, false},
	    {"owner", "owner", CF_DOC_TEXT, false},
	    {"clients", "for", CF_DOC_TEXT, false},
	    {"until", "until", CF_DOC_INSTANT, false},
	    {"hits", "hits it would decide", CF_DOC_NUMBER, false},
	    {"decided", "clients and categories", CF_DOC_NUMBER, false},
	    {"reason", "reason", CF_DOC_TEXT, true},
	};

	cf_doc_table(
	    doc, "exceptions", "Per exception", columns, sizeof columns / sizeof columns[0]);
	for (uint32_t i = 0; i < cf_image_info(rehearsal->image)->exceptions; i++) {
		struct cf_exception exception;
		int64_t hits = 0, decided = 0;

		cf_image_exception(rehearsal->image, i, &exception);
		for (size_t j = 0; j < rehearsal->count; j++)
			if (rehearsal->changes[j].exception == i) {
				hits += (int64_t)hits_of(&rehearsal->changes[j]);
				decided++;
			}
		const char *standing = rehearsal->at_wall_s < exception.from_wall_s ? "not yet"
		    : rehearsal->at_wall_s >= exception.until_wall_s                ? "lapsed"
		                                                                    : "in force";
		const struct cf_doc_cell cells[] = {{.text = standing}, {.text = exception.owner},
		    {.text = exception.clients},
		    {.number = exception.until_wall_s == INT64_MAX ? 0 : exception.until_wall_s},
		    {.number = hits}, {.number = decided}, {.text = exception.reason}};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cf_rehearsal_report(
    struct cf_rehearsal *rehearsal, const struct cf_rehearsal_names *names)
{
	struct cf_doc *doc = cf_doc_new("rehearsal");

	if (doc == NULL)
		return NULL;
	if (rehearsal->count > 1)
		qsort(rehearsal->changes, rehearsal->count, sizeof *rehearsal->changes, by_meaning);
	cf_doc_set_title(doc, "What would happen");
	add_head(doc, rehearsal);
	add_changes(doc, rehearsal, names);
	add_exceptions(doc, rehearsal);
	cf_doc_note(doc,
	    "only what is in the logs is rehearsed: who would be blocked for the first time"
	    " after more names are listed is not known from them");
	cf_doc_note(doc,
	    "the resolver refuses look-ups; what asks nobody (literal addresses, ports inside, "
	    "other"
	    " people's resolvers) only a firewall could stop");
	if (rehearsal->hidden[TRUNCATED])
		cf_doc_note(doc,
		    "a log has truncated addresses: its clients are networks (/24, /48), not "
		    "hosts, and"
		    " what an exception or group for a part of one would do cannot be known");
	if (rehearsal->hidden[PSEUDONYMS])
		cf_doc_note(doc,
		    "a log has pseudonyms for addresses: what exceptions or groups would do for its"
		    " clients cannot be known");
	return doc;
}

void cf_rehearsal_footer(const struct cf_rehearsal *rehearsal, struct cf_doc *doc,
    int64_t now_wall_s, const char *version)
{
	const struct cf_image_info *info = cf_image_info(rehearsal->image);
	struct cf_doc *footer = cf_doc_footer(doc);
	char digest[CF_SHA256_TEXT_BYTES];

	if (footer == NULL)
		return; /* the document is failed, and says so */
	cf_doc_fact_instant(footer, "made", "made", now_wall_s);
	cf_doc_fact_text(footer, "curfew", "by curfew", version);
	cf_doc_fact_text(
	    footer, "image", "decided by image", cf_sha256_format(info->digest, digest));
	cf_doc_fact_text(
	    footer, "sources", "compiled from", cf_sha256_format(info->source_digest, digest));
	cf_doc_fact_text(footer, "packs", "packs",
	    cf_doc_format(footer, "%s %s", info->vendor, info->pack_version));
	cf_doc_fact_text(footer, "policy_file", "under policy", info->policy_file);
	doc->failed = doc->failed || !cf_doc_ok(footer);
}
