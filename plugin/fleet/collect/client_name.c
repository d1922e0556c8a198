#include "fleet/collect/client_name.h"

#include "base/bytes.h"
#include "base/limits.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 256
/* A certificate of 4,096 bits with a page of names. */
#define PEM_BYTES 16384

static bool is_name(const char *text, size_t len, const char *sensor)
{
	return len == strlen(sensor) && memcmp(text, sensor, len) == 0;
}

/* Byte by byte: no wildcards, and what stands there is what the sensor calls itself. */
static bool has_name(gnutls_x509_crt_t certificate, const char *sensor)
{
	char text[NAME_BYTES];
	bool has_dns = false;
	size_t len;

	for (unsigned i = 0; i < CF_CERTIFICATE_NAMES; i++) {
		len = sizeof text;
		int kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, text, &len, NULL);

		if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (kind != GNUTLS_SAN_DNSNAME)
			continue;
		has_dns = true;
		if (is_name(text, len, sensor))
			return true;
	}
	len = sizeof text;
	return !has_dns &&
	    gnutls_x509_crt_get_dn_by_oid(
	        certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &len) == 0 &&
	    is_name(text, len, sensor);
}

static enum cf_status check(const gnutls_datum_t *bytes, gnutls_x509_crt_fmt_t form,
    const char *sensor, struct cf_error *error)
{
	gnutls_x509_crt_t certificate;
	enum cf_status status = CF_OK;

	if (gnutls_x509_crt_init(&certificate) != 0)
		return cf_error_set(error, CF_EINVALID, "no memory for the certificate");
	if (gnutls_x509_crt_import(certificate, bytes, form) != 0)
		status = cf_error_set(error, CF_EINVALID, "the certificate cannot be read");
	else if (!has_name(certificate, sensor))
		status =
		    cf_error_set(error, CF_EINVALID, "the certificate is not that of this sensor");
	gnutls_x509_crt_deinit(certificate);
	return status;
}

enum cf_status cf_client_check_session(
    gnutls_session_t session, const char *sensor, struct cf_error *error)
{
	gnutls_typed_vdata_st purpose = {
	    .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
	const gnutls_datum_t *chain;
	unsigned problems = 0, count = 0;
	gnutls_datum_t text = {.data = NULL};

	chain = gnutls_certificate_get_peers(session, &count);
	if (chain == NULL || count == 0)
		return cf_error_set(error, CF_EINVALID, "no client certificate");
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &problems) != 0)
		return cf_error_set(
		    error, CF_EINVALID, "the client's certificate cannot be verified");
	if (problems == 0)
		return check(&chain[0], GNUTLS_X509_FMT_DER, sensor, error);
	(void)cf_error_set(error, CF_EINVALID, "the client's certificate is not good");
	if (gnutls_certificate_verification_status_print(problems, GNUTLS_CRT_X509, &text, 0) == 0)
		(void)cf_error_set(error, CF_EINVALID, "%.*s", (int)text.size, (char *)text.data);
	gnutls_free(text.data);
	return CF_EINVALID;
}

enum cf_status cf_client_check_escaped(
    const char *escaped_pem, const char *sensor, struct cf_error *error)
{
	size_t len = strlen(escaped_pem), used = 0;
	unsigned char *pem;
	enum cf_status status;

	if (len > PEM_BYTES)
		return cf_error_set(error, CF_EINVALID, "the certificate is too long");
	pem = malloc(len + 1);
	if (pem == NULL)
		return cf_error_set(error, CF_EINVALID, "no memory for the certificate");
	for (size_t i = 0; i < len; i++) {
		int high = -1, low = -1;

		if (escaped_pem[i] == '%' && len - i > 2) {
			high = cf_hex_value(escaped_pem[i + 1]);
			low = cf_hex_value(escaped_pem[i + 2]);
		}
		pem[used++] = high < 0 || low < 0 ? (unsigned char)escaped_pem[i]
		                                  : (unsigned char)(high * 16 + low);
		i += high < 0 || low < 0 ? 0 : 2;
	}
	const gnutls_datum_t bytes = {.data = pem, .size = (unsigned)used};

	status = check(&bytes, GNUTLS_X509_FMT_PEM, sensor, error);
	free(pem);
	return status;
}
