/* Deflated IP payloads. */

#include "monitor/decode/ipcomp.h"

#ifdef CF_HAVE_ZLIB

#include <stdlib.h>
#include <zlib.h>

#define PLAIN_BYTES 65536U

struct cf_ipcomp {
	z_stream inflater;
	bool held;
	uint8_t plain[PLAIN_BYTES];
};

enum cf_status cf_ipcomp_new(struct cf_ipcomp **ipcomp_out)
{
	struct cf_ipcomp *ipcomp = calloc(1, sizeof *ipcomp);

	if (ipcomp == NULL)
		return CF_ENOMEM;
	if (inflateInit2(&ipcomp->inflater, -15) != Z_OK) { /* no zlib header */
		free(ipcomp);
		return CF_ENOMEM;
	}
	*ipcomp_out = ipcomp;
	return CF_OK;
}

void cf_ipcomp_free(struct cf_ipcomp *ipcomp)
{
	if (ipcomp == NULL)
		return;
	(void)inflateEnd(&ipcomp->inflater); /* cannot fail on a stream that was begun */
	free(ipcomp);
}

bool cf_ipcomp_inflate(struct cf_ipcomp *ipcomp, struct cf_slice packed, struct cf_slice *plain_out)
{
	z_stream *inflater;

	if (ipcomp == NULL || ipcomp->held)
		return false;
	inflater = &ipcomp->inflater;
	if (inflateReset(inflater) != Z_OK)
		return false;
	/* zlib's interface is older than const; it does not write here. */
	inflater->next_in = (Bytef *)(uintptr_t)packed.data;
	inflater->avail_in = (uInt)packed.len;
	inflater->next_out = ipcomp->plain;
	inflater->avail_out = PLAIN_BYTES;
	/* All at once: then zlib needs no window, and allocates none. */
	if (inflate(inflater, Z_FINISH) != Z_STREAM_END)
		return false;
	ipcomp->held = true;
	*plain_out =
	    (struct cf_slice){.data = ipcomp->plain, .len = PLAIN_BYTES - inflater->avail_out};
	return true;
}

void cf_ipcomp_release(struct cf_ipcomp *ipcomp)
{
	ipcomp->held = false;
}

#else

enum cf_status cf_ipcomp_new(struct cf_ipcomp **ipcomp_out)
{
	(void)ipcomp_out;
	return CF_EUNSUPPORTED;
}

void cf_ipcomp_free(struct cf_ipcomp *ipcomp)
{
	(void)ipcomp;
}

bool cf_ipcomp_inflate(struct cf_ipcomp *ipcomp, struct cf_slice packed, struct cf_slice *plain_out)
{
	(void)ipcomp;
	(void)packed;
	(void)plain_out;
	return false;
}

void cf_ipcomp_release(struct cf_ipcomp *ipcomp)
{
	(void)ipcomp;
}

#endif
