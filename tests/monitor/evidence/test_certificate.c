/* Names out of a certificate made by openssl for the fuzzer's corpus, whole and cut. */

#include "monitor/evidence/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint8_t der[4096];
static size_t der_bytes;

static int setup(void **state)
{
	FILE *file = fopen(CF_TEST_CERTIFICATE, "rb");

	(void)state;
	if (file == NULL)
		return -1;
	der_bytes = fread(der, 1, sizeof der, file);
	return fclose(file) != 0 || der_bytes < 300 ? -1 : 0;
}

static bool slice_is(struct cf_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

static void issuer_subject_and_alternative_names_are_read(void **state)
{
	struct cf_certificate certificate;

	(void)state;
	assert_true(
	    cf_certificate_read((struct cf_slice){.data = der, .len = der_bytes}, &certificate));
	assert_true(slice_is(certificate.issuer_organization, "Kaspersky Lab"));
	assert_true(
	    slice_is(certificate.issuer_common_name, "Kaspersky Lab Public Services TLS CA"));
	assert_true(
	    slice_is(certificate.subject_common_name, "Kaspersky Lab Public Services TLS CA"));
	assert_int_equal(certificate.dns_name_count, 2);
	assert_true(slice_is(certificate.dns_names[0], "node.example"));
	assert_true(slice_is(certificate.dns_names[1], "*.node.example"));
}

static void of_a_cut_certificate_what_was_reached_counts(void **state)
{
	struct cf_certificate certificate;
	bool issuer_seen = false;

	(void)state;
	for (size_t cut = 0; cut <= der_bytes; cut++) {
		bool read =
		    cf_certificate_read((struct cf_slice){.data = der, .len = cut}, &certificate);

		/* Once there is enough for the issuer there always is. */
		assert_true(read || !issuer_seen);
		issuer_seen = read;
	}
	assert_true(issuer_seen);
}

static void flipped_bytes_never_lead_outside(void **state)
{
	struct cf_certificate certificate;

	(void)state;
	for (size_t i = 0; i < der_bytes; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			der[i] ^= (uint8_t)(1U << bit);
			if (cf_certificate_read(
			        (struct cf_slice){.data = der, .len = der_bytes}, &certificate)) {
				assert_true(certificate.issuer.data >= der);
				assert_true(certificate.issuer.data + certificate.issuer.len <=
				    der + der_bytes);
			}
			der[i] ^= (uint8_t)(1U << bit);
		}
}

static void other_bytes_are_no_certificate(void **state)
{
	struct cf_certificate certificate;
	static const uint8_t text[] = "GET / HTTP/1.1\r\n";

	(void)state;
	assert_false(cf_certificate_read(
	    (struct cf_slice){.data = text, .len = sizeof text - 1}, &certificate));
	assert_false(cf_certificate_read((struct cf_slice){0}, &certificate));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(issuer_subject_and_alternative_names_are_read),
	    cmocka_unit_test(of_a_cut_certificate_what_was_reached_counts),
	    cmocka_unit_test(flipped_bytes_never_lead_outside),
	    cmocka_unit_test(other_bytes_are_no_certificate),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
