/* Deriving the monitor's fast tests from an image. */

#include "monitor/evidence/watchlist.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The counter stands before the public part, so that readers see only what is immutable. */
struct counted {
	atomic_uint references;
	struct cf_image *image;
	struct cf_watchlist list;
};

static struct counted *counted_of(struct cf_watchlist *list)
{
	return (struct counted *)(void *)((char *)list - offsetof(struct counted, list));
}

static void set_bit(uint64_t *bits, unsigned bit)
{
	bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static void add_addr_interest(struct cf_watchlist *list, const struct cf_prefix *prefix)
{
	const uint8_t *bytes = prefix->addr.bytes;

	if (prefix->addr.family == CF_FAMILY_V4) {
		unsigned first = (unsigned)bytes[0] << 8 | bytes[1];
		unsigned count = prefix->bits >= 16 ? 1 : 1U << (16 - prefix->bits);

		for (unsigned i = 0; i < count; i++)
			set_bit(list->v4_interest, first + i);
	} else if (prefix->addr.family == CF_FAMILY_V6) {
		if (prefix->bits < 32)
			list->v6_all = true;
		set_bit(list->v6_interest, cf_watchlist_v6_slot(bytes));
	}
}

static void add_sinkhole(struct cf_watchlist *list, unsigned i, const struct cf_addr *addr)
{
	struct cf_prefix prefix = {.addr = *addr, .bits = (uint8_t)(8 * cf_addr_length(addr))};

	list->sinkhole[i] = *addr;
	add_addr_interest(list, &prefix);
}

static void add_ports(struct cf_watchlist *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct cf_port port;

		cf_image_port(list->image, i, &port);
		if (strcmp(port.direction, "lan") != 0)
			continue;
		for (unsigned n = port.first; n <= port.last; n++)
			set_bit(port.proto == CF_PROTO_UDP ? list->lan_udp : list->lan_tcp, n);
	}
}

static void add_resolvers(struct cf_watchlist *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct cf_resolver resolver;

		cf_image_resolver(list->image, i, &resolver);
		if (resolver.addr.family != CF_FAMILY_NONE)
			set_bit(
			    list->resolver_interest, cf_watchlist_resolver_slot(&resolver.addr));
	}
}

enum cf_status cf_watchlist_new(struct cf_image *image, struct cf_watchlist **watchlist_out)
{
	struct counted *counted = calloc(1, sizeof *counted);
	const struct cf_image_info *info = cf_image_info(image);
	const struct cf_answer_spec *answer = cf_image_answer(image);
	struct cf_watchlist *list;

	if (counted == NULL) {
		cf_image_close(image);
		return CF_ENOMEM;
	}
	atomic_init(&counted->references, 1);
	counted->image = image;
	list = &counted->list;
	list->image = image;
	for (uint32_t i = 0; i < info->networks; i++) {
		struct cf_network network;

		cf_image_network(image, i, &network);
		add_addr_interest(list, &network.prefix);
	}
	add_sinkhole(list, 0, &answer->sinkhole_v4);
	add_sinkhole(list, 1, &answer->sinkhole_v6);
	add_ports(list, info->ports);
	add_resolvers(list, info->resolvers);
	cf_signatures_init(&list->signatures, image);
	cf_sha256_format(info->digest, list->digest);
	*watchlist_out = list;
	return CF_OK;
}

enum cf_status cf_watchlist_open(
    const char *path, struct cf_watchlist **watchlist_out, struct cf_error *error)
{
	struct cf_image *image = NULL;
	enum cf_status status = cf_image_open(path, &image, error);

	if (status != CF_OK)
		return status;
	status = cf_watchlist_new(image, watchlist_out);
	if (status != CF_OK)
		return cf_error_set(
		    error, status, "cannot prepare image '%s': %s", path, cf_status_text(status));
	return CF_OK;
}

struct cf_watchlist *cf_watchlist_get(struct cf_watchlist *watchlist)
{
	atomic_fetch_add(&counted_of(watchlist)->references, 1);
	return watchlist;
}

void cf_watchlist_put(struct cf_watchlist *watchlist)
{
	struct counted *counted;

	if (watchlist == NULL)
		return;
	counted = counted_of(watchlist);
	if (atomic_fetch_sub(&counted->references, 1) != 1)
		return;
	cf_image_close(counted->image);
	free(counted);
}

uint32_t cf_watchlist_network(const struct cf_watchlist *list, const struct cf_addr *addr,
    int64_t at_wall_s, struct cf_network *network_out)
{
	uint32_t id;

	if (!cf_watchlist_maybe(list, addr))
		return CF_NONE;
	id = cf_image_find_addr(list->image, addr);
	if (id == CF_NONE)
		return CF_NONE;
	cf_image_network(list->image, id, network_out);
	return at_wall_s < network_out->until_wall_s ? id : CF_NONE;
}

bool cf_watchlist_is_sinkhole(const struct cf_watchlist *list, const struct cf_addr *addr)
{
	return addr->family != CF_FAMILY_NONE &&
	    (cf_addr_equal(addr, &list->sinkhole[0]) || cf_addr_equal(addr, &list->sinkhole[1]));
}

bool cf_watchlist_resolver(const struct cf_watchlist *list, const struct cf_addr *addr,
    const char *role, struct cf_resolver *resolver_out)
{
	uint32_t count = cf_image_info(list->image)->resolvers;

	if (!cf_watchlist_maybe_resolver(list, addr))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		cf_image_resolver(list->image, i, resolver_out);
		if (strcmp(resolver_out->role, role) == 0 &&
		    cf_addr_equal(&resolver_out->addr, addr))
			return true;
	}
	return false;
}
