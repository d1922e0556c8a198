/* Any bytes as a wire name and as text: what is read comes back the same through either form. */

#include "promise.h"

#include "names/hash.h"
#include "names/name.h"

#include <stdint.h>
#include <string.h>

static void check_name(const struct cf_name *name)
{
	static const uint64_t key[2] = {1, 2};
	uint64_t hashes[CF_NAME_LABELS + 1];
	uint8_t padded[CF_NAME_WIRE_BYTES + 8] = {0};
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name again;

	must(name->wire_len >= 1 && name->label_count <= CF_NAME_LABELS);
	must(name->wire[name->wire_len - 1] == 0);
	cf_name_format(name, text);
	must(cf_name_from_text(text, strlen(text), &again) == CF_OK && cf_name_equal(name, &again));
	must(cf_name_from_wire(name->wire, name->wire_len, &again) == CF_OK);
	must(cf_name_equal(name, &again) && again.label_count == name->label_count);
	must(memcmp(again.label_at, name->label_at, name->label_count) == 0);
	must(cf_name_is_subdomain(name, &again));
	memcpy(padded, name->wire, name->wire_len);
	cf_name_hash_suffixes(name, key, 0, name->label_count, hashes);
	must(hashes[name->label_count] == cf_name_hash_wire(padded, name->wire_len, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_name name;

	if (cf_name_from_wire(data, size, &name) == CF_OK)
		check_name(&name);
	if (cf_name_from_text((const char *)data, size, &name) == CF_OK)
		check_name(&name);
	return 0;
}
