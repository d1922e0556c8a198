#include "trust/fetch_tag.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

void cf_fetch_take_tag(const char *line, size_t len, char tag[CF_FETCH_TAG_BYTES])
{
	size_t from = 5, end = len;

	if (len >= 5 && strncasecmp(line, "HTTP/", 5) == 0)
		tag[0] = '\0';
	if (len < 6 || strncasecmp(line, "etag:", 5) != 0)
		return;
	while (from < end && (line[from] == ' ' || line[from] == '\t'))
		from++;
	while (end > from && strchr("\r\n \t", line[end - 1]) != NULL)
		end--;
	if (end - from >= CF_FETCH_TAG_BYTES || !is_plain(line + from, end - from))
		return;
	memcpy(tag, line + from, end - from);
	tag[end - from] = '\0';
}
