/* TLS handshakes: what a hello says, at every length, and what is none. */

#include "packets.h"

#include "monitor/message/decode_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct bytes message, stream;
static uint8_t handshake[CF_STREAM_BYTES];

static struct cf_slice slice_of(const struct bytes *bytes, size_t len)
{
	return (struct cf_slice){.data = bytes->at, .len = len};
}

/* A ClientHello with these extensions and nothing special besides. */
static void make_hello(const void *extensions, size_t len)
{
	message.len = 0;
	put8(&message, 1);
	put24(&message, (unsigned)(2 + 32 + 1 + 4 + 2 + (len == 0 ? 0 : 2 + len)));
	put16(&message, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		put8(&message, 'r');
	put8(&message, 0);
	put16(&message, 2);
	put16(&message, 0x1301);
	put16(&message, 0x0100);
	if (len > 0) {
		put16(&message, (unsigned)len);
		put(&message, extensions, len);
	}
}

static void every_extension_of_interest_is_found(void **state)
{
	static const uint8_t extensions[] = {0xfe, 0x0d, 0, 1, 0, /* encrypted hello */
	    0, 16, 0, 5, 0, 3, 2, 'h', '2',                       /* alpn */
	    0, 10, 0, 4, 0, 2, 0, 0x1d,                           /* groups */
	    0, 13, 0, 4, 0, 2, 4, 3,                              /* signatures */
	    0, 43, 0, 3, 2, 3, 4,                                 /* versions */
	    0, 0, 0, 6, 0, 4, 0, 0, 1, 'x'};
	struct cf_client_hello hello = {.complete = false};

	(void)state;
	make_hello(extensions, sizeof extensions);
	assert_int_equal(
	    cf_client_hello_read(slice_of(&message, message.len), &hello), CF_READING_DONE);
	assert_true(hello.complete && hello.has_sni && hello.has_ech);
	assert_int_equal(hello.sni.len, 1);
	assert_int_equal(hello.sni.data[0], 'x');
	assert_int_equal(hello.legacy_version, 0x0303);
	assert_int_equal(hello.ciphers.len, 2);
	assert_int_equal(hello.alpn.len, 3);
	assert_int_equal(hello.groups.len, 2);
	assert_int_equal(hello.signatures.len, 2);
	assert_int_equal(hello.versions.len, 2);
	assert_int_equal(hello.extensions.len, sizeof extensions);
}

static void hello_without_a_name_has_none(void **state)
{
	static const uint8_t empty[] = {0, 0, 0, 0};
	static const uint8_t other_type[] = {0, 0, 0, 6, 0, 4, 7, 0, 1, 'x'};
	static const uint8_t runs_past[] = {0, 0, 0, 6, 0, 4, 0, 0, 9, 'x'};
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} cases[] = {{NULL, 0}, {empty, sizeof empty}, {other_type, sizeof other_type},
	    {runs_past, sizeof runs_past}};

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cf_client_hello hello = {.complete = false};

		make_hello(cases[i].bytes, cases[i].len);
		assert_int_equal(
		    cf_client_hello_read(slice_of(&message, message.len), &hello), CF_READING_DONE);
		assert_false(hello.has_sni);
		assert_true(hello.complete);
	}
}

static void hello_cut_anywhere_wants_more_and_keeps_what_came(void **state)
{
	static const char name[] = "www.example.com";

	(void)state;
	message.len = 0;
	make_client_hello(&message, name, 10);
	for (size_t len = 1; len < message.len; len++) {
		struct cf_client_hello hello = {.complete = false};

		assert_int_equal(
		    cf_client_hello_read(slice_of(&message, len), &hello), CF_READING_MORE);
		assert_false(hello.complete);
		if (hello.has_sni)
			assert_memory_equal(hello.sni.data, name, sizeof name - 1);
		/* The name's extension is whole seven bytes before the end. */
		assert_int_equal(hello.has_sni, len >= message.len - 7);
	}
}

static void records_are_put_together_only_when_needed(void **state)
{
	struct cf_slice whole;
	size_t need;

	(void)state;
	message.len = stream.len = 0;
	make_client_hello(&message, "www.example.com", 0);
	make_records(&stream, &message, 16384);
	put(&stream, "more", 4);
	assert_int_equal(cf_tls_unwrap(slice_of(&stream, stream.len), handshake, sizeof handshake,
	                     &whole, &need),
	    CF_READING_DONE);
	assert_ptr_equal(whole.data, stream.at + 5);
	assert_int_equal(whole.len, message.len);
	stream.len = 0;
	make_records(&stream, &message, 10);
	assert_int_equal(cf_tls_unwrap(slice_of(&stream, stream.len), handshake, sizeof handshake,
	                     &whole, &need),
	    CF_READING_DONE);
	assert_ptr_equal(whole.data, handshake);
	assert_int_equal(whole.len, message.len);
	assert_memory_equal(whole.data, message.at, message.len);
	/* Each look says what must come before the next: never what is there, nor more than helps.
	 * With records of ten bytes there are few looks, not one for each byte. */
	for (size_t len = 0, looks = 0; len < stream.len; len = need, looks++) {
		assert_int_equal(cf_tls_unwrap(slice_of(&stream, len), handshake, sizeof handshake,
		                     &whole, &need),
		    CF_READING_MORE);
		assert_in_range(need, len + 1, stream.len);
		assert_true(looks < 30);
	}
}

static void other_records_in_between_are_refused(void **state)
{
	struct cf_slice whole;
	size_t need;

	(void)state;
	message.len = stream.len = 0;
	make_client_hello(&message, "www.example.com", 0);
	make_records(&stream, &message, 40);
	stream.at[45] = 23; /* the second record's type */
	assert_int_equal(cf_tls_unwrap(slice_of(&stream, stream.len), handshake, sizeof handshake,
	                     &whole, &need),
	    CF_READING_BAD);
	stream.at[45] = 22;
	stream.at[1] = 4; /* no such version */
	assert_int_equal(cf_tls_unwrap(slice_of(&stream, stream.len), handshake, sizeof handshake,
	                     &whole, &need),
	    CF_READING_BAD);
}

static void server_of_version_13_shows_no_certificate(void **state)
{
	struct cf_server_hello hello = {.version = 0};
	size_t need;

	(void)state;
	message.len = stream.len = 0;
	put8(&message, 2);
	put24(&message, 38 + 2 + 6);
	put16(&message, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		put8(&message, 's');
	put8(&message, 0);
	put16(&message, 0x1301);
	put8(&message, 0);
	put16(&message, 6);
	put16(&message, 43);
	put16(&message, 2);
	put16(&message, 0x0304);
	make_records(&stream, &message, 16384);
	assert_int_equal(cf_server_flight_read(slice_of(&stream, stream.len), handshake,
	                     sizeof handshake, &hello, &need),
	    CF_READING_DONE);
	assert_int_equal(hello.version, 0x0304);
	assert_int_equal(hello.cipher, 0x1301);
	assert_false(hello.has_certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_extension_of_interest_is_found),
	    cmocka_unit_test(hello_without_a_name_has_none),
	    cmocka_unit_test(hello_cut_anywhere_wants_more_and_keeps_what_came),
	    cmocka_unit_test(records_are_put_together_only_when_needed),
	    cmocka_unit_test(other_records_in_between_are_refused),
	    cmocka_unit_test(server_of_version_13_shows_no_certificate),
	};

	return cmocka_run_group_tests_name("decode_tls", tests, NULL, NULL);
}
