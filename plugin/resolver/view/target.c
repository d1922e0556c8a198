/* Targets of service records: RFC 1035 3.3.9 (MX), 2782 (SRV), 3403 4.1 (NAPTR), 1183 1 (AFSDB),
 * 2230 3.1 (KX). */
#include "resolver/view/target.h"

#include "base/bytes.h"
#include "base/limits.h"

enum { TYPE_MX = 15, TYPE_AFSDB = 18, TYPE_SRV = 33, TYPE_NAPTR = 35, TYPE_KX = 36 };

bool cf_target_is_type(uint16_t rrtype)
{
	return rrtype == TYPE_MX || rrtype == TYPE_SRV || rrtype == TYPE_NAPTR ||
	    rrtype == TYPE_AFSDB || rrtype == TYPE_KX;
}

/* Steps over what stands in front of the name. */
static void skip_front(struct cf_bytes *c, uint16_t rrtype)
{
	if (rrtype == TYPE_SRV) {
		cf_bytes_skip(c, 6); /* priority, weight, port */
	} else if (rrtype == TYPE_NAPTR) {
		cf_bytes_skip(c, 4); /* order, preference; then flags, services, regexp */
		for (int i = 0; i < 3; i++)
			cf_bytes_skip(c, cf_bytes_u8(c));
	} else {
		cf_bytes_skip(c, 2);
	}
}

bool cf_target_find(uint16_t rrtype, const uint8_t *rdata, size_t len, const uint8_t **name_out,
    size_t *name_len_out)
{
	struct cf_bytes c = cf_bytes_make(rdata, len);
	const uint8_t *name;
	uint8_t label_len;

	if (!cf_target_is_type(rrtype))
		return false;
	skip_front(&c, rrtype);
	name = c.at;
	do {
		label_len = cf_bytes_u8(&c);
		if (label_len > 63)
			cf_bytes_fail(&c);
		cf_bytes_skip(&c, label_len);
	} while (cf_bytes_ok(&c) && label_len != 0);
	if (!cf_bytes_ok(&c) || c.at - name <= 1 || c.at - name > CF_NAME_WIRE_BYTES)
		return false;
	*name_out = name;
	*name_len_out = (size_t)(c.at - name);
	return true;
}
