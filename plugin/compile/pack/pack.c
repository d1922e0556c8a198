/* What the readers of a vendor's folder ask the pack that they fill. */

#include "compile/pack/pack.h"

#include <string.h>

const struct cf_pack_source *cf_pack_find_source(
    const struct cf_pack *pack, const char *id, size_t len)
{
	for (size_t i = 0; i < pack->source_count; i++) {
		const char *have = pack->sources[i].id;

		if (strncmp(have, id, len) == 0 && have[len] == '\0')
			return &pack->sources[i];
	}
	return NULL;
}

static bool two_digits(const char *text, unsigned most)
{
	unsigned value;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	value = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	return value >= 1 && value <= most;
}

bool cf_pack_date_ok(const char *text)
{
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	size_t len = strlen(text);
	unsigned month;

	if (len != 4 && len != 7 && len != 10)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	if (memcmp(text, "1990", 4) < 0 || memcmp(text, "2199", 4) > 0)
		return false;
	if (len >= 7 && (text[4] != '-' || !two_digits(text + 5, 12)))
		return false;
	if (len < 10)
		return true;
	month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
	return text[7] == '-' && two_digits(text + 8, days[month - 1]);
}
