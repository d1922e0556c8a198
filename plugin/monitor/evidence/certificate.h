/*
 * The few names of an X.509 certificate (RFC 5280 4.1) that evidence needs, read straight from DER:
 * no chain, no signature, no time is checked, for a monitor asks who a server says it is.
 *
 * Pure; any thread; allocates nothing. Slices point into the certificate.
 */
#pragma once

#include "base/limits.h"
#include "monitor/packet/observer.h"

#include <stdbool.h>

struct cf_certificate {
	struct cf_slice issuer; /* the whole issuer Name, DER: for signatures of kind `contains` */
	struct cf_slice issuer_organization;
	struct cf_slice issuer_common_name;
	struct cf_slice subject_common_name;
	struct cf_slice dns_names[CF_CERTIFICATE_NAMES]; /* subjectAltName, as written ("*.x") */
	unsigned dns_name_count;
};

/*
 * Reads the certificate; der may be cut at its end: what was reached is filled in. False when not
 * even the issuer was reached.
 */
bool cf_certificate_read(struct cf_slice der, struct cf_certificate *certificate_out);
