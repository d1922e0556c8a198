/* JA4 of ClientHellos whose fingerprints others have published or computed. */

#include "monitor/evidence/ja4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SLICE(bytes) \
	{ \
		.data = (const uint8_t *)(bytes), .len = sizeof(bytes) - 1 \
	}

/* The product's updater as Cisco's database has it: three ciphers, six extensions, no name. */
static struct cf_client_hello updater(void)
{
	return (struct cf_client_hello){
	    .transport = CF_TRANSPORT_TCP,
	    .legacy_version = 0x0303,
	    .complete = true,
	    .ciphers = SLICE("\xc0\x30\0\x9f\0\xff"),
	    .extensions = SLICE("\0\x0b\0\0\0\x0a\0\0\0\x23\0\0\0\x16\0\0\0\x17\0\0\0\x0d\0\0"),
	};
}

static void counts_and_ciphers_of_the_updater_match_the_published_ones(void **state)
{
	struct cf_client_hello hello = updater();
	char text[CF_JA4_BYTES];

	(void)state;
	assert_int_equal(cf_ja4(&hello, text), CF_OK);
	/* The last part depends on signature algorithms that the database does not state. */
	assert_memory_equal(text, "t12i030600_6dc0bdc4bd00_", 24);
	assert_int_equal(strlen(text), 36);
}

static void names_alpn_and_tls_1_3_show_in_the_first_part(void **state)
{
	static const char extensions[] =
	    "\0\0\0\0\0\x0b\0\0\0\x0a\0\0\x33\x74\0\0\0\x10\0\0\0\x16\0\0"
	    "\0\x17\0\0\0\x0d\0\0\0\x2b\0\0\0\x2d\0\0\0\x33\0\0\0\x15\0\0";
	struct cf_client_hello hello = updater();
	char text[CF_JA4_BYTES];

	(void)state;
	hello.has_sni = true;
	hello.ciphers = (struct cf_slice)SLICE(
	    "\x13\x02\x13\x03\x13\x01\xc0\x30\xc0\x2f\xc0\x28\xc0\x27\0\xff");
	hello.extensions = (struct cf_slice)SLICE(extensions);
	hello.versions = (struct cf_slice)SLICE("\x03\x04\x03\x03");
	hello.alpn = (struct cf_slice)SLICE("\x08http/1.1");
	assert_int_equal(cf_ja4(&hello, text), CF_OK);
	assert_memory_equal(text, "t13d0812h1_1ac1a9003160_", 24);
	hello.transport = CF_TRANSPORT_QUIC;
	assert_int_equal(cf_ja4(&hello, text), CF_OK);
	assert_int_equal(text[0], 'q');
}

static void grease_and_order_do_not_count(void **state)
{
	struct cf_client_hello plain = updater(), greased = updater();
	char one[CF_JA4_BYTES], two[CF_JA4_BYTES];

	(void)state;
	greased.ciphers = (struct cf_slice)SLICE("\x1a\x1a\0\xff\xc0\x30\0\x9f");
	greased.extensions = (struct cf_slice)SLICE(
	    "\x2a\x2a\0\0\0\x0d\0\0\0\x17\0\0\0\x16\0\0\0\x23\0\0\0\x0a\0\0\0\x0b\0\0");
	assert_int_equal(cf_ja4(&plain, one), CF_OK);
	assert_int_equal(cf_ja4(&greased, two), CF_OK);
	assert_string_equal(one, two);
}

static void incomplete_and_malformed_hellos_have_none(void **state)
{
	struct cf_client_hello hello = updater();
	char text[CF_JA4_BYTES];

	(void)state;
	hello.complete = false;
	assert_int_equal(cf_ja4(&hello, text), CF_EMALFORMED);
	hello = updater();
	hello.extensions = (struct cf_slice)SLICE("\0\x0b\0\x09\0");
	assert_int_equal(cf_ja4(&hello, text), CF_EMALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_and_ciphers_of_the_updater_match_the_published_ones),
	    cmocka_unit_test(names_alpn_and_tls_1_3_show_in_the_first_part),
	    cmocka_unit_test(grease_and_order_do_not_count),
	    cmocka_unit_test(incomplete_and_malformed_hellos_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
