/* DNS messages: names with compression, sections, and what must not be believed. */

#include "monitor/message/decode_dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* An answer for www.example.com: a CNAME to cdn.example.com, its address, and an OPT record. */
static const uint8_t answer[] = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 1,
    /* 12 */ 3, 'W', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0,
    1,
    /* 33 */ 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, /* 45 */ 3, 'c', 'd', 'n', 0xc0, 16,
    /* 51 */ 0xc0, 45, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 7,
    /* 67 */ 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};

static struct cf_dns_message message_of(const uint8_t *data, size_t len)
{
	return (struct cf_dns_message){.response = true,
	    .question_count = 1,
	    .answer_count = 2,
	    .additional_count = 1,
	    .bytes = {.data = data, .len = len}};
}

static void sections_are_read_in_order_with_names_made_whole(void **state)
{
	struct cf_dns_message message = message_of(answer, sizeof answer);
	struct cf_dns_cursor cursor = cf_dns_start(&message);
	char text[CF_NAME_TEXT_BYTES];
	struct cf_dns_record record;
	uint16_t type, class;
	struct cf_name name;

	(void)state;
	assert_true(cf_dns_question_next(&message, &cursor, &name, &type, &class));
	assert_string_equal(cf_name_format(&name, text), "www.example.com");
	assert_int_equal(type, 1);
	assert_int_equal(class, 1);
	assert_false(cf_dns_question_next(&message, &cursor, &name, &type, &class));
	assert_true(cf_dns_record_next(&message, &cursor, &record));
	assert_int_equal(record.section, CF_DNS_ANSWER);
	assert_int_equal(record.type, 5);
	assert_int_equal(record.ttl_s, 60);
	assert_true(cf_dns_name_at(&message, record.name_offset, &name, NULL));
	assert_string_equal(cf_name_format(&name, text), "www.example.com");
	assert_true(cf_dns_name_at(&message, record.rdata_offset, &name, NULL));
	assert_string_equal(cf_name_format(&name, text), "cdn.example.com");
	assert_true(cf_dns_record_next(&message, &cursor, &record));
	assert_true(cf_dns_name_at(&message, record.name_offset, &name, NULL));
	assert_string_equal(cf_name_format(&name, text), "cdn.example.com");
	assert_int_equal(record.ttl_s, 256);
	assert_int_equal(record.rdata.len, 4);
	assert_int_equal(record.rdata.data[3], 7);
	assert_true(cf_dns_record_next(&message, &cursor, &record));
	assert_int_equal(record.section, CF_DNS_ADDITIONAL);
	assert_int_equal(record.type, 41);
	assert_false(cf_dns_record_next(&message, &cursor, &record));
}

static void records_can_be_read_without_the_questions(void **state)
{
	struct cf_dns_message message = message_of(answer, sizeof answer);
	struct cf_dns_cursor cursor = cf_dns_start(&message);
	struct cf_dns_record record;
	unsigned count = 0;

	(void)state;
	while (cf_dns_record_next(&message, &cursor, &record))
		count++;
	assert_int_equal(count, 3);
}

static void a_record_under_a_name_that_leads_nowhere_does_not_hide_the_next(void **state)
{
	uint8_t crooked[sizeof answer];
	struct cf_dns_message message = message_of(crooked, sizeof crooked);
	struct cf_dns_cursor cursor = cf_dns_start(&message);
	struct cf_dns_record record;
	struct cf_name name;

	(void)state;
	memcpy(crooked, answer, sizeof answer);
	crooked[34] = 0xff; /* the first record's owner is far behind the end */
	assert_true(cf_dns_record_next(&message, &cursor, &record));
	assert_false(cf_dns_name_at(&message, record.name_offset, &name, NULL));
	assert_true(cf_dns_record_next(&message, &cursor, &record));
	assert_int_equal(record.type, 1);
	assert_true(cf_dns_name_at(&message, record.name_offset, &name, NULL));
}

static void every_cut_ends_in_order(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof answer; len++) {
		struct cf_dns_message message = message_of(answer, len);
		struct cf_dns_cursor cursor = cf_dns_start(&message);
		struct cf_dns_record record;
		unsigned count = 0;

		while (cf_dns_record_next(&message, &cursor, &record))
			count++;
		assert_int_equal(count, len < 51 ? 0 : len < 67 ? 1 : 2);
	}
}

static void pointers_without_end_or_into_nothing_are_refused(void **state)
{
	static const uint8_t bad[][6] = {{0xc0, 0, 0}, {1, 'a', 0xc0, 0}, {0xc0, 4, 0, 0, 0},
	    {0x40, 'a', 0}, {0x80, 0}, {5, 'a', 'b', 0}};
	struct cf_name name;

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct cf_dns_message message = {.bytes = {.data = bad[i], .len = sizeof bad[i]}};

		if (cf_dns_name_at(&message, 0, &name, NULL))
			fail_msg("name %u", i);
	}
}

/* Large public resolvers send them (RFC 1035 4.1.4 says "prior"). */
static void a_pointer_forwards_is_followed(void **state)
{
	static const uint8_t data[] = "\0\1\x80\0\0\0\0\1\0\0\0\0\xc0\x12\0\1\0\1\3www\3com";
	struct cf_dns_message message = {.bytes = {.data = data, .len = sizeof data}};
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name name;
	size_t next;

	(void)state;
	assert_true(cf_dns_name_at(&message, 12, &name, &next));
	assert_string_equal(cf_name_format(&name, text), "www.com");
	assert_int_equal(next, 14);
}

/* Each label leads to the next by a pointer; one pointer more than a name can have labels. */
static void jumps_are_counted(void **state)
{
	uint8_t data[12 + 4 * 201] = {0}; /* the last one leads to an end */
	struct cf_dns_message message = {.bytes = {.data = data, .len = sizeof data}};
	struct cf_name name;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		unsigned to = 12 + 4 * (i + 1);

		data[12 + 4 * i] = 0xc0 | (uint8_t)(to >> 8);
		data[12 + 4 * i + 1] = (uint8_t)to;
	}
	data[12 + 4 * CF_DNS_JUMPS] = 0;
	assert_true(cf_dns_name_at(&message, 12, &name, NULL));
	data[12 + 4 * CF_DNS_JUMPS] = 0xc0 | (12 + 4 * (CF_DNS_JUMPS + 1)) >> 8;
	assert_false(cf_dns_name_at(&message, 12, &name, NULL));
}

static void name_at_its_longest_is_read_and_one_more_is_not(void **state)
{
	uint8_t data[300];
	struct cf_dns_message message = {.bytes = {.data = data}};
	struct cf_name name;

	(void)state;
	for (unsigned i = 0; i < sizeof data; i += 2) {
		data[i] = 1;
		data[i + 1] = 'a';
	}
	data[254] = 0;
	message.bytes.len = 255;
	assert_true(cf_dns_name_at(&message, 0, &name, NULL));
	assert_int_equal(name.wire_len, 255);
	assert_int_equal(name.label_count, 127);
	data[254] = 1;
	data[256] = 0;
	message.bytes.len = 257;
	assert_false(cf_dns_name_at(&message, 0, &name, NULL));
}

static void header_without_a_whole_question_is_not_plausible(void **state)
{
	uint8_t query[33];

	(void)state;
	memcpy(query, answer, sizeof query);
	query[2] = 1;
	query[3] = query[7] = query[11] = 0;
	assert_true(cf_dns_plausible((struct cf_slice){.data = query, .len = 33}));
	assert_false(cf_dns_plausible((struct cf_slice){.data = query, .len = 32}));
	query[5] = 0; /* a query that asks nothing */
	assert_false(cf_dns_plausible((struct cf_slice){.data = query, .len = 33}));
	query[5] = 1;
	query[2] = 0x78; /* no such opcode */
	assert_false(cf_dns_plausible((struct cf_slice){.data = query, .len = 33}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sections_are_read_in_order_with_names_made_whole),
	    cmocka_unit_test(records_can_be_read_without_the_questions),
	    cmocka_unit_test(a_record_under_a_name_that_leads_nowhere_does_not_hide_the_next),
	    cmocka_unit_test(every_cut_ends_in_order),
	    cmocka_unit_test(pointers_without_end_or_into_nothing_are_refused),
	    cmocka_unit_test(a_pointer_forwards_is_followed),
	    cmocka_unit_test(jumps_are_counted),
	    cmocka_unit_test(name_at_its_longest_is_read_and_one_more_is_not),
	    cmocka_unit_test(header_without_a_whole_question_is_not_plausible),
	};

	return cmocka_run_group_tests_name("decode_dns", tests, NULL, NULL);
}
