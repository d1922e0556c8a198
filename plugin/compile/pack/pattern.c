/* Numbered patterns in names. */

#include "compile/pack/pattern.h"

#include <stdio.h>
#include <string.h>

/* Brackets in one pattern; the product of their ranges is bounded anyway. */
#define MAX_RANGES 4
/* Digits of a bound: CF_PATTERN_NAMES has five. */
#define MAX_DIGITS 5

struct range {
	size_t at, end; /* of the bracket in the text: [at, end) */
	uint32_t first, last;
	unsigned width; /* digits to pad to; 0: none */
};

struct pattern {
	const char *text;
	size_t len;
	struct range ranges[MAX_RANGES];
	unsigned range_count;
	uint32_t member_count;
};

bool cf_pattern_is(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			i++; /* a bracket behind a backslash is one of the name's bytes */
		else if (text[i] == '[' || text[i] == ']')
			return true;
	}
	return false;
}

/* Reads 1 to MAX_DIGITS digits at *at; returns how many, 0 when it is no number. */
static unsigned read_bound(const char *text, size_t len, size_t *at, uint32_t *value_out)
{
	uint32_t value = 0;
	unsigned digits = 0;

	while (*at < len && text[*at] >= '0' && text[*at] <= '9') {
		if (++digits > MAX_DIGITS)
			return 0;
		value = value * 10 + (uint32_t)(text[(*at)++] - '0');
	}
	*value_out = value;
	return digits;
}

/* Reads "[a-b]" at *at, which is at the bracket, and steps over it. */
static bool read_range(const char *text, size_t len, size_t *at, struct range *range)
{
	unsigned first_digits, last_digits;

	range->at = (*at)++;
	first_digits = read_bound(text, len, at, &range->first);
	if (first_digits == 0 || *at >= len || text[(*at)++] != '-')
		return false;
	last_digits = read_bound(text, len, at, &range->last);
	if (last_digits == 0 || *at >= len || text[(*at)++] != ']')
		return false;
	range->end = *at;
	range->width = first_digits == last_digits ? first_digits : 0;
	return range->first <= range->last;
}

/* Writes member number index as text; 0 when it is longer than any name can be. */
static size_t write_member(const struct pattern *p, uint32_t index, char *text, size_t size)
{
	size_t at = 0, from = 0;
	uint32_t values[MAX_RANGES] = {0};

	for (unsigned i = p->range_count; i-- > 0;) {
		uint32_t span = p->ranges[i].last - p->ranges[i].first + 1;

		values[i] = p->ranges[i].first + index % span;
		index /= span;
	}
	for (unsigned i = 0; i <= p->range_count; i++) {
		size_t to = i < p->range_count ? p->ranges[i].at : p->len;

		if (to - from >= size - at)
			return 0;
		memcpy(text + at, p->text + from, to - from);
		at += to - from;
		if (i == p->range_count)
			break;
		if (size - at <= MAX_DIGITS)
			return 0;
		at += (size_t)snprintf(
		    text + at, size - at, "%0*u", (int)p->ranges[i].width, values[i]);
		from = p->ranges[i].end;
	}
	return at;
}

static enum cf_status member_name(const struct pattern *p, uint32_t index, struct cf_name *name_out)
{
	char text[CF_NAME_TEXT_BYTES];
	size_t len;

	if (p->range_count == 0)
		return cf_name_from_text(p->text, p->len, name_out);
	len = write_member(p, index, text, sizeof text);
	return len == 0 ? CF_EMALFORMED : cf_name_from_text(text, len, name_out);
}

static enum cf_status parse(const char *text, size_t len, struct pattern *p)
{
	uint64_t members = 1;
	size_t at = 0;

	*p = (struct pattern){.text = text, .len = len};
	while (at < len) {
		struct range *range = &p->ranges[p->range_count];

		if (text[at] == '\\') {
			at += at + 1 < len ? 2 : 1;
			continue;
		}
		if (text[at] == ']')
			return CF_EMALFORMED;
		if (text[at] != '[') {
			at++;
			continue;
		}
		if (p->range_count == MAX_RANGES || !read_range(text, len, &at, range))
			return CF_EMALFORMED;
		members *= (uint64_t)range->last - range->first + 1;
		if (members > CF_PATTERN_NAMES)
			return CF_ETOOBIG;
		p->range_count++;
	}
	p->member_count = (uint32_t)members;
	return CF_OK;
}

/*
 * The last member has the longest text in each place (no bound gets shorter), so when it and the
 * first are names, all are.
 */
static enum cf_status parse_and_check(const char *text, size_t len, struct pattern *p)
{
	struct cf_name name;
	enum cf_status status = parse(text, len, p);

	if (status == CF_OK)
		status = member_name(p, p->member_count - 1, &name);
	return status;
}

enum cf_status cf_pattern_check(const char *text, size_t len, uint32_t *count_out)
{
	struct pattern p;
	enum cf_status status = parse_and_check(text, len, &p);

	if (status == CF_OK && count_out != NULL)
		*count_out = p.member_count;
	return status;
}

enum cf_status cf_pattern_expand(const char *text, size_t len, cf_pattern_each *each, void *context)
{
	struct pattern p;
	struct cf_name name;
	enum cf_status status = parse_and_check(text, len, &p);

	for (uint32_t i = 0; status == CF_OK && i < p.member_count; i++) {
		status = member_name(&p, i, &name);
		if (status == CF_OK && !each(context, &name))
			status = CF_EAGAIN;
	}
	return status;
}
