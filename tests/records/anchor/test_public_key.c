/* Keys, their changes, and what they signed. */

#include "records/anchor/public_key.h"

#include "records/anchor/sensor_key.h"
#include "trust/minisign_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A pair as `curfew log key new` makes it: by the other library. */
struct fixture {
	struct cf_sensor_key *keys[3];
	char lines[3][CF_PUBLIC_KEY_TEXT_BYTES];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	for (size_t i = 0; i < 3; i++) {
		char text[CF_MINISIGN_SECRET_TEXT_BYTES];
		struct cf_minisign_secret secret;

		assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
		cf_minisign_secret_format(&secret, text);
		cf_minisign_key_format(&secret.key, f->lines[i]);
		assert_int_equal(cf_sensor_key_parse(text, strlen(text), &f->keys[i], NULL), CF_OK);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++)
		cf_sensor_key_free(f->keys[i]);
	free(f);
	return 0;
}

static void both_libraries_read_the_same_key(void **state)
{
	const struct fixture *f = *state;
	struct cf_public_key key;
	struct cf_minisign_key theirs;
	char line[CF_PUBLIC_KEY_TEXT_BYTES], id[CF_KEY_ID_TEXT_BYTES];
	char their_id[CF_MINISIGN_ID_TEXT_BYTES];

	assert_true(cf_public_key_parse(f->lines[0], strlen(f->lines[0]), &key));
	assert_memory_equal(&key, cf_sensor_key_public(f->keys[0]), sizeof key);
	cf_public_key_format(&key, line);
	assert_string_equal(line, f->lines[0]);
	assert_int_equal(cf_minisign_key_parse(line, strlen(line), &theirs, NULL), CF_OK);
	cf_minisign_id_format(theirs.id, their_id);
	cf_public_key_id(&key, id);
	assert_string_equal(id, their_id);
	assert_string_equal(id, cf_sensor_key_id(f->keys[0]));
}

/* RFC 8032, 7.1, TEST 2: one byte, 0x72. */
static void the_standards_example_holds(void **state)
{
	static const uint8_t raw[CF_ED25519_SIG_BYTES] = {0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca,
	    0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16,
	    0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08, 0x5a, 0xc1,
	    0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c, 0x38,
	    0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c,
	    0x00};
	const struct cf_public_key key = {
	    .key = {0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d,
	        0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55,
	        0xf1, 0x2a, 0xf4, 0x66, 0x0c}};
	char sig[CF_SEAL_SIG_BYTES];

	(void)state;
	cf_base64_encode(raw, sizeof raw, sig);
	assert_true(cf_public_key_verify(&key, "r", 1, sig));
	assert_false(cf_public_key_verify(&key, "s", 1, sig));
	assert_false(cf_public_key_verify(&key, "r", 0, sig));
}

static void base64_has_one_form(void **state)
{
	static const char *const bad[] = {"QUI", "QUJ=", "QUI =", " QUI=", "QU I=", "QUI=\n",
	    "QU==", "Q===", "QUI\0", "====", "QUJC"};
	uint8_t bytes[2];

	(void)state;
	assert_true(cf_base64_decode("QUI=", 4, bytes, 2));
	assert_memory_equal(bytes, "AB", 2);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(cf_base64_decode(bad[i], strlen(bad[i]), bytes, 2));
}

static void sign_seal(const struct cf_sensor_key *key, struct cf_seal_text *seal)
{
	*seal = (struct cf_seal_text){.sensor = "edge-01",
	    .source = "resolver",
	    .seq = 7,
	    .at = "2026-11-30T10:00:00.000000Z",
	    .sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};
	memcpy(seal->key, cf_sensor_key_id(key), sizeof seal->key);
	assert_true(cf_sensor_key_seal(key, seal));
}

static void a_seal_is_good_for_what_was_signed_alone(void **state)
{
	const struct fixture *f = *state;
	struct cf_public_keys keys = {.count = 0};
	struct cf_seal_text seal, other;

	sign_seal(f->keys[0], &seal);
	assert_int_equal(cf_public_keys_check(&keys, &seal), CF_SIGNATURE_UNKNOWN);
	assert_int_equal(cf_public_keys_pin(&keys, f->lines[0], strlen(f->lines[0]), NULL), CF_OK);
	assert_int_equal(cf_public_keys_check(&keys, &seal), CF_SIGNATURE_GOOD);
	other = seal;
	other.sensor[0] = 'f';
	assert_int_equal(cf_public_keys_check(&keys, &other), CF_SIGNATURE_BAD);
	other = seal;
	other.seq = 8;
	assert_int_equal(cf_public_keys_check(&keys, &other), CF_SIGNATURE_BAD);
	other = seal;
	other.sha256[63] = 'e';
	assert_int_equal(cf_public_keys_check(&keys, &other), CF_SIGNATURE_BAD);
	other = seal;
	other.at[3] = '5';
	assert_int_equal(cf_public_keys_check(&keys, &other), CF_SIGNATURE_BAD);
	other = seal;
	other.sig[0] = '\0';
	assert_int_equal(cf_public_keys_check(&keys, &other), CF_SIGNATURE_NONE);
	memcpy(seal.key, cf_sensor_key_id(f->keys[1]), sizeof seal.key);
	assert_int_equal(cf_public_keys_check(&keys, &seal), CF_SIGNATURE_UNKNOWN);
}

static void name_successor(
    const struct cf_sensor_key *old, const struct cf_sensor_key *next, struct cf_key_change *change)
{
	char text[CF_KEY_CHANGE_TEXT_BYTES];

	*change = (struct cf_key_change){
	    .at = "2026-11-30T10:00:00Z", .next = *cf_sensor_key_public(next)};
	memcpy(change->old_id, cf_sensor_key_id(old), sizeof change->old_id);
	assert_true(
	    cf_sensor_key_sign(old, text, cf_key_change_format_signed(change, text), change->sig));
}

static void a_change_is_followed_when_a_known_key_signed_it(void **state)
{
	const struct fixture *f = *state;
	struct cf_public_keys keys = {.count = 0};
	struct cf_key_change change, again;
	char text[CF_KEY_CHANGE_TEXT_BYTES];
	size_t len;

	name_successor(f->keys[0], f->keys[1], &change);
	len = cf_key_change_format(&change, text);
	assert_true(len < sizeof text);
	assert_true(cf_key_change_parse(text, len, &again));
	assert_false(cf_key_change_parse(text, len - 1, &again));
	assert_false(cf_public_keys_follow(&keys, &again));
	assert_int_equal(cf_public_keys_pin(&keys, f->lines[2], strlen(f->lines[2]), NULL), CF_OK);
	assert_false(cf_public_keys_follow(&keys, &again));
	assert_int_equal(cf_public_keys_pin(&keys, f->lines[0], strlen(f->lines[0]), NULL), CF_OK);
	again.next = *cf_sensor_key_public(f->keys[2]);
	assert_false(cf_public_keys_follow(&keys, &again));
	assert_false(cf_public_keys_have(&keys, cf_sensor_key_id(f->keys[1])));
	assert_true(cf_public_keys_follow(&keys, &change));
	assert_true(cf_public_keys_have(&keys, cf_sensor_key_id(f->keys[1])));
	assert_true(cf_public_keys_follow(&keys, &change)); /* once more is no more */
	assert_int_equal(keys.count, 3);
}

static void a_public_file_brings_its_changes(void **state)
{
	const struct fixture *f = *state;
	struct cf_public_keys keys = {.count = 0};
	struct cf_key_change first, second;
	char text[4 * CF_KEY_CHANGE_TEXT_BYTES], a[CF_KEY_CHANGE_TEXT_BYTES];
	char b[CF_KEY_CHANGE_TEXT_BYTES];
	int len;

	name_successor(f->keys[0], f->keys[1], &first);
	name_successor(f->keys[1], f->keys[2], &second);
	(void)cf_key_change_format(&first, a);
	(void)cf_key_change_format(&second, b);
	len = snprintf(
	    text, sizeof text, "untrusted comment: x\r\n%s\r\n%s\n%s\nnoise\n", f->lines[0], b, a);
	assert_int_equal(cf_public_keys_pin(&keys, text, (size_t)len, NULL), CF_OK);
	assert_int_equal(keys.count, 3);
	assert_true(keys.at[0].is_pinned);
	assert_false(keys.at[2].is_pinned);
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "untrusted comment: only", "RWQ", "untrusted comment: x\n"};
	struct cf_public_keys keys = {.count = 0};
	struct cf_error error;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    cf_public_keys_pin(&keys, bad[i], strlen(bad[i]), &error), CF_EMALFORMED);
	assert_int_equal(keys.count, 0);
}

static void a_damaged_secret_is_refused(void **state)
{
	char text[CF_MINISIGN_SECRET_TEXT_BYTES];
	struct cf_minisign_secret secret;
	struct cf_sensor_key *key = NULL;
	struct cf_error error;
	size_t start;

	(void)state;
	assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
	cf_minisign_secret_format(&secret, text);
	start = (size_t)(strchr(text, '\n') + 1 - text);
	/* The id and minisign's own check are no part of it; everything else is looked at. */
	text[start + 110] = text[start + 110] == 'A' ? 'B' : 'A';
	assert_int_equal(cf_sensor_key_parse(text, strlen(text), &key, &error), CF_EMALFORMED);
	cf_minisign_secret_format(&secret, text);
	text[start + 2] = 'z'; /* kind of password */
	assert_int_not_equal(cf_sensor_key_parse(text, strlen(text), &key, &error), CF_OK);
	for (size_t len = 0; len + 1 < strlen(text); len++)
		assert_int_not_equal(cf_sensor_key_parse(text, len, &key, &error), CF_OK);
	cf_minisign_secret_done(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(both_libraries_read_the_same_key, setup, teardown),
	    cmocka_unit_test(the_standards_example_holds),
	    cmocka_unit_test(base64_has_one_form),
	    cmocka_unit_test_setup_teardown(
	        a_seal_is_good_for_what_was_signed_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_change_is_followed_when_a_known_key_signed_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_public_file_brings_its_changes, setup, teardown),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(a_damaged_secret_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
