/* Reading one line: a scanner for flat JSON that expects our keys in our order. */

#include "records/form/parse.h"

#include "base/bytes.h"
#include "records/form/members.h"

#include <string.h>

/* Bytes are read through at < end only. */
struct scanner {
	const char *at, *end;
	struct cf_filling filling;
};

static bool take(struct scanner *s, char wanted)
{
	if (s->at == s->end || *s->at != wanted)
		return false;
	s->at++;
	return true;
}

/* Other writers of JSON put spaces in; ours does not. */
static void skip_spaces(struct scanner *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}

/* One escape behind the backslash; code points over 255 are not ours and become '?'. */
static bool take_escape(struct scanner *s, char *byte_out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	unsigned value = 0;

	if (s->at == s->end)
		return false;
	if (*s->at != 'u') {
		found = memchr(from, *s->at, sizeof from - 1);
		if (found == NULL)
			return false;
		*byte_out = to[found - from];
		s->at++;
		return true;
	}
	if (s->end - s->at < 5)
		return false;
	for (unsigned i = 1; i <= 4; i++) {
		int digit = cf_hex_value(s->at[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (unsigned)digit;
	}
	*byte_out = value <= 0xff ? (char)value : '?';
	s->at += 5;
	return true;
}

/* The rest of a string with escapes, into scratch. What it takes is never more than the line has.
 */
static bool take_escaped(struct scanner *s, const char *start, struct cf_text *text_out)
{
	char *scratch = s->filling.record->scratch + s->filling.record->scratch_used, *to = scratch;
	size_t plain = (size_t)(s->at - start);

	memcpy(to, start, plain);
	to += plain;
	for (;;) {
		if (s->at == s->end || (unsigned char)*s->at < 0x20)
			return false;
		if (*s->at == '"')
			break;
		if (*s->at != '\\') {
			*to++ = *s->at++;
			continue;
		}
		s->at++;
		if (!take_escape(s, to))
			return false;
		to++;
	}
	s->at++;
	*text_out = (struct cf_text){.data = scratch, .len = (size_t)(to - scratch)};
	s->filling.record->scratch_used += text_out->len;
	return true;
}

/* True for what stands for itself within a string. Mostly two comparisons: this is asked of each
 * byte of a line. */
static bool is_plain(char c)
{
	unsigned char byte = (unsigned char)c;

	return (byte > '"' && byte != '\\') || byte == ' ' || byte == '!';
}

/* True when all eight bytes stand for themselves: none is below ' ', a quote or a backslash. What
 * lies above a byte that is may be told wrongly, never that byte. */
static bool are_plain(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t bytes, quote, backslash;

	memcpy(&bytes, at, sizeof bytes);
	quote = bytes ^ ones * '"';
	backslash = bytes ^ ones * '\\';
	return ((((bytes - ones * ' ') & ~bytes) | ((quote - ones) & ~quote) |
	            ((backslash - ones) & ~backslash)) &
	           highs) == 0;
}

/* A string behind its opening quote. */
static bool take_string(struct scanner *s, struct cf_text *text_out)
{
	const char *start = s->at, *at = start, *end = s->end;

	while (end - at >= 8 && are_plain(at))
		at += 8;
	while (at < end && is_plain(*at))
		at++;
	s->at = at;
	if (at == end)
		return false;
	if (*at == '\\')
		return take_escaped(s, start, text_out);
	if (*at != '"')
		return false;
	*text_out = (struct cf_text){.data = start, .len = (size_t)(at - start)};
	s->at++;
	return true;
}

/* Anything but a string or an object: its bytes up to the next delimiter. */
static bool take_bare(struct scanner *s, struct cf_text *text_out)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at != ',' && *s->at != '}' && *s->at != ']' && *s->at != ' ' &&
	    *s->at != '"' && *s->at != '{' && *s->at != '[')
		s->at++;
	*text_out = (struct cf_text){.data = start, .len = (size_t)(s->at - start)};
	return text_out->len > 0;
}

/* Steps over a value that nobody knows, whatever is in it. Depth is bounded by the line's length
 * only, for it is counted, not recursed. */
static bool skip_nested(struct scanner *s)
{
	unsigned depth = 0;
	struct cf_text unused;
	size_t scratch_used = s->filling.record->scratch_used;

	do {
		char c = s->at < s->end ? *s->at : '\0';

		if (c == '\0' || (unsigned char)c < 0x20)
			return false;
		s->at++;
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (c == '"' && !take_string(s, &unused))
			return false;
		s->filling.record->scratch_used = scratch_used;
	} while (depth > 0);
	return true;
}

/* The key of a member of the group with its colon; *member_out is NULL where nobody knows it. */
static bool take_key(struct scanner *s, unsigned group, const struct cf_member **member_out)
{
	struct cf_text key;
	size_t len;

	*member_out = cf_member_expect(&s->filling, group, s->at, s->end, &len);
	if (*member_out != NULL) {
		s->at += len;
		skip_spaces(s);
		return s->at < s->end;
	}
	skip_spaces(s);
	if (!take(s, '"') || !take_string(s, &key))
		return false;
	skip_spaces(s);
	if (!take(s, ':'))
		return false;
	skip_spaces(s);
	*member_out = cf_member_find(&s->filling, group, key);
	return s->at < s->end;
}

/* The value behind a key that is no object of ours. */
static bool take_value(struct scanner *s, const struct cf_member *member)
{
	struct cf_text text;

	if (*s->at == '{' || *s->at == '[')
		return skip_nested(s);
	if (take(s, '"')) {
		if (!take_string(s, &text))
			return false;
	} else if (!take_bare(s, &text)) {
		return false;
	}
	return member == NULL || cf_member_store(&s->filling, member, text);
}

/* True when another member follows, false at the end of the object; *ok_out false for neither. */
static bool take_comma(struct scanner *s, bool *ok_out)
{
	skip_spaces(s);
	if (take(s, ','))
		return true;
	*ok_out = take(s, '}');
	return false;
}

/* Members of an inner object, behind its brace. */
static bool take_inner(struct scanner *s, unsigned group)
{
	const struct cf_member *member;
	bool ok = true;

	skip_spaces(s);
	if (take(s, '}'))
		return true;
	do {
		if (!take_key(s, group, &member) || !take_value(s, member))
			return false;
	} while (take_comma(s, &ok));
	return ok;
}

static bool take_line(struct scanner *s)
{
	bool ok = true;

	if (!take(s, '{'))
		return false;
	do {
		const struct cf_member *member;
		unsigned group;

		if (!take_key(s, CF_MEMBERS_TOP, &member))
			return false;
		if (*s->at == '{' && member != NULL && cf_member_opens(member, &group)) {
			s->at++;
			if (!take_inner(s, group))
				return false;
		} else if (!take_value(s, member)) {
			return false;
		}
	} while (take_comma(s, &ok));
	skip_spaces(s);
	return ok && s->at == s->end;
}

/* A line that could not be read: why? */
static enum cf_line_fault fault_of(const char *line, size_t len)
{
	if (memchr(line, '\0', len) != NULL)
		return CF_LINE_NULS;
	return len >= 5 && memcmp(line, "{\"v\":", 5) == 0 ? CF_LINE_TORN : CF_LINE_FOREIGN;
}

const char *cf_line_fault_text(enum cf_line_fault fault)
{
	static const char *const texts[CF_LINE_FAULTS] = {[CF_LINE_OK] = "ok",
	    [CF_LINE_BLANK] = "blank",
	    [CF_LINE_TORN] = "torn",
	    [CF_LINE_NULS] = "zero bytes",
	    [CF_LINE_FOREIGN] = "foreign",
	    [CF_LINE_TOO_LONG] = "too long",
	    [CF_LINE_VERSION] = "other version"};

	return (unsigned)fault < CF_LINE_FAULTS ? texts[fault] : "?";
}

enum cf_line_fault cf_record_parse(const char *line, size_t len, struct cf_record *record_out)
{
	struct scanner s = {.at = line, .end = line + len, .filling = {.record = record_out}};

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
		s.end = line + --len;
	if (len == 0)
		return CF_LINE_BLANK;
	if (len > CF_RECORD_LINE_BYTES)
		return CF_LINE_TOO_LONG;
	memset(record_out, 0, offsetof(struct cf_record, scratch));
	record_out->count = 1;
	if (!take_line(&s))
		return fault_of(line, len);
	/* Of version 1 only the type of match.serial was another, and members may be of either. */
	if (record_out->version != 1 && record_out->version != 2)
		return record_out->version == 0 ? CF_LINE_FOREIGN : CF_LINE_VERSION;
	if (!s.filling.has_event || !s.filling.has_time)
		return CF_LINE_FOREIGN;
	/* Every record of ours says who wrote it; whoever tells writers apart relies on that. */
	if (record_out->sensor.len == 0 || record_out->source.len == 0)
		return CF_LINE_FOREIGN;
	record_out->is_hit = record_out->event < CF_EVENT_IDENTITY;
	if (record_out->last_wall_us == 0)
		record_out->last_wall_us = record_out->at_wall_us;
	return CF_LINE_OK;
}
