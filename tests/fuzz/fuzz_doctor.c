/* What doctor reads of others: the module's status file and program files. */

#include "base/json/json_in.h"
#include "doctor/elf_id.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char build_id[CF_BUILD_ID_TEXT_BYTES], text[32], *json = malloc(len + 1);
	uint64_t number;
	bool value;

	if (json == NULL)
		return 0;
	memcpy(json, data, len);
	json[len] = '\0';
	if (cf_json_find_text(json, "image", text, sizeof text) && strlen(text) >= sizeof text)
		abort();
	if (cf_json_find_number(json, "hits", &number) && cf_json_find_bool(json, "hits", &value))
		abort(); /* no value is both */
	if (cf_build_id(data, len, build_id) == CF_OK && strlen(build_id) >= sizeof build_id)
		abort();
	free(json);
	return 0;
}
