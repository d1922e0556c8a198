/*
 * Response Policy Zones (draft-vixie-dnsop-dns-rpz): a zone file whose owners are triggers. Only
 * QNAME triggers that withhold an answer become names; the rest is rejected with its reason.
 */

#include "compile/list/list_line.h"

#include "base/limits.h"

#include <stdio.h>

/* Words kept of one record: owner, TTL, class, type and the first of its data. */
#define WORDS 8

struct zone {
	struct cf_list_reader *reader;
	struct cf_line_text rest;
	char apex[CF_NAME_TEXT_BYTES];   /* without the last dot; "" unknown */
	char origin[CF_NAME_TEXT_BYTES]; /* in force, without the last dot; "" unknown */
	char owner[CF_NAME_TEXT_BYTES];  /* of the last record, as written */
};

struct record {
	struct cf_line_text words[WORDS];
	unsigned count; /* at most WORDS are kept */
	bool own_owner; /* begins in column one */
	bool torn;      /* the file ends inside quotes or parentheses */
};

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c + ('a' - 'A'));
	return c;
}

static bool same(struct cf_line_text text, const char *word)
{
	size_t i;

	for (i = 0; i < text.len && word[i] != '\0'; i++)
		if (lower(text.at[i]) != lower(word[i]))
			return false;
	return i == text.len && word[i] == '\0';
}

/* Copies a name without its last dot, lower case; false when it is too long. */
static bool copy_name(struct cf_line_text text, char name[CF_NAME_TEXT_BYTES])
{
	if (text.len > 1 && text.at[text.len - 1] == '.')
		text.len--;
	if (text.len >= CF_NAME_TEXT_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++)
		name[i] = lower(text.at[i]);
	name[text.len] = '\0';
	return true;
}

/* Reads one word at the front of rest: quoted, or up to a blank, a parenthesis or a comment. */
static struct cf_line_text take_word(struct cf_line_text *rest, bool *torn)
{
	struct cf_line_text word = {rest->at, 0};
	size_t n = 0;

	if (rest->at[0] == '"') {
		for (n = 1; n < rest->len && rest->at[n] != '"' && rest->at[n] != '\n'; n++)
			if (rest->at[n] == '\\' && n + 1 < rest->len && rest->at[n + 1] != '\n')
				n++;
		if (n >= rest->len || rest->at[n] != '"')
			*torn = true;
		else
			n++;
	} else {
		while (n < rest->len && !cf_text_blank(rest->at[n]) && rest->at[n] != '\n' &&
		    rest->at[n] != ';' && rest->at[n] != '(' && rest->at[n] != ')' &&
		    rest->at[n] != '"')
			n += 1U +
			    (rest->at[n] == '\\' && n + 1 < rest->len && rest->at[n + 1] != '\n');
	}
	if (n > rest->len)
		n = rest->len;
	word.len = n;
	*rest = cf_text_after(*rest, n);
	return word;
}

/* The next record, over as many lines as its parentheses span; false at the end of the file. */
static bool take_record(struct zone *zone, struct record *record)
{
	unsigned depth = 0;
	const char *start = zone->rest.at;

	*record =
	    (struct record){.own_owner = zone->rest.len > 0 && !cf_text_blank(zone->rest.at[0])};
	if (zone->rest.len == 0)
		return false;
	zone->reader->line_number++;
	while (zone->rest.len > 0) {
		char c = zone->rest.at[0];

		if (c == '\n' && depth == 0)
			break;
		if (c == ';') {
			zone->rest = cf_text_after(zone->rest, cf_text_until(zone->rest, '\n').len);
		} else if (c == '\n' || cf_text_blank(c) || c == '(' || c == ')') {
			zone->reader->line_number += c == '\n';
			depth += c == '(';
			depth -= c == ')' && depth > 0;
			zone->rest = cf_text_after(zone->rest, 1);
		} else {
			struct cf_line_text word = take_word(&zone->rest, &record->torn);

			if (record->count < WORDS)
				record->words[record->count++] = word;
			if (record->torn)
				break;
		}
	}
	record->torn |= depth != 0;
	zone->reader->line = (struct cf_line_text){start, (size_t)(zone->rest.at - start)};
	zone->reader->line = cf_text_until(zone->reader->line, '\n');
	if (record
	        ->torn) /* what an open quote or parenthesis swallowed cannot be told: next line */
		zone->rest = cf_text_after(zone->rest, cf_text_until(zone->rest, '\n').len);
	if (zone->rest.len > 0)
		zone->rest = cf_text_after(zone->rest, 1);
	return true;
}

static void take_directive(struct zone *zone, const struct record *record)
{
	if (same(record->words[0], "$TTL"))
		return;
	if (!same(record->words[0], "$ORIGIN") || record->count < 2) {
		cf_list_reject(zone->reader, "a directive that is not followed");
		return;
	}
	if (!copy_name(record->words[1], zone->origin)) {
		cf_list_reject(zone->reader, "no name");
		return;
	}
	if (zone->apex[0] == '\0')
		memcpy(zone->apex, zone->origin, sizeof zone->apex);
}

/*
 * The owner relative to the zone's apex, into trigger ("" for the apex itself); false when it
 * cannot be told or lies outside.
 */
static bool owner_in_zone(const struct zone *zone, char trigger[CF_NAME_TEXT_BYTES])
{
	char full[2 * CF_NAME_TEXT_BYTES];
	size_t owner_len = strlen(zone->owner), apex_len = strlen(zone->apex), len;

	if (strcmp(zone->owner, "@") == 0)
		memcpy(full, zone->origin, strlen(zone->origin) + 1);
	else if (zone->owner[owner_len - 1] == '.')
		memcpy(full, zone->owner, owner_len), full[owner_len - 1] = '\0';
	else if (zone->origin[0] == '\0' || strcmp(zone->origin, ".") == 0)
		memcpy(full, zone->owner, owner_len + 1);
	else
		(void)snprintf(full, sizeof full, "%s.%s", zone->owner, zone->origin); /* fits */
	len = strlen(full);
	/* Without an apex only relative owners have a meaning. */
	if (apex_len == 0 || strcmp(zone->apex, ".") == 0) {
		if (apex_len == 0 && zone->owner[owner_len - 1] == '.')
			return false;
	} else if (len < apex_len || strcmp(full + len - apex_len, zone->apex) != 0 ||
	    (len > apex_len && full[len - apex_len - 1] != '.')) {
		return false;
	} else {
		len -= apex_len;
		len -= len > 0;
	}
	if (len >= CF_NAME_TEXT_BYTES)
		return false;
	memcpy(trigger, full, len);
	trigger[len] = '\0';
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The place of the type among the words: behind owner, TTL and class. */
static unsigned type_at(const struct record *record)
{
	unsigned i = record->own_owner ? 1 : 0;

	while (i < record->count &&
	    (same(record->words[i], "IN") ||
	        (record->words[i].at[0] >= '0' && record->words[i].at[0] <= '9')))
		i++;
	return i;
}

/* Why a CNAME with this target withholds nothing, or NULL when it does. */
static const char *refusal(struct cf_line_text target, const char *trigger)
{
	if (same(target, "rpz-passthru.") || same(target, "rpz-passthru"))
		return "an exception: it belongs into the policy";
	if (same(target, "rpz-tcp-only."))
		return "asks for TCP: withholds nothing";
	if (target.len == strlen(trigger) + 1 && target.at[target.len - 1] == '.' &&
	    same((struct cf_line_text){target.at, target.len - 1}, trigger))
		return "an exception: it belongs into the policy";
	return NULL;
}

static void take_trigger(
    struct zone *zone, const char *trigger, struct cf_line_text type, struct cf_line_text target)
{
	static const char *const other[] = {
	    ".rpz-ip", ".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname"};
	const char *reason = NULL;
	struct cf_line_text name = {trigger, strlen(trigger)};

	if (trigger[0] == '\0' || same(type, "RRSIG") || same(type, "NSEC") || same(type, "NSEC3"))
		return; /* the zone's own records */
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		if (ends_with(trigger, other[i]))
			reason = "no QNAME trigger: only names are taken";
	if (reason == NULL && same(type, "CNAME"))
		reason = target.len == 0 ? "no target" : refusal(target, trigger);
	if (reason == NULL && (same(type, "NS") || same(type, "DNAME") || same(type, "SOA")))
		reason = "not allowed in a policy zone";
	if (reason != NULL)
		cf_list_reject(zone->reader, reason);
	else
		cf_list_emit(zone->reader, name, CF_SCOPE_EXACT);
}

static void take_resource_record(struct zone *zone, const struct record *record)
{
	char trigger[CF_NAME_TEXT_BYTES];
	unsigned type = type_at(record);
	struct cf_line_text target = {NULL, 0};

	if (record->own_owner) {
		if (record->words[0].len >= sizeof zone->owner) {
			cf_list_reject(zone->reader, "no host name");
			zone->owner[0] = '\0';
			return;
		}
		for (size_t i = 0; i < record->words[0].len; i++)
			zone->owner[i] = lower(record->words[0].at[i]);
		zone->owner[record->words[0].len] = '\0';
	}
	if (zone->owner[0] == '\0' || type >= record->count) {
		cf_list_reject(zone->reader, "no record");
		return;
	}
	if (type + 1 < record->count)
		target = record->words[type + 1];
	if (same(record->words[type], "SOA") && zone->apex[0] == '\0' &&
	    zone->owner[strlen(zone->owner) - 1] == '.') {
		(void)copy_name(
		    (struct cf_line_text){zone->owner, strlen(zone->owner)}, zone->apex); /* fits */
		memcpy(zone->origin, zone->apex, sizeof zone->origin);
	}
	if (strcmp(zone->owner, "@") == 0)
		return; /* the zone's own records */
	if (!owner_in_zone(zone, trigger))
		cf_list_reject(zone->reader, "outside the zone, or the zone's name is not known");
	else
		take_trigger(zone, trigger, record->words[type], target);
}

void cf_list_read_rpz(struct cf_list_reader *reader, const char *text, size_t len)
{
	struct zone zone = {.reader = reader, .rest = {text, len}};
	const char *origin = reader->options->origin;
	struct record record;

	if (origin != NULL && copy_name((struct cf_line_text){origin, strlen(origin)}, zone.apex))
		memcpy(zone.origin, zone.apex, sizeof zone.origin);
	while (!reader->stopped && take_record(&zone, &record)) {
		if (record.count == 0)
			continue;
		if (record.torn)
			cf_list_reject(reader, "an open quote or parenthesis");
		else if (record.words[0].at[0] == '$' && record.own_owner)
			take_directive(&zone, &record);
		else
			take_resource_record(&zone, &record);
	}
}
