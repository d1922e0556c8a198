/* A key from the command line. */

#include "cli/front/trusted_key.h"

#include "trust/fetch.h"
#include "trust/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_take_trusted_key(void *place, const struct cli_given *given)
{
	struct cf_keyring *keyring = place;
	struct cf_fetch file = {.place = given->value, .most_bytes = 4096};
	struct cf_error error;
	char text[4097];

	(void)snprintf(text, sizeof text, "%s", given->value);
	if (strchr(given->value, '/') != NULL || strstr(given->value, ".pub") != NULL) {
		if (cf_fetch(&file, &error) == CF_OK) {
			memcpy(text, file.data, file.len);
			text[file.len] = '\0';
			free(file.data);
		}
	}
	if (cf_keyring_add(keyring, text, INT64_MIN, INT64_MAX, &error) == CF_OK)
		return true;
	fprintf(stderr, "curfew %s: --key '%s': %s\n", given->verb, given->value, error.text);
	return false;
}
