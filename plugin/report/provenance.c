#include "report/provenance.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S     86400
#define COUNT(of) (sizeof(of) / sizeof(of)[0])
#define TEXT(of) \
	{ \
		.text = (of) \
	}
#define NUMBER(of) \
	{ \
		.number = (int64_t)(of) \
	}
#define INSTANT(key, title) \
	{ \
		key, title, CF_DOC_INSTANT, false \
	}
#define WORDS(key, title) \
	{ \
		key, title, CF_DOC_TEXT, false \
	}

static const char *find_image(const struct cf_provenance *provenance, const char *digest)
{
	for (size_t i = 0; i < provenance->image_count; i++)
		if (strcmp(provenance->images[i].digest, digest) == 0)
			return provenance->images[i].sources;
	return NULL;
}

static void add_images(struct cf_doc *doc, const struct cf_provenance *provenance)
{
	static const struct cf_doc_column columns[] = {WORDS("image", "image"),
	    WORDS("sources", "compiled from"), WORDS("sensor", "sensor"), WORDS("source", "source"),
	    INSTANT("first", "from"), INSTANT("last", "to"), WORDS("file", "file")};
	const struct cf_origin *origin = provenance->origin;

	cf_doc_table(doc, "images", "decided by image", columns, COUNT(columns));
	for (size_t i = 0; i < origin->used_count; i++) {
		const struct cf_origin_used *used = &origin->used[i];
		const char *sources = find_image(provenance, used->value);
		const struct cf_doc_cell cells[] = {TEXT(used->value),
		    TEXT(sources == NULL ? "" : sources), TEXT(used->sensor), TEXT(used->source),
		    NUMBER(used->first_wall_s), NUMBER(used->last_wall_s),
		    TEXT(sources == NULL ? "not here" : "here")};

		if (used->what == CF_USED_IMAGE)
			cf_doc_row(doc, cells);
	}
}

/* "9 days old", "valid until ... is over": what a reader must know of it. */
static const char *state_of(
    struct cf_doc *doc, const struct cf_provenance_pack *pack, int64_t at_wall_s)
{
	char until[CF_INSTANT_TEXT_BYTES];

	if (pack->until_wall_s == 0)
		return "no expiry is known";
	(void)cf_instant_format(pack->until_wall_s, until);
	return pack->until_wall_s <= at_wall_s
	    ? cf_doc_format(doc, "expired at %s; enforced all the same", until)
	    : cf_doc_format(doc, "valid until %s", until);
}

static void add_packs(struct cf_doc *doc, const struct cf_provenance *provenance)
{
	static const struct cf_doc_column columns[] = {WORDS("pack", "pack"),
	    WORDS("version", "version"), INSTANT("as_of", "as of"), WORDS("age", "age"),
	    INSTANT("until", "until"), WORDS("state", "state"), WORDS("image", "image")};

	cf_doc_table(doc, "packs", "pack", columns, COUNT(columns));
	for (size_t i = 0; i < provenance->pack_count; i++) {
		const struct cf_provenance_pack *pack = &provenance->packs[i];
		int64_t days = (provenance->made_wall_s - pack->as_of_wall_s) / DAY_S;
		const struct cf_doc_cell cells[] = {TEXT(pack->name), TEXT(pack->version),
		    NUMBER(pack->as_of_wall_s),
		    TEXT(pack->as_of_wall_s == 0 ? "age not known"
		                                 : cf_doc_format(doc, "%lld days old",
		                                       (long long)(days < 0 ? 0 : days))),
		    NUMBER(pack->until_wall_s), TEXT(state_of(doc, pack, provenance->made_wall_s)),
		    TEXT(pack->image[0] == '\0' ? "cited by hits" : pack->image)};

		cf_doc_row(doc, cells);
	}
}

static void add_seals(struct cf_doc *doc, const struct cf_origin *origin)
{
	static const struct cf_doc_column columns[] = {WORDS("sensor", "sensor"),
	    WORDS("source", "source"), INSTANT("at", "at"), WORDS("run", "run"),
	    WORDS("sha256", "seal")};

	cf_doc_table(doc, "seals", "newest seal of", columns, COUNT(columns));
	for (size_t i = 0; i < origin->seal_count; i++) {
		const struct cf_origin_seal *seal = &origin->seals[i];
		const struct cf_doc_cell cells[] = {TEXT(seal->sensor), TEXT(seal->source),
		    NUMBER(seal->at_wall_s), TEXT(seal->run), TEXT(seal->sha256)};

		cf_doc_row(doc, cells);
	}
}

static void add_logs(struct cf_doc *doc, const struct cf_origin *origin)
{
	static const struct cf_doc_column columns[] = {WORDS("log", "log"), WORDS("key", "key"),
	    {"lines", "lines", CF_DOC_NUMBER, false}, {"bytes", "bytes", CF_DOC_BYTES, false}};

	cf_doc_table(doc, "logs", "log", columns, COUNT(columns));
	for (size_t i = 0; i < origin->log_count; i++) {
		const struct cf_origin_log *log = &origin->logs[i];
		const struct cf_doc_cell cells[] = {
		    TEXT(log->name), TEXT(log->key), NUMBER(log->lines), NUMBER(log->bytes)};

		cf_doc_row(doc, cells);
	}
}

/* Versions and policies as sensors named them. */
static void add_words(
    struct cf_doc *doc, const struct cf_origin *origin, enum cf_used_what what, const char *title)
{
	static const struct cf_doc_column columns[] = {WORDS("value", "value"),
	    WORDS("sensor", "sensor"), WORDS("source", "source"), INSTANT("first", "from"),
	    INSTANT("last", "to")};

	cf_doc_table(
	    doc, what == CF_USED_POLICY ? "policies" : "versions", title, columns, COUNT(columns));
	for (size_t i = 0; i < origin->used_count; i++) {
		const struct cf_origin_used *used = &origin->used[i];
		const struct cf_doc_cell cells[] = {TEXT(used->value), TEXT(used->sensor),
		    TEXT(used->source), NUMBER(used->first_wall_s), NUMBER(used->last_wall_s)};

		if (used->what == what)
			cf_doc_row(doc, cells);
	}
}

static bool knows_images(const struct cf_origin *origin)
{
	for (size_t i = 0; i < origin->used_count; i++)
		if (origin->used[i].what == CF_USED_IMAGE)
			return true;
	return false;
}

static void fill(struct cf_doc *doc, const struct cf_provenance *provenance)
{
	const struct cf_origin *origin = provenance->origin;

	cf_doc_fact_instant(doc, "made", "made", provenance->made_wall_s);
	cf_doc_fact_text(doc, "curfew", "by curfew", provenance->version);
	if (origin->digest[0] != '\0')
		cf_doc_fact_text(doc, "ledger", "ledger", origin->digest);
	cf_doc_fact_text(doc, "policy_sha256", "policy here",
	    provenance->policy_sha256[0] == '\0' ? "none" : provenance->policy_sha256);
	cf_doc_fact_text(doc, "policy_file", "from", provenance->policy_file);
	if (!knows_images(origin) && origin->log_count > 0)
		cf_doc_note(doc,
		    "the ledger does not say which image decided: its logs do not, or an older "
		    "curfew "
		    "took them in; `curfew ledger rebuild` reads it from them");
	add_images(doc, provenance);
	add_packs(doc, provenance);
	add_words(doc, origin, CF_USED_POLICY, "under policy");
	add_words(doc, origin, CF_USED_VERSION, "written by curfew");
	add_seals(doc, origin);
	add_logs(doc, origin);
}

void cf_provenance_add(struct cf_doc *doc, const struct cf_provenance *provenance)
{
	struct cf_doc *footer = doc == NULL ? NULL : cf_doc_footer(doc);

	if (footer == NULL)
		return;
	fill(footer, provenance);
	doc->failed = doc->failed || !cf_doc_ok(footer);
}

enum cf_status cf_provenance_json(const struct cf_provenance *provenance, FILE *to)
{
	struct cf_doc *doc = cf_doc_new("provenance");
	enum cf_status status = CF_ENOMEM;

	if (doc != NULL)
		fill(doc, provenance);
	if (cf_doc_ok(doc)) {
		cf_doc_json(doc, to);
		status = ferror(to) != 0 ? CF_EIO : CF_OK;
	}
	cf_doc_free(doc);
	return status;
}
