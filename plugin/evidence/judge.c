#include "evidence/judge.h"

#include "base/array.h"
#include "base/map.h"
#include "image/image.h"
#include "rehearse/rehearse.h"
#include "rehearse/verdict_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_IMAGE   UINT32_MAX
#define TOLD_MOST  100
#define NAMED_MOST 10000

/* A hit that the image named last does not explain. */
struct waiting {
	char *text;
	size_t len;
	const char *path;
	uint64_t line;
};

struct writer {
	uint32_t image; /* index of named; NO_IMAGE before the first word */
	struct waiting *waiting;
	size_t count, size;
};

/* A digest that somebody named, and the image of it when it is here. */
struct named {
	char digest[CF_SHA256_TEXT_BYTES];
	struct cf_rehearsal *rehearsal; /* NULL: not here */
	bool was_named;
};

struct cf_judge {
	void (*differs)(void *context, const char *path, uint64_t line, const char *why);
	void *context;
	struct cf_map *digests, *writer_keys;
	struct named *named;
	size_t named_count, named_size;
	struct writer *writers;
	size_t writer_count, writer_size;
	struct cf_record *again; /* a waiting line, parsed once more */
	uint64_t told;
	struct cf_judge_counts counts;
};

struct cf_judge *cf_judge_new(
    void (*differs)(void *context, const char *path, uint64_t line, const char *why), void *context)
{
	struct cf_judge *judge = calloc(1, sizeof *judge);

	if (judge == NULL)
		return NULL;
	judge->differs = differs;
	judge->context = context;
	judge->digests = cf_map_new();
	judge->writer_keys = cf_map_new();
	judge->again = malloc(sizeof *judge->again);
	if (judge->digests == NULL || judge->writer_keys == NULL || judge->again == NULL) {
		cf_judge_free(judge);
		return NULL;
	}
	return judge;
}

static void forget_waiting(struct writer *writer)
{
	for (size_t i = 0; i < writer->count; i++)
		free(writer->waiting[i].text);
	writer->count = 0;
}

void cf_judge_free(struct cf_judge *judge)
{
	if (judge == NULL)
		return;
	for (size_t i = 0; i < judge->writer_count; i++) {
		forget_waiting(&judge->writers[i]);
		free(judge->writers[i].waiting);
	}
	for (size_t i = 0; i < judge->named_count; i++)
		cf_rehearsal_free(judge->named[i].rehearsal);
	cf_map_free(judge->digests);
	cf_map_free(judge->writer_keys);
	free(judge->named);
	free(judge->writers);
	free(judge->again);
	free(judge);
}

/* The place of a digest, made when it is new. */
static enum cf_status name_image(
    struct cf_judge *judge, const char *digest, size_t len, uint32_t *at_out)
{
	struct named *named =
	    cf_array_grow(judge->named, judge->named_count, 1, &judge->named_size, sizeof *named);
	bool added;

	if (named == NULL)
		return CF_ENOMEM;
	judge->named = named;
	if (cf_map_add(judge->digests, digest, len, (uint32_t)judge->named_count, at_out, &added) !=
	    CF_OK)
		return CF_ENOMEM;
	if (added) {
		named[judge->named_count] = (struct named){.rehearsal = NULL};
		(void)snprintf(named[judge->named_count].digest,
		    sizeof named[judge->named_count].digest, "%.*s", (int)len, digest);
		judge->named_count++;
	}
	return CF_OK;
}

enum cf_status cf_judge_add_image(struct cf_judge *judge, const struct cf_image *image)
{
	char digest[CF_SHA256_TEXT_BYTES];
	uint32_t at;
	enum cf_status status;

	(void)cf_sha256_format(cf_image_info(image)->digest, digest);
	status = name_image(judge, digest, strlen(digest), &at);
	if (status != CF_OK || judge->named[at].rehearsal != NULL)
		return status;
	return cf_rehearsal_new(image, 0, &judge->named[at].rehearsal);
}

/* Adds what fits of a text. */
static size_t put(char *key, size_t at, size_t size, struct cf_text text)
{
	size_t len = text.len < size - at ? text.len : size - at;

	if (len > 0)
		memcpy(key + at, text.data, len);
	return at + len;
}

static enum cf_status writer_of(
    struct cf_judge *judge, const struct cf_record *record, struct writer **writer_out)
{
	struct writer *writers = cf_array_grow(
	    judge->writers, judge->writer_count, 1, &judge->writer_size, sizeof *writers);
	char key[600];
	bool added;
	uint32_t at;
	size_t len = put(key, 0, sizeof key - 1, record->sensor);

	if (writers == NULL)
		return CF_ENOMEM;
	judge->writers = writers;
	key[len++] = ' ';
	len = put(key, len, sizeof key, record->source);
	if (cf_map_add(judge->writer_keys, key, len, (uint32_t)judge->writer_count, &at, &added) !=
	    CF_OK)
		return CF_ENOMEM;
	if (added)
		judge->writers[judge->writer_count++] = (struct writer){.image = NO_IMAGE};
	*writer_out = &judge->writers[at];
	return CF_OK;
}

static void tell(struct cf_judge *judge, const char *path, uint64_t line, const char *why)
{
	judge->counts.differ++;
	if (judge->told++ < TOLD_MOST)
		judge->differs(judge->context, path, line, why);
}

/* Checks by one image; false when it is decided otherwise, or there is no such image here. */
static bool explains(
    struct cf_judge *judge, uint32_t image, const struct cf_record *record, char *why)
{
	if (image == NO_IMAGE || judge->named[image].rehearsal == NULL) {
		(void)snprintf(why, CF_ERROR_TEXT_BYTES, "its image is not here");
		return false;
	}
	switch (cf_verdict_check(judge->named[image].rehearsal, record, why)) {
	case CF_CHECK_AGREES:
		judge->counts.agree++;
		return true;
	case CF_CHECK_HIDDEN:
		judge->counts.hidden++;
		return true;
	case CF_CHECK_UNTOLD:
		judge->counts.untold++;
		return true;
	case CF_CHECK_DIFFERS:
		break;
	}
	return false;
}

static bool is_here(const struct cf_judge *judge, uint32_t image)
{
	return image != NO_IMAGE && judge->named[image].rehearsal != NULL;
}

/*
 * What waits was not explained by the image named before; perhaps by the one named now. Where one
 * of the two is not here, it cannot be known.
 */
static void settle(struct cf_judge *judge, struct writer *writer, uint32_t now)
{
	uint32_t before = writer->image;
	bool is_known = is_here(judge, now) && (before == NO_IMAGE || is_here(judge, before));
	char why[CF_ERROR_TEXT_BYTES];

	for (size_t i = 0; i < writer->count; i++) {
		const struct waiting *waiting = &writer->waiting[i];

		if (cf_record_parse(waiting->text, waiting->len, judge->again) != CF_LINE_OK ||
		    (now != before && explains(judge, now, judge->again, why)))
			continue;
		if (!is_known) {
			judge->counts.no_image++;
			continue;
		}
		/* For the words alone: it was tried. */
		(void)explains(judge, before == NO_IMAGE ? now : before, judge->again, why);
		tell(judge, waiting->path, waiting->line, why);
	}
	forget_waiting(writer);
}

static enum cf_status wait_for_word(
    struct writer *writer, const char *path, const struct cf_line *line)
{
	struct waiting *waiting =
	    cf_array_grow(writer->waiting, writer->count, 1, &writer->size, sizeof *waiting);
	char *text = waiting == NULL ? NULL : malloc(line->len + 1);

	if (waiting != NULL)
		writer->waiting = waiting;
	if (text == NULL)
		return CF_ENOMEM;
	memcpy(text, line->text, line->len);
	text[line->len] = '\0';
	waiting[writer->count++] =
	    (struct waiting){.text = text, .len = line->len, .path = path, .line = line->number};
	return CF_OK;
}

static enum cf_status take_hit(struct cf_judge *judge, struct writer *writer, const char *path,
    const struct cf_line *line, const struct cf_record *record)
{
	char why[CF_ERROR_TEXT_BYTES];

	judge->counts.records++;
	if (explains(judge, writer->image, record, why))
		return CF_OK;
	if (writer->count < CF_JUDGE_WAITING)
		return wait_for_word(writer, path, line);
	tell(judge, path, line->number, why);
	return CF_OK;
}

/* A writer's word about itself. */
static enum cf_status take_word(
    struct cf_judge *judge, struct writer *writer, const struct cf_record *record)
{
	const struct cf_text *image = &record->report.image, *privacy = &record->report.privacy;
	enum cf_status status = CF_OK;
	uint32_t at;

	for (size_t i = 0; i < judge->named_count && privacy->len > 0 && status == CF_OK; i++)
		if (judge->named[i].rehearsal != NULL)
			status = cf_rehearsal_learn(judge->named[i].rehearsal, record);
	if (status != CF_OK || image->len == 0 || image->len >= CF_SHA256_TEXT_BYTES ||
	    judge->named_count >= NAMED_MOST)
		return status;
	status = name_image(judge, image->data, image->len, &at);
	if (status != CF_OK)
		return status;
	judge->named[at].was_named = true;
	settle(judge, writer, at);
	writer->image = at;
	return CF_OK;
}

enum cf_status cf_judge_take(struct cf_judge *judge, const char *path, const struct cf_line *line,
    const struct cf_record *record)
{
	struct writer *writer;
	enum cf_status status = writer_of(judge, record, &writer);

	if (status != CF_OK)
		return status;
	return record->is_hit ? take_hit(judge, writer, path, line, record)
	                      : take_word(judge, writer, record);
}

void cf_judge_finish(struct cf_judge *judge, struct cf_judge_counts *counts_out)
{
	for (size_t i = 0; i < judge->writer_count; i++)
		settle(judge, &judge->writers[i], judge->writers[i].image);
	*counts_out = judge->counts;
}

bool cf_judge_was_named(const struct cf_judge *judge, const char *digest)
{
	uint32_t at;

	return cf_map_find(judge->digests, digest, strlen(digest), &at) &&
	    judge->named[at].was_named;
}

const char *cf_judge_missing(const struct cf_judge *judge, size_t i)
{
	for (size_t at = 0; at < judge->named_count; at++)
		if (judge->named[at].rehearsal == NULL && i-- == 0)
			return judge->named[at].digest;
	return NULL;
}
