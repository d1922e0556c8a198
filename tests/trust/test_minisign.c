/* trust/minisign.h: keys and signatures that minisign 0.11 made, and each way to break them. */

#include "trust/minisign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char key_text[] = "untrusted comment: minisign public key F1E074A9F9CF9DAB\n"
                               "RWSrnc/5qXTg8aGHu08ppg8dXCJv9997wqzAkahzzCXTikq6xa5XCITa\n";
static const char other_key[] = "RWSfyBOtsqDz0r+SnR+94KmrA8/FK1zdjaS2FgDSlARvI++znV6wSlg2";
static const char comment_text[] =
    "curfew-pack 1 name=kaspersky serial=7 made=2026-11-29T12:00:00Z "
    "until=2027-02-28T00:00:00Z "
    "sha256=0000000000000000000000000000000000000000000000000000000000000001";
static const char signed_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RUSrnc/5qXTg8dBKWuZP0qKMJweeCnMjymhrc10p/Dl59A3FB6zLEss2gABOcxK+4V0IK5yVJt1Gy56t"
    "s4IFXKTWtVSgYuMyRwI=\n"
    "trusted comment: curfew-pack 1 name=kaspersky serial=7 made=2026-11-29T12:00:00Z"
    " until=2027-02-28T00:00:00Z sha256=000000000000000000000000000000000000000000000"
    "0000000000000000001\n"
    "mcaoYDc1t9VIZ79I3sZVzuO9clbkGD0i2wVE1WYM4Rq8B0KgrRk7PHx5+9bVgGXcu2/zkPNm6BRN/KBW"
    "r+ieDw==\n";
static const char older_text[] =
    "untrusted comment: signature from minisign secret key\n"
    "RWSrnc/5qXTg8RZQcGCS/LhE1zjchBQstouJLJsHAZ8Ypw3Txa2JjUEvwVLdtEqkRvwE6c+DdGh9jbvv"
    "y4D/l62gyiODBgeb5gY=\n"
    "trusted comment: old way\n"
    "fWsuuQomQhfmnebcROSm3ABctTaT1mW9q5baIl7EG1qZkhrSoqm9jPY6hjnrzgDZMUq65ioatd4kUSb5"
    "NKuvBA==\n";
static const char message[] = "a pack\n";

static struct cf_minisign_key key_of(const char *text)
{
	struct cf_minisign_key key;
	struct cf_error error;

	assert_int_equal(cf_minisign_key_parse(text, strlen(text), &key, &error), CF_OK);
	return key;
}

static struct cf_minisign_signature signature_of(const char *text)
{
	struct cf_minisign_signature signature;
	struct cf_error error;

	assert_int_equal(
	    cf_minisign_signature_parse(text, strlen(text), &signature, &error), CF_OK);
	return signature;
}

static void signatures_of_minisign_are_good(void **state)
{
	struct cf_minisign_key key = key_of(key_text);
	struct cf_minisign_signature fresh = signature_of(signed_text);
	struct cf_minisign_signature older = signature_of(older_text);
	struct cf_error error;
	char id[CF_MINISIGN_ID_TEXT_BYTES];

	(void)state;
	cf_minisign_id_format(key.id, id);
	assert_string_equal(id, "F1E074A9F9CF9DAB");
	assert_string_equal(fresh.comment, comment_text);
	assert_true(fresh.prehashed);
	assert_false(older.prehashed);
	assert_int_equal(
	    cf_minisign_verify(&key, &fresh, message, strlen(message), true, &error), CF_OK);
	assert_int_equal(
	    cf_minisign_verify(&key, &older, message, strlen(message), false, &error), CF_OK);
	assert_int_equal(
	    cf_minisign_verify(&key, &older, message, strlen(message), true, &error), CF_EINVALID);
}

static void a_key_is_read_with_and_without_its_comment(void **state)
{
	struct cf_minisign_key file = key_of(key_text), line = key_of(strchr(key_text, '\n') + 1);
	char text[CF_MINISIGN_KEY_TEXT_BYTES];

	(void)state;
	assert_memory_equal(&file, &line, sizeof file);
	cf_minisign_key_format(&file, text);
	line = key_of(text);
	assert_memory_equal(&file, &line, sizeof file);
}

static void another_key_is_named(void **state)
{
	struct cf_minisign_key key = key_of(other_key);
	struct cf_minisign_signature signature = signature_of(signed_text);
	struct cf_error error;

	(void)state;
	assert_int_equal(
	    cf_minisign_verify(&key, &signature, message, strlen(message), true, &error),
	    CF_EINVALID);
	assert_non_null(strstr(error.text, "F1E074A9F9CF9DAB"));
	assert_non_null(strstr(error.text, "D2F3A0B2AD13C89F"));
	/* With the id forged it is the key that tells. */
	memcpy(key.id, signature.id, sizeof key.id);
	assert_int_equal(
	    cf_minisign_verify(&key, &signature, message, strlen(message), true, &error),
	    CF_ECHECKSUM);
}

/* Every bit of message, signature and comment counts. */
static void any_changed_bit_is_seen(void **state)
{
	struct cf_minisign_key key = key_of(key_text);
	struct cf_minisign_signature good = signature_of(signed_text), bad;
	char copy[sizeof message];
	struct cf_error error;

	(void)state;
	for (size_t bit = 0; bit < 8 * strlen(message); bit++) {
		memcpy(copy, message, sizeof copy);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		assert_int_equal(
		    cf_minisign_verify(&key, &good, copy, strlen(message), true, &error),
		    CF_ECHECKSUM);
	}
	for (size_t bit = 0; bit < 8 * sizeof good.signature; bit++) {
		bad = good;
		bad.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
		    cf_minisign_verify(&key, &bad, message, strlen(message), true, &error),
		    CF_ECHECKSUM);
		bad = good;
		bad.comment_signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
		    cf_minisign_verify(&key, &bad, message, strlen(message), true, &error),
		    CF_ECHECKSUM);
	}
	for (size_t i = 0; i < strlen(good.comment); i++) {
		bad = good;
		bad.comment[i] ^= 1;
		assert_int_equal(
		    cf_minisign_verify(&key, &bad, message, strlen(message), true, &error),
		    CF_ECHECKSUM);
	}
}

static void texts_cut_anywhere_are_refused(void **state)
{
	struct cf_minisign_signature signature;
	struct cf_minisign_key key;
	struct cf_error error;

	(void)state;
	/* The newline at the very end may be missing. */
	for (size_t len = 0; len + 1 < strlen(signed_text); len++)
		assert_int_equal(cf_minisign_signature_parse(signed_text, len, &signature, &error),
		    CF_EMALFORMED);
	for (size_t len = 0; len + 1 < strlen(key_text); len++)
		assert_int_equal(cf_minisign_key_parse(key_text, len, &key, &error), CF_EMALFORMED);
}

static void a_comment_that_would_move_the_cursor_is_refused(void **state)
{
	struct cf_minisign_signature signature;
	char text[sizeof signed_text];
	struct cf_error error;

	(void)state;
	memcpy(text, signed_text, sizeof text);
	*strstr(text, "name=") = '\x1b';
	assert_int_equal(
	    cf_minisign_signature_parse(text, strlen(text), &signature, &error), CF_EMALFORMED);
}

/* "timestamp:1732900000\tfile:a\thashed" is what minisign writes when nobody says anything. */
static void the_comment_that_minisign_writes_by_itself_is_read(void **state)
{
	char text[sizeof older_text + 32];
	const char *from = strstr(older_text, "old way");
	struct cf_minisign_signature signature;

	(void)state;
	(void)snprintf(text, sizeof text, "%.*stime:1\tfile:a\thashed%s", (int)(from - older_text),
	    older_text, from + strlen("old way"));
	signature = signature_of(text);
	assert_string_equal(signature.comment, "time:1\tfile:a\thashed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signatures_of_minisign_are_good),
	    cmocka_unit_test(a_key_is_read_with_and_without_its_comment),
	    cmocka_unit_test(another_key_is_named),
	    cmocka_unit_test(any_changed_bit_is_seen),
	    cmocka_unit_test(texts_cut_anywhere_are_refused),
	    cmocka_unit_test(the_comment_that_minisign_writes_by_itself_is_read),
	    cmocka_unit_test(a_comment_that_would_move_the_cursor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
