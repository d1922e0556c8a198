/* Deflated IP payloads. */

#include "monitor/decode/ipcomp.h"

#ifdef CF_HAVE_ZLIB

#include "base/allowance.h"
#include "base/limits.h"

#include <stdlib.h>
#include <zlib.h>

#define PLAIN_BYTES 65536U
/* A payload of Ethernet, whose packets are all that such a payload usually stands for. */
#define FULL_PACKET_BYTES 1500U

struct cf_ipcomp {
	z_stream inflater;
	struct cf_allowance allowance;
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
	ipcomp->allowance = cf_allowance_make(CF_IPCOMP_BURST, CF_IPCOMP_PER_S);
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

/* Room for what such a payload may unpack to. */
static size_t room_for(struct cf_slice packed)
{
	size_t room = packed.len < PLAIN_BYTES / CF_IPCOMP_TIMES
	    ? CF_IPCOMP_TIMES * packed.len + FULL_PACKET_BYTES
	    : PLAIN_BYTES;

	return room < PLAIN_BYTES ? room : PLAIN_BYTES;
}

bool cf_ipcomp_inflate(struct cf_ipcomp *ipcomp, struct cf_slice packed, int64_t at_wall_us,
    struct cf_slice *plain_out)
{
	size_t room = room_for(packed);
	z_stream *inflater;

	if (ipcomp == NULL || ipcomp->held || !cf_allowance_take(&ipcomp->allowance, at_wall_us))
		return false;
	inflater = &ipcomp->inflater;
	if (inflateReset(inflater) != Z_OK)
		return false;
	/* zlib's interface is older than const; it does not write here. */
	inflater->next_in = (Bytef *)(uintptr_t)packed.data;
	inflater->avail_in = (uInt)packed.len;
	inflater->next_out = ipcomp->plain;
	inflater->avail_out = (uInt)room;
	/* All at once: then zlib needs no window, and allocates none. */
	if (inflate(inflater, Z_FINISH) != Z_STREAM_END)
		return false;
	ipcomp->held = true;
	*plain_out = (struct cf_slice){.data = ipcomp->plain, .len = room - inflater->avail_out};
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

bool cf_ipcomp_inflate(struct cf_ipcomp *ipcomp, struct cf_slice packed, int64_t at_wall_us,
    struct cf_slice *plain_out)
{
	(void)ipcomp;
	(void)packed;
	(void)at_wall_us;
	(void)plain_out;
	return false;
}

void cf_ipcomp_release(struct cf_ipcomp *ipcomp)
{
	(void)ipcomp;
}

#endif
