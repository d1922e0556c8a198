/* HTTP/2 in the clear: requests as a real client sends them, and what is none. */

#include "packets.h"

#include "monitor/message/decode_http2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_SEQ  0xffffff80u /* sequence numbers wrap on the way */
#define KEEP_GOING 0x18
#define NAME       "http touch.kaspersky.com"

/*
 * What nghttp 1.52.0 sent to nghttpd with prior knowledge: three requests of one authority, of
 * which the second and third name it by the table that the first one filled. PRIORITY frames lie
 * before.
 */
static const uint8_t sent[] = {0x50, 0x52, 0x49, 0x20, 0x2a, 0x20, 0x48, 0x54, 0x54, 0x50, 0x2f,
    0x32, 0x2e, 0x30, 0x0d, 0x0a, 0x0d, 0x0a, 0x53, 0x4d, 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x00, 0x0c,
    0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x64, 0x00, 0x04, 0x00, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x02, 0x00,
    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0xc8, 0x00, 0x00, 0x05, 0x02, 0x00, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x05, 0x02, 0x00, 0x00, 0x00, 0x00, 0x07,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x02, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00,
    0x00, 0x07, 0x00, 0x00, 0x00, 0x05, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x03,
    0x00, 0x00, 0x00, 0x2a, 0x01, 0x25, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x00, 0x00, 0x0b, 0x0f, 0x82,
    0x85, 0x86, 0x41, 0x8e, 0x49, 0xed, 0x24, 0xeb, 0xf5, 0x1a, 0x2b, 0x2d, 0x88, 0xeb, 0xe9, 0x72,
    0x1e, 0x9f, 0x53, 0x03, 0x2a, 0x2f, 0x2a, 0x90, 0x7a, 0x8a, 0xaa, 0x69, 0xd2, 0x9a, 0xc4, 0xc0,
    0x57, 0x6c, 0x4b, 0x83, 0x00, 0x00, 0x0f, 0x01, 0x25, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x00,
    0x0b, 0x0f, 0x82, 0x04, 0x02, 0x2f, 0x61, 0x86, 0xc0, 0xbf, 0x90, 0xbe, 0x00, 0x00, 0x13, 0x01,
    0x25, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x00, 0x0b, 0x0f, 0x82, 0x04, 0x86, 0x62, 0xa3, 0xa6,
    0x72, 0xd8, 0x5f, 0x86, 0xc0, 0xbf, 0x90, 0xbe, 0x00, 0x00, 0x08, 0x07, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
/* Where the frames of the three requests begin. */
enum { FIRST = 124, SECOND = 175, THIRD = 199 };

static struct watch watch;

static int start(void **state)
{
	(void)state;
	watch_start(&watch);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	watch_stop(&watch);
	return 0;
}

/* Is it built in? Else the tests have nothing to say. */
static bool is_read(void)
{
	struct cf_http2 *http2 = cf_http2_new();
	bool is_there = http2 != NULL;

	cf_http2_free(http2);
	return is_there;
}

static void begin(void)
{
	if (!is_read())
		skip();
	watch_again(&watch);
	watch_segment(&watch, flow_to(8080), FIRST_SEQ - 1, CF_TCP_SYN, "", 0);
}

static void send_bytes(const uint8_t *bytes, size_t from, size_t until)
{
	watch_segment(&watch, flow_to(8080), FIRST_SEQ + (uint32_t)from, KEEP_GOING, bytes + from,
	    until - from);
}

static void three_requests_name_their_authority(void **state)
{
	(void)state;
	begin();
	send_bytes(sent, 0, sizeof sent);
	assert_int_equal(watch_count(&watch, NAME), 3);
}

static void cut_anywhere_all_three_are_found(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < sizeof sent; cut++) {
		begin();
		send_bytes(sent, 0, cut);
		send_bytes(sent, cut, sizeof sent);
		assert_int_equal(watch_count(&watch, NAME), 3);
	}
	/* Byte by byte, and in the wrong order. */
	begin();
	for (size_t i = 0; i < sizeof sent; i++)
		send_bytes(sent, i, i + 1);
	assert_int_equal(watch_count(&watch, NAME), 3);
	begin();
	send_bytes(sent, 0, SECOND);
	send_bytes(sent, THIRD, sizeof sent);
	send_bytes(sent, SECOND, THIRD);
	assert_int_equal(watch_count(&watch, NAME), 3);
}

static void a_request_that_is_missing_makes_no_wrong_name_of_the_next(void **state)
{
	(void)state;
	begin();
	send_bytes(sent, 0, FIRST);
	send_bytes(sent, SECOND, sizeof sent); /* the table was filled by what was lost */
	assert_int_equal(watch_count(&watch, NAME), 0);
	/* And a connection of which the beginning was not seen says nothing. */
	watch_again(&watch);
	send_bytes(sent, SECOND, sizeof sent);
	assert_int_equal(watch_count(&watch, NAME), 0);
}

static void behind_an_upgrade_it_goes_on(void **state)
{
	static const char upgrade[] =
	    "GET /a HTTP/1.1\r\nHost: upgrade.kaspersky.com\r\nConnection: "
	    "Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
	const size_t len = sizeof upgrade - 1;

	(void)state;
	begin();
	watch_segment(&watch, flow_to(8080), FIRST_SEQ, KEEP_GOING, upgrade, len);
	watch_segment(
	    &watch, flow_to(8080), FIRST_SEQ + (uint32_t)len, KEEP_GOING, sent, sizeof sent);
	assert_int_equal(watch_count(&watch, "http upgrade.kaspersky.com"), 1);
	assert_int_equal(watch_count(&watch, NAME), 3);
}

static void put_frame(struct bytes *to, unsigned type, unsigned flags, const void *body, size_t len)
{
	put24(to, (unsigned)len);
	put8(to, type);
	put8(to, flags);
	put32(to, 1);
	put(to, body, len);
}

static void put_beginning(struct bytes *to)
{
	to->len = 0;
	put(to, sent, CF_HTTP2_PREFACE_BYTES);
	put_frame(to, 4, 0, "", 0);
}

static void send_all(const struct bytes *bytes)
{
	begin();
	send_bytes(bytes->at, 0, bytes->len);
}

/* :method GET, :path /, :authority a.example, by the static table and a literal. */
static const uint8_t block[] = {
    0x82, 0x84, 0x86, 0x01, 9, 'a', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};

static void padding_priority_and_continuations_are_taken_off(void **state)
{
	struct bytes bytes;
	uint8_t padded[sizeof block + 9] = {3, 0, 0, 0, 0, 16};

	(void)state;
	memcpy(padded + 6, block, sizeof block);
	put_beginning(&bytes);
	put_frame(&bytes, 1, 4 | 8 | 32, padded, sizeof padded);
	put_frame(&bytes, 1, 0, block, 5); /* in three parts */
	put_frame(&bytes, 9, 0, block + 5, 4);
	put_frame(&bytes, 9, 4, block + 9, sizeof block - 9);
	send_all(&bytes);
	assert_int_equal(watch_count(&watch, "http a.example"), 2);
}

/* As a body of HTTP/1: what a client uploads may look like anything. */
static void what_is_in_data_is_no_request(void **state)
{
	static const char body[] = "GET / HTTP/1.1\r\nHost: inside.example\r\n\r\n";
	struct bytes bytes;

	(void)state;
	put_beginning(&bytes);
	put_frame(&bytes, 1, 4, block, sizeof block);
	put_frame(&bytes, 0, 0, body, sizeof body - 1);
	put_frame(&bytes, 0, 1, body, sizeof body - 1);
	put_frame(&bytes, 1, 4, block, sizeof block);
	send_all(&bytes);
	assert_int_equal(watch_count(&watch, "http a.example"), 2);
	assert_int_equal(watch_count(&watch, "http inside.example"), 0);
}

static void nonsense_ends_it_and_is_counted(void **state)
{
	static const uint8_t index_zero[] = {0x80}, beyond[] = {0xff, 0xff, 0xff, 0xff, 0x7f};
	static const uint8_t long_padding[] = {200, 0x82};
	static const struct {
		unsigned type, flags;
		const uint8_t *body;
		size_t len;
	} bad[] = {{1, 4, index_zero, 1}, {1, 4, beyond, 5}, {1, 4 | 8, long_padding, 2},
	    {1, 4 | 32, block, 4}, {9, 4, block, sizeof block}, {1, 4 | 8, block, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct bytes bytes;

		put_beginning(&bytes);
		put_frame(&bytes, bad[i].type, bad[i].flags, bad[i].body, bad[i].len);
		put_frame(&bytes, 1, 4, block, sizeof block);
		send_all(&bytes);
		assert_int_equal(watch_count(&watch, "http a.example"), 0);
		assert_int_equal(watch_counter(&watch, CF_COUNT_HTTP2_LOST), 1);
	}
}

static void connections_past_the_bound_give_up_the_oldest(void **state)
{
	bool evicted;
	struct cf_http2 *http2 = cf_http2_new();

	(void)state;
	if (http2 == NULL)
		skip();
	for (uint64_t i = 0; i < CF_HTTP2_CONNECTIONS; i++) {
		assert_true(cf_http2_begin(http2, i, &evicted));
		assert_false(evicted);
	}
	assert_true(
	    cf_http2_begin(http2, 1, &evicted)); /* again: another connection of these ends */
	assert_false(evicted);
	assert_true(cf_http2_begin(http2, 1000, &evicted));
	assert_true(evicted);
	const struct cf_http2_frame frame = {.type = 1, .flags = 4, .total_bytes = 9};
	struct cf_http_request request = {.complete = false};

	assert_int_equal(cf_http2_headers_read(
	                     http2, 0, &frame, (struct cf_slice){.data = sent, .len = 9}, &request),
	    CF_READING_BAD);
	cf_http2_free(http2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_requests_name_their_authority),
	    cmocka_unit_test(cut_anywhere_all_three_are_found),
	    cmocka_unit_test(a_request_that_is_missing_makes_no_wrong_name_of_the_next),
	    cmocka_unit_test(behind_an_upgrade_it_goes_on),
	    cmocka_unit_test(padding_priority_and_continuations_are_taken_off),
	    cmocka_unit_test(what_is_in_data_is_no_request),
	    cmocka_unit_test(nonsense_ends_it_and_is_counted),
	    cmocka_unit_test(connections_past_the_bound_give_up_the_oldest),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
