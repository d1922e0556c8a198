#include "monitor/hosts/asks.h"

#include <stdlib.h>
#include <string.h>

/* Places that a client may have. */
#define WAYS 4

_Static_assert(CF_ASKS % WAYS == 0 && (CF_ASKS & (CF_ASKS - 1)) == 0, "sets are chosen by mask");

enum cf_status cf_asks_init(struct cf_asks *asks, uint64_t seed)
{
	*asks = (struct cf_asks){.seed = seed, .items = calloc(CF_ASKS, sizeof *asks->items)};
	return asks->items == NULL ? CF_ENOMEM : CF_OK;
}

void cf_asks_done(struct cf_asks *asks)
{
	free(asks->items);
}

static struct cf_ask *set_of(const struct cf_asks *asks, struct cf_slice client, uint16_t vlan)
{
	uint64_t hash = asks->seed ^ vlan;

	for (size_t i = 0; i < client.len; i++) {
		hash = (hash ^ client.data[i]) * UINT64_C(0xbf58476d1ce4e5b9);
		hash ^= hash >> 31;
	}
	return &asks->items[hash % (CF_ASKS / WAYS) * WAYS];
}

/* A MAC has six bytes, a DUID at least ten (three and more in the wild). */
static bool is_client(const struct cf_ask *ask, struct cf_slice client, uint16_t vlan)
{
	if (!ask->is_used || ask->vlan != vlan)
		return false;
	if (client.len == 6 && ask->has_mac)
		return memcmp(ask->mac, client.data, 6) == 0;
	return client.len != 6 && ask->id_bytes == client.len &&
	    memcmp(ask->id, client.data, client.len) == 0;
}

/* An id that is longer than what is kept is known by its beginning. */
static struct cf_slice bounded(struct cf_slice client)
{
	if (client.len > CF_CLIENT_ID_BYTES)
		client.len = CF_CLIENT_ID_BYTES;
	return client;
}

struct cf_ask *cf_asks_find(const struct cf_asks *asks, struct cf_slice client, uint16_t vlan)
{
	struct cf_ask *set;

	client = bounded(client);
	set = set_of(asks, client, vlan);
	for (unsigned i = 0; i < WAYS; i++)
		if (is_client(&set[i], client, vlan))
			return &set[i];
	return NULL;
}

struct cf_ask *cf_asks_get(
    struct cf_asks *asks, struct cf_slice client, uint16_t vlan, int64_t at_wall_us)
{
	struct cf_ask *ask = cf_asks_find(asks, client, vlan), *set;

	if (ask != NULL) {
		ask->last_wall_us = at_wall_us;
		return ask;
	}
	client = bounded(client);
	set = set_of(asks, client, vlan);
	ask = &set[0];
	for (unsigned i = 1; i < WAYS && ask->is_used; i++)
		if (!set[i].is_used || set[i].last_wall_us < ask->last_wall_us)
			ask = &set[i];
	*ask = (struct cf_ask){.is_used = true, .vlan = vlan, .last_wall_us = at_wall_us};
	if (client.len == 6) {
		ask->has_mac = true;
		memcpy(ask->mac, client.data, 6);
	} else if (client.len > 0) {
		ask->id_bytes = (uint8_t)client.len;
		memcpy(ask->id, client.data, client.len);
	}
	return ask;
}
