/*
 * Any text as a name that people write: what is understood can be written so that every door reads
 * it back, and no door takes less than it said.
 */

#include "promise.h"

#include "compile/pack/spoken_name.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[CF_SPOKEN_BYTES + 64], written[CF_NAME_TEXT_BYTES];
	struct cf_spoken spoken;
	struct cf_error error = {.text = ""};
	struct cf_name name, again;
	enum cf_scope scope;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (cf_spoken_parse(text, &spoken, &error) != CF_OK) {
		must(error.text[0] != '\0');
		must(cf_spoken_name(text, &name, NULL) != CF_OK);
		must(cf_spoken_pattern(text, &name, &scope, NULL) != CF_OK);
		return 0;
	}
	if (spoken.is_addr) {
		must(cf_spoken_name(text, &name, NULL) != CF_OK);
		return 0;
	}
	must(spoken.name.label_count > 0 && !cf_spoken_ends_in_number(&spoken.name));
	cf_name_format_master(&spoken.name, written);
	must(cf_spoken_name(written, &again, NULL) == CF_OK);
	must(cf_name_equal(&spoken.name, &again));
	if (cf_spoken_pattern(text, &name, &scope, NULL) == CF_OK)
		must(spoken.form == NULL && scope == spoken.scope &&
		    cf_name_equal(&name, &spoken.name));
	else
		must(spoken.form != NULL);
	return 0;
}
