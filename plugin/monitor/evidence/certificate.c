/* A walk through the DER of a certificate, along one path: tbsCertificate, issuer, subject, SAN. */

#include "monitor/evidence/certificate.h"

#include "base/bytes.h"

#include <string.h>

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_SAN_DNS = 0x82,    /* GeneralName dNSName [2] */
	DER_VERSION = 0xa0,    /* tbsCertificate version [0] */
	DER_EXTENSIONS = 0xa3, /* tbsCertificate extensions [3] */
};

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_organization[] = {0x55, 0x04, 0x0a};
static const uint8_t oid_alt_name[] = {0x55, 0x1d, 0x11};

/*
 * The next element: its tag, and a cursor over its contents. A length past the end is cut to what
 * is there when cut_ok, for a certificate of which only the beginning was captured.
 */
static struct cf_bytes der_next(struct cf_bytes *c, bool cut_ok, uint8_t *tag_out)
{
	size_t len;
	uint8_t first;

	*tag_out = cf_bytes_u8(c);
	first = cf_bytes_u8(c);
	if (first < 0x80) {
		len = first;
	} else if (first == 0x81) {
		len = cf_bytes_u8(c);
	} else if (first == 0x82) {
		len = cf_bytes_be16(c);
	} else if (first == 0x83) {
		len = cf_bytes_be24(c);
	} else {
		cf_bytes_fail(c); /* indefinite, or over 16 MiB: not DER of a certificate */
		len = 0;
	}
	if (cut_ok && cf_bytes_ok(c) && len > cf_bytes_left(c))
		len = cf_bytes_left(c);
	return cf_bytes_sub(c, len);
}

static bool slice_is(struct cf_bytes c, const uint8_t *bytes, size_t len)
{
	return cf_bytes_ok(&c) && cf_bytes_left(&c) == len && memcmp(c.at, bytes, len) == 0;
}

static struct cf_slice slice_of(const struct cf_bytes *c)
{
	return (struct cf_slice){.data = c->at, .len = cf_bytes_left(c)};
}

/* A Name: SEQUENCE OF SET OF SEQUENCE {oid, string}. */
static void read_name(
    struct cf_bytes name, struct cf_slice *common_name, struct cf_slice *organization)
{
	while (cf_bytes_left(&name) > 0) {
		uint8_t tag;
		struct cf_bytes set = der_next(&name, false, &tag);
		struct cf_bytes pair = der_next(&set, false, &tag);
		struct cf_bytes oid = der_next(&pair, false, &tag);
		struct cf_bytes value = der_next(&pair, false, &tag);

		if (!cf_bytes_ok(&value))
			return;
		if (slice_is(oid, oid_common_name, sizeof oid_common_name))
			*common_name = slice_of(&value);
		else if (slice_is(oid, oid_organization, sizeof oid_organization))
			*organization = slice_of(&value);
	}
}

static void read_alt_names(struct cf_bytes octets, struct cf_certificate *certificate)
{
	uint8_t tag;
	struct cf_bytes names = der_next(&octets, true, &tag);

	while (cf_bytes_left(&names) > 0 && certificate->dns_name_count < CF_CERTIFICATE_NAMES) {
		struct cf_bytes name = der_next(&names, false, &tag);

		if (!cf_bytes_ok(&name))
			return;
		if (tag == DER_SAN_DNS)
			certificate->dns_names[certificate->dns_name_count++] = slice_of(&name);
	}
}

/* Extensions: SEQUENCE OF SEQUENCE {oid, [critical,] OCTET STRING}. */
static void read_extensions(struct cf_bytes tagged, struct cf_certificate *certificate)
{
	uint8_t tag;
	struct cf_bytes list = der_next(&tagged, true, &tag);

	while (cf_bytes_left(&list) > 0) {
		struct cf_bytes extension = der_next(&list, true, &tag);
		struct cf_bytes oid = der_next(&extension, false, &tag);
		struct cf_bytes value = der_next(&extension, true, &tag);

		if (cf_bytes_ok(&value) && tag == DER_BOOLEAN)
			value = der_next(&extension, true, &tag);
		if (!cf_bytes_ok(&value))
			return;
		if (tag == DER_OCTETS && slice_is(oid, oid_alt_name, sizeof oid_alt_name))
			read_alt_names(value, certificate);
	}
}

bool cf_certificate_read(struct cf_slice der, struct cf_certificate *certificate_out)
{
	struct cf_certificate certificate = {0};
	struct cf_bytes all = cf_bytes_make(der.data, der.len), tbs, body, issuer;
	uint8_t tag;

	body = der_next(&all, true, &tag); /* Certificate */
	if (tag != DER_SEQUENCE)
		return false;
	tbs = der_next(&body, true, &tag); /* tbsCertificate */
	if (tag != DER_SEQUENCE)
		return false;
	(void)der_next(&tbs, false, &tag); /* [0] version, or the serial number of an X.509v1 */
	if (tag == DER_VERSION)
		(void)der_next(&tbs, false, &tag);
	if (tag != DER_INTEGER)
		return false;
	(void)der_next(&tbs, false, &tag); /* signature algorithm */
	issuer = der_next(&tbs, false, &tag);
	if (!cf_bytes_ok(&issuer) || tag != DER_SEQUENCE)
		return false;
	certificate.issuer = slice_of(&issuer);
	read_name(issuer, &certificate.issuer_common_name, &certificate.issuer_organization);
	(void)der_next(&tbs, false, &tag); /* validity */
	body = der_next(&tbs, false, &tag);
	if (cf_bytes_ok(&body)) {
		struct cf_slice unused = {0};

		read_name(body, &certificate.subject_common_name, &unused);
	}
	while (cf_bytes_left(&tbs) > 0) { /* public key, ids, extensions */
		body = der_next(&tbs, true, &tag);
		if (tag == DER_EXTENSIONS && cf_bytes_ok(&body))
			read_extensions(body, &certificate);
	}
	*certificate_out = certificate;
	return true;
}
