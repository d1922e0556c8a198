#include "rehearse/verdict_check.h"

#include "policy/decide.h"
#include "rehearse/rehearse_private.h"

#include <stdio.h>
#include <string.h>

static bool is_word(const struct cf_text *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

static const char *fate_text(enum fate fate)
{
	static const char *const words[] = {"blocked", "let pass", "flagged", "passed"};

	return words[fate];
}

/* The version of the pack that the record cites, by the image; true where it has no such pack:
 * names of the policy's own are cited under it. */
static bool is_of_version(const struct cf_image *image, const struct cf_record *record)
{
	struct cf_image_pack pack;
	uint32_t at;

	if (record->match.serial.len == 0 ||
	    !cf_image_find_pack(image, record->match.list.data, record->match.list.len, &at))
		return record->match.list.len == 0 || record->match.serial.len == 0;
	cf_image_pack(image, at, &pack);
	return is_word(&record->match.serial, pack.version);
}

/* The phase that the record names, or none. */
static bool is_of_phase(
    const struct cf_image *image, const struct cf_record *record, uint32_t phase)
{
	struct cf_phase in_force;

	if (phase == CF_NONE)
		return record->policy.phase.len == 0;
	cf_image_phase(image, phase, &in_force);
	return is_word(&record->policy.phase, in_force.name);
}

/* Evidence of signatures, ports and resolvers is judged by its category, which the image cannot
 * find in the record again. */
static bool is_told_by_content(const struct cf_record *record)
{
	return record->via >= CF_VIA_HTTP_URI || record->via == CF_VIA_ASN;
}

enum cf_verdict_check cf_verdict_check(
    struct cf_rehearsal *rehearsal, const struct cf_record *record, char *why_out)
{
	struct cf_decision decision;
	enum fate was = cf_rehearsal_fate_of(record), would;
	bool is_known;

	why_out[0] = '\0';
	rehearsal->at_wall_s = record->at_wall_us / 1000000;
	is_known = cf_rehearsal_decide(rehearsal, record, &decision);
	if (!is_known)
		return CF_CHECK_HIDDEN;
	would = cf_rehearsal_fate_by(&decision);
	if (!decision.matched && is_told_by_content(record))
		return CF_CHECK_UNTOLD;
	if (!decision.matched)
		(void)snprintf(why_out, CF_ERROR_TEXT_BYTES, "the image does not list it");
	else if (was != would)
		(void)snprintf(why_out, CF_ERROR_TEXT_BYTES, "recorded as %s, by the image %s",
		    fate_text(was), fate_text(would));
	else if (!is_word(&record->match.category, cf_category_text(decision.category)))
		(void)snprintf(why_out, CF_ERROR_TEXT_BYTES, "recorded as %.*s, by the image %s",
		    (int)record->match.category.len, record->match.category.data,
		    cf_category_text(decision.category));
	else if (!is_of_phase(rehearsal->image, record, decision.phase))
		(void)snprintf(why_out, CF_ERROR_TEXT_BYTES, "another phase is in force");
	else if (!is_of_version(rehearsal->image, record))
		(void)snprintf(why_out, CF_ERROR_TEXT_BYTES, "another version of the pack");
	return why_out[0] == '\0' ? CF_CHECK_AGREES : CF_CHECK_DIFFERS;
}
