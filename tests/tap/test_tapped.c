/* dnstap payloads: every field, what is left out, values of later versions, and bytes that are
 * none. */

#include "base/limits.h"
#include "tap/dnstap.pb-c.h"
#include "tap/tapped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cf_tap_reader *reader;
static uint8_t packed[8192];

static int setup(void **state)
{
	(void)state;
	return cf_tap_reader_new(&reader) == CF_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cf_tap_reader_free(reader);
	return 0;
}

static ProtobufCBinaryData bytes_of(const void *bytes, size_t len)
{
	return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)bytes, .len = len};
}

static size_t pack(Cf__Wire__Message *message)
{
	Cf__Wire__Dnstap dnstap = CF__WIRE__DNSTAP__INIT;

	dnstap.type = 1;
	dnstap.message = message;
	assert_true(cf__wire__dnstap__get_packed_size(&dnstap) <= sizeof packed);
	return cf__wire__dnstap__pack(&dnstap, packed);
}

static struct cf_tapped read_as(Cf__Wire__Message *message)
{
	struct cf_tapped tapped;

	assert_int_equal(cf_tapped_read(reader, packed, pack(message), &tapped), CF_OK);
	return tapped;
}

static void a_whole_message_is_read(void **state)
{
	static const uint8_t client[4] = {10, 0, 0, 7}, server[4] = {10, 0, 0, 53};
	Cf__Wire__Message message = CF__WIRE__MESSAGE__INIT;
	struct cf_tapped tapped;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	message.type = 6;
	message.has_socket_protocol = message.has_query_address = message.has_response_address = 1;
	message.has_query_port = message.has_response_port = message.has_query_time_sec = 1;
	message.has_query_time_nsec = message.has_response_time_sec = 1;
	message.has_response_message = message.has_query_message = 1;
	message.socket_protocol = 3;
	message.query_address = bytes_of(client, 4);
	message.response_address = bytes_of(server, 4);
	message.query_port = 4000;
	message.response_port = 853;
	message.query_time_sec = 1727582400;
	message.query_time_nsec = 123456789;
	message.response_time_sec = 1727582401;
	message.query_message = bytes_of("question", 8);
	message.response_message = bytes_of("answer", 6);
	tapped = read_as(&message);
	assert_int_equal(tapped.kind, CF_TAPPED_ANSWER);
	assert_true(tapped.asked_wall_us == INT64_C(1727582400123456));
	assert_true(tapped.answered_wall_us == INT64_C(1727582401000000));
	assert_string_equal(cf_addr_format(&tapped.ends.client, text), "10.0.0.7");
	assert_string_equal(cf_addr_format(&tapped.ends.server, text), "10.0.0.53");
	assert_int_equal(tapped.ends.client_port, 4000);
	assert_int_equal(tapped.ends.server_port, 853);
	assert_int_equal(tapped.transport, CF_TRANSPORT_TCP);
	assert_int_equal(tapped.message.len, 6);
	assert_memory_equal(tapped.message.data, "answer", 6);
	message.type = 5;
	tapped = read_as(&message);
	assert_int_equal(tapped.kind, CF_TAPPED_QUESTION);
	assert_memory_equal(tapped.message.data, "question", 8);
}

static void what_is_left_out_is_not_made_up(void **state)
{
	Cf__Wire__Message message = CF__WIRE__MESSAGE__INIT;
	struct cf_tapped tapped;

	(void)state;
	message.type = 5;
	tapped = read_as(&message);
	assert_int_equal(tapped.kind, CF_TAPPED_QUESTION);
	assert_true(tapped.asked_wall_us == 0 && tapped.answered_wall_us == 0);
	assert_int_equal(tapped.ends.client.family, CF_FAMILY_NONE);
	assert_int_equal(tapped.ends.server.family, CF_FAMILY_NONE);
	assert_int_equal(tapped.transport, CF_TRANSPORT_OTHER);
	assert_int_equal(tapped.message.len, 0);
}

static void impossible_values_are_taken_for_absent(void **state)
{
	static const uint8_t wildcard[16],
	    mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7};
	Cf__Wire__Message message = CF__WIRE__MESSAGE__INIT;
	struct cf_tapped tapped;
	char text[CF_ADDR_TEXT_BYTES];

	(void)state;
	message.type = 5;
	message.has_query_address = message.has_response_address = message.has_query_port = 1;
	message.has_query_time_sec = message.has_query_time_nsec = 1;
	message.query_address = bytes_of(wildcard, 5);
	message.response_address = bytes_of(wildcard, 4);
	message.query_port = 65536;
	message.query_time_sec = UINT64_MAX;
	tapped = read_as(&message);
	assert_int_equal(tapped.ends.client.family, CF_FAMILY_NONE);
	assert_int_equal(tapped.ends.server.family, CF_FAMILY_NONE);
	assert_int_equal(tapped.ends.client_port, 0);
	assert_true(tapped.asked_wall_us == 0);
	message.query_address = bytes_of(mapped, 16);
	message.query_time_sec = 1;
	message.query_time_nsec = UINT32_MAX;
	tapped = read_as(&message);
	assert_string_equal(cf_addr_format(&tapped.ends.client, text), "10.0.0.7");
	assert_true(tapped.asked_wall_us == 0);
}

static void kinds_and_transports_of_later_versions_are_no_error(void **state)
{
	static const enum cf_tapped_kind kinds[] = {CF_TAPPED_OTHER, CF_TAPPED_QUESTION,
	    CF_TAPPED_ANSWER, CF_TAPPED_UPSTREAM, CF_TAPPED_UPSTREAM, CF_TAPPED_QUESTION,
	    CF_TAPPED_ANSWER, CF_TAPPED_UPSTREAM, CF_TAPPED_UPSTREAM, CF_TAPPED_OTHER};
	static const enum cf_transport transports[] = {CF_TRANSPORT_OTHER, CF_TRANSPORT_UDP,
	    CF_TRANSPORT_TCP, CF_TRANSPORT_TCP, CF_TRANSPORT_TCP, CF_TRANSPORT_UDP,
	    CF_TRANSPORT_TCP, CF_TRANSPORT_QUIC, CF_TRANSPORT_OTHER};
	Cf__Wire__Message message = CF__WIRE__MESSAGE__INIT;

	(void)state;
	message.has_socket_protocol = 1;
	for (unsigned type = 0; type < 300; type++) {
		message.type = type;
		message.socket_protocol = type;
		struct cf_tapped tapped = read_as(&message);

		assert_int_equal(tapped.kind, type < 10 ? kinds[type] : CF_TAPPED_OTHER);
		assert_int_equal(
		    tapped.transport, type < 9 ? transports[type] : CF_TRANSPORT_OTHER);
	}
}

static void other_bytes_are_refused(void **state)
{
	static const uint8_t no_message[] = {0x78, 1}, other_type[] = {0x78, 2, 0x72, 2, 8, 5};
	Cf__Wire__Message message = CF__WIRE__MESSAGE__INIT;
	struct cf_tapped tapped;
	size_t len;

	(void)state;
	assert_int_equal(cf_tapped_read(reader, NULL, 0, &tapped), CF_EMALFORMED);
	assert_int_equal(
	    cf_tapped_read(reader, no_message, sizeof no_message, &tapped), CF_EMALFORMED);
	assert_int_equal(
	    cf_tapped_read(reader, other_type, sizeof other_type, &tapped), CF_EMALFORMED);
	message.type = 5;
	message.has_query_message = 1;
	message.query_message = bytes_of("question", 8);
	len = pack(&message);
	assert_int_equal(cf_tapped_read(reader, packed, len, &tapped), CF_OK);
	/* Its message is cut, or its type is missing. */
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(cf_tapped_read(reader, packed, cut, &tapped), CF_EMALFORMED);
}

/* Tiny fields that nobody knows: protobuf-c keeps each, and needs many times their size. */
static void a_frame_that_would_cost_too_much_is_refused(void **state)
{
	uint8_t *many = malloc(CF_TAP_FRAME_BYTES);
	struct cf_tapped tapped;

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < CF_TAP_FRAME_BYTES; i += 2) {
		many[i] = 0x60; /* field 12, a number */
		many[i + 1] = 1;
	}
	assert_int_equal(cf_tapped_read(reader, many, CF_TAP_FRAME_BYTES, &tapped), CF_EMALFORMED);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_whole_message_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_left_out_is_not_made_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        impossible_values_are_taken_for_absent, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        kinds_and_transports_of_later_versions_are_no_error, setup, teardown),
	    cmocka_unit_test_setup_teardown(other_bytes_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_frame_that_would_cost_too_much_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
