/* A certificate's names, whole and cut at every length; everything handed over lies inside it. */

#include "monitor/evidence/certificate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must_be_inside(struct cf_slice slice, const uint8_t *data, size_t len)
{
	if (slice.len > 0 && (slice.data < data || slice.data + slice.len > data + len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (size_t cut = len > 64 ? len - 64 : 0; cut <= len; cut++) {
		struct cf_certificate certificate;

		if (!cf_certificate_read((struct cf_slice){.data = data, .len = cut}, &certificate))
			continue;
		must_be_inside(certificate.issuer, data, cut);
		must_be_inside(certificate.issuer_common_name, data, cut);
		must_be_inside(certificate.issuer_organization, data, cut);
		must_be_inside(certificate.subject_common_name, data, cut);
		if (certificate.dns_name_count > CF_CERTIFICATE_NAMES)
			abort();
		for (unsigned i = 0; i < certificate.dns_name_count; i++)
			must_be_inside(certificate.dns_names[i], data, cut);
	}
	return 0;
}
