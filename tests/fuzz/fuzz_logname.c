/* Any names in a log's folder: what is taken for a rotated file has what ordering relies on. */

#include "records/files/log_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input is two names, the log's and another's, with a newline between them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *newline = memchr(data, '\n', len);
	struct cf_log_name parsed;
	char *base, *name;

	if (newline == NULL || len > 512)
		return 0;
	base = strndup((const char *)data, (size_t)(newline - data));
	name = strndup((const char *)newline + 1, len - (size_t)(newline - data) - 1);
	if (base != NULL && name != NULL && cf_log_name_parse(name, base, &parsed)) {
		size_t name_len = strlen(name);

		if (parsed.plain_len > name_len || parsed.cut > strlen(base) ||
		    parsed.word_len > name_len - parsed.cut ||
		    strspn(parsed.digits, "0123456789") != strlen(parsed.digits))
			abort();
		if (parsed.kind == CF_LOG_NAME_DATED && parsed.digits[0] == '\0')
			abort();
		if (parsed.year_last && strlen(parsed.digits) < 8)
			abort();
	}
	free(base);
	free(name);
	return 0;
}
