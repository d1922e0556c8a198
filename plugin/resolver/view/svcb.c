/* Reads SVCB and HTTPS records: RFC 9460 2.2 (wire format), 7.3 (hints). */
#include "resolver/view/svcb.h"

#include "base/bytes.h"
#include "base/limits.h"

#include <stdbool.h>

enum { SVCB_KEY_IPV4HINT = 4, SVCB_KEY_IPV6HINT = 6 };

/* Steps over an uncompressed name and returns its length with the root label, 0 when it is bad. */
static size_t name_length(struct cf_bytes *c)
{
	const uint8_t *start = c->at;
	uint8_t label_len;

	do {
		label_len = cf_bytes_u8(c);
		if (label_len > 63)
			cf_bytes_fail(c);
		cf_bytes_skip(c, label_len);
	} while (cf_bytes_ok(c) && label_len != 0);
	if (!cf_bytes_ok(c) || c->at - start > CF_NAME_WIRE_BYTES)
		return 0;
	return (size_t)(c->at - start);
}

/* Visits the addresses of one hint; false when the visitor wants no more. */
static bool walk_hints(struct cf_bytes *value, size_t addr_len, cf_svcb_visit *visit, void *arg)
{
	while (cf_bytes_left(value) >= addr_len) {
		const uint8_t *bytes = cf_bytes_take(value, addr_len);
		struct cf_addr addr = addr_len == 4 ? cf_addr_v4(bytes) : cf_addr_v6(bytes);

		if (!visit(arg, NULL, 0, &addr))
			return false;
	}
	return true;
}

enum cf_status cf_svcb_walk(const uint8_t *rdata, size_t len, cf_svcb_visit *visit, void *arg)
{
	struct cf_bytes c = cf_bytes_make(rdata, len);
	const uint8_t *target;
	size_t target_len;

	cf_bytes_skip(&c, 2); /* priority: alias and service mode have the same layout */
	target = c.at;
	target_len = name_length(&c);
	if (target_len == 0)
		return CF_EMALFORMED;
	if (!visit(arg, target, target_len, NULL))
		return CF_OK;
	while (cf_bytes_left(&c) > 0) {
		uint16_t key = cf_bytes_be16(&c);
		uint16_t value_len = cf_bytes_be16(&c);
		struct cf_bytes value = cf_bytes_sub(&c, value_len);

		if (!cf_bytes_ok(&c))
			return CF_EMALFORMED;
		if (key == SVCB_KEY_IPV4HINT && !walk_hints(&value, 4, visit, arg))
			return CF_OK;
		if (key == SVCB_KEY_IPV6HINT && !walk_hints(&value, 16, visit, arg))
			return CF_OK;
	}
	return CF_OK;
}
