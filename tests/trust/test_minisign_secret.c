/*
 * trust/minisign_secret.h: keys of minisign 0.11 (made for this test, worth nothing) and our own,
 * and what they sign. With the program minisign there, it checks what we sign.
 */

#include "trust/minisign_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char plain_key[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAq53P+al04PGOtQqDDbNcB+"
    "IZknEFuFG+"
    "WELkwkylcVdetieqj7PSWaGHu08ppg8dXCJv9997wqzAkahzzCXTikq6xa5XCITaAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAA=\n";
static const char password_key[] =
    "untrusted comment: minisign encrypted secret key\n"
    "RWRTY0Iy6w1/"
    "xQNHawK+S2o7X5xq7KYk4++NI6y1CjHerGD1msMAAAACAAAAAAAAAEAAAAAAkhkfmVgXN+SfMfpOsxHifhOfsU"
    "wEuKjO1FpYy5qZK4u0mzOpyOcGaT3IGUJaEfSGDDNhdp4+KBgZkvhuF5GfeEoMq21K7AAJnsFc/"
    "FMGUOpQl2Wda+O4BuqbA/8e"
    "D9zqAQ6AZ3y2Ij0=\n";
static const char password_public[] = "RWSfyBOtsqDz0r+SnR+94KmrA8/FK1zdjaS2FgDSlARvI++znV6wSlg2";

static void what_is_signed_is_verified(void **state)
{
	struct cf_minisign_secret secret, again;
	struct cf_minisign_signature signature;
	char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES], file[CF_MINISIGN_SECRET_TEXT_BYTES];
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
	cf_minisign_secret_format(&secret, file);
	assert_int_equal(cf_minisign_secret_parse(file, strlen(file), NULL, &again, &error), CF_OK);
	assert_memory_equal(&secret, &again, sizeof secret);
	assert_int_equal(cf_minisign_sign(&again, "bytes", 5, "what it is", text, &error), CF_OK);
	assert_int_equal(
	    cf_minisign_signature_parse(text, strlen(text), &signature, &error), CF_OK);
	assert_string_equal(signature.comment, "what it is");
	assert_int_equal(
	    cf_minisign_verify(&secret.key, &signature, "bytes", 5, true, &error), CF_OK);
	assert_int_equal(
	    cf_minisign_verify(&secret.key, &signature, "bytez", 5, true, &error), CF_ECHECKSUM);
	cf_minisign_secret_done(&secret);
	assert_int_equal(secret.secret[0] | secret.secret[63], 0);
}

static void keys_of_minisign_are_read(void **state)
{
	struct cf_minisign_secret secret;
	char line[CF_MINISIGN_KEY_TEXT_BYTES];
	struct cf_error error;

	(void)state;
	assert_int_equal(
	    cf_minisign_secret_parse(plain_key, strlen(plain_key), NULL, &secret, &error), CF_OK);
	cf_minisign_key_format(&secret.key, line);
	assert_string_equal(line, "RWSrnc/5qXTg8aGHu08ppg8dXCJv9997wqzAkahzzCXTikq6xa5XCITa");
	assert_int_equal(
	    cf_minisign_secret_parse(password_key, strlen(password_key), NULL, &secret, &error),
	    CF_EINVALID);
	assert_int_equal(
	    cf_minisign_secret_parse(password_key, strlen(password_key), "wrong", &secret, &error),
	    CF_EINVALID);
	assert_string_equal(error.text, "the password is wrong");
	assert_int_equal(
	    cf_minisign_secret_parse(password_key, strlen(password_key), "secret", &secret, &error),
	    CF_OK);
	cf_minisign_key_format(&secret.key, line);
	assert_string_equal(line, password_public);
}

/* minisign leaves the check of a key without a password empty. */
static void a_damaged_key_without_a_password_does_not_sign(void **state)
{
	struct cf_minisign_secret secret;
	char text[sizeof plain_key];
	struct cf_error error;

	(void)state;
	memcpy(text, plain_key, sizeof text);
	strstr(text, "OtQqDDb")[2] = 'r';
	assert_int_equal(
	    cf_minisign_secret_parse(text, strlen(text), NULL, &secret, &error), CF_EMALFORMED);
	for (size_t len = 0; len + 1 < strlen(plain_key); len++)
		assert_int_not_equal(
		    cf_minisign_secret_parse(plain_key, len, NULL, &secret, &error), CF_OK);
}

static void put(const char *folder, const char *name, const char *text, char path[512])
{
	FILE *file;

	assert_true(snprintf(path, 512, "%s/%s", folder, name) < 512);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The tool itself says yes to what we sign, and no to what was changed. */
static void minisign_verifies_what_we_sign(void **state)
{
	char folder[] = "/tmp/curfew-minisign-XXXXXX", path[512], command[1400];
	char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES], key[CF_MINISIGN_KEY_TEXT_BYTES];
	struct cf_minisign_secret secret;
	struct cf_error error;
	int good, changed;

	(void)state;
	if (system("command -v minisign >/dev/null") != 0)
		skip();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(cf_minisign_secret_new(&secret), CF_OK);
	assert_int_equal(cf_minisign_sign(&secret, "bytes", 5, "a statement", text, &error), CF_OK);
	put(folder, "f.minisig", text, path);
	put(folder, "f", "bytes", path);
	cf_minisign_key_format(&secret.key, key);
	assert_true(snprintf(command, sizeof command, "minisign -V -H -q -P %s -m %s 2>/dev/null",
	                key, path) < (int)sizeof command);
	good = system(command);
	put(folder, "f", "bytez", path);
	changed = system(command);
	assert_true(snprintf(command, sizeof command, "rm -r %s", folder) < (int)sizeof command);
	assert_int_equal(system(command), 0);
	assert_int_equal(good, 0);
	assert_int_not_equal(changed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_signed_is_verified),
	    cmocka_unit_test(keys_of_minisign_are_read),
	    cmocka_unit_test(a_damaged_key_without_a_password_does_not_sign),
	    cmocka_unit_test(minisign_verifies_what_we_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
