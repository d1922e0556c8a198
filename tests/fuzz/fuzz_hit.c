/* Any bytes in a hit's texts: the line is ASCII, one line, bounded, and read back as it was. */

#include "records/form/pack.h"
#include "records/form/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct cf_record record;

static void check_same(struct cf_text before, struct cf_text after)
{
	/* Texts that were shortened say so in the line, and are not compared. */
	if (record.cut_bytes > 0)
		return;
	if (before.len != after.len ||
	    (before.len > 0 && memcmp(before.data, after.data, before.len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_Alignas(8) static uint8_t packed[CF_RECORD_PACKED_BYTES];
	static uint8_t name[CF_NAME_WIRE_BYTES + 1];
	char line[CF_RECORD_BYTES];
	struct cf_hit hit = {.event = CF_EVENT_DNS, .at_wall_us = 1, .key = 1}, back;
	struct cf_text text = {.data = (const char *)data, .len = len < 400 ? len : 400};
	size_t size;

	/* A root label always follows: producers hand over names that end. */
	memcpy(name, data, len < CF_NAME_WIRE_BYTES ? len : CF_NAME_WIRE_BYTES);
	hit.dns.qname_wire = len > 0 ? name : NULL;
	hit.tls.sni = hit.http.uri = hit.match.value = text;
	hit.tls.sni.len = text.len / 2;
	if (cf_pack_hit(&hit, packed) > sizeof packed)
		abort();
	cf_unpack_hit(packed, &back);
	size = cf_hit_format(
	    &back, "s", "monitor", "01J93G0000000000000000000A", 1, 0, line, sizeof line);
	if (size == 0 || size > sizeof line || line[size - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < size; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			abort();
	if (cf_record_parse(line, size - 1, &record) != CF_LINE_OK)
		abort();
	check_same(back.tls.sni, record.tls.sni);
	check_same(back.http.uri, record.http.uri);
	check_same(back.match.value, record.match.value);
	memset(name, 0, sizeof name);
	return 0;
}
