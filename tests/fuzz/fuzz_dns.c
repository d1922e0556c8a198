/* A DNS message: every question, record and name in it. */

#include "promise.h"

#include "monitor/message/decode_dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_dns_message message = {.bytes = {.data = data, .len = len},
	    .question_count = 40,
	    .answer_count = 1000,
	    .authority_count = 1000,
	    .additional_count = 1000};
	struct cf_dns_cursor cursor;
	struct cf_dns_record record;
	struct cf_name name, again;
	char text[CF_NAME_TEXT_BYTES];

	if (len >= 12) {
		message.question_count = data[5];
		message.answer_count = (uint16_t)(data[6] << 8 | data[7]);
	}
	(void)cf_dns_plausible(message.bytes); /* either answer is right */
	cursor = cf_dns_start(&message);
	while (cf_dns_record_next(&message, &cursor, &record)) {
		must(record.rdata.len <= len);
		must(record.name_offset < record.rdata_offset);
		if (!cf_dns_name_at(&message, record.rdata_offset, &name, NULL))
			continue;
		/* What was read is a name like any other: the other reader takes it the same. */
		must(cf_name_from_wire(name.wire, name.wire_len, &again) == CF_OK);
		must(cf_name_equal(&name, &again));
		(void)cf_name_format(&name, text);
	}
	return 0;
}
