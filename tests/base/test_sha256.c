/* base/sha256: the vectors of FIPS 180-4's examples. */

#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char two_blocks[] = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

static void known_messages_have_their_known_digests(void **state)
{
	static const char message[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t digest[CF_SHA256_BYTES];
	char text[CF_SHA256_TEXT_BYTES];

	(void)state;
	assert_int_equal(cf_sha256("abc", 3, digest), CF_OK);
	assert_string_equal(cf_sha256_format(digest, text), abc);
	assert_int_equal(cf_sha256(NULL, 0, digest), CF_OK);
	assert_string_equal(cf_sha256_format(digest, text), nothing);
	assert_int_equal(cf_sha256(message, strlen(message), digest), CF_OK);
	assert_string_equal(cf_sha256_format(digest, text), two_blocks);
}

static void pieces_make_the_same_digest_as_the_whole(void **state)
{
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	char text[CF_SHA256_TEXT_BYTES];

	(void)state;
	assert_non_null(sha);
	cf_sha256_update(sha, "a", 1);
	cf_sha256_update(sha, "", 0);
	cf_sha256_update(sha, "bc", 2);
	cf_sha256_final(sha, digest);
	assert_string_equal(cf_sha256_format(digest, text), abc);
	cf_sha256_free(sha);
}

static void a_finished_context_starts_over(void **state)
{
	struct cf_sha256 *sha = cf_sha256_new();
	uint8_t digest[CF_SHA256_BYTES];
	char text[CF_SHA256_TEXT_BYTES];

	(void)state;
	assert_non_null(sha);
	cf_sha256_update(sha, "something else", 14);
	cf_sha256_final(sha, digest);
	cf_sha256_final(sha, digest);
	assert_string_equal(cf_sha256_format(digest, text), nothing);
	cf_sha256_update(sha, "abc", 3);
	cf_sha256_final(sha, digest);
	assert_string_equal(cf_sha256_format(digest, text), abc);
	cf_sha256_free(sha);
	cf_sha256_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_messages_have_their_known_digests),
	    cmocka_unit_test(pieces_make_the_same_digest_as_the_whole),
	    cmocka_unit_test(a_finished_context_starts_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
