/* Two pools, each with a chained hash over it. */

#include "monitor/hosts/host_table.h"

#include <stdlib.h>
#include <string.h>

/* Entries looked at to find one that makes room. */
#define LINE_LENGTH 16
#define LINE_BYTES  64 /* of the cache */

_Static_assert((CF_HOSTS & (CF_HOSTS - 1)) == 0, "buckets are chosen by mask");
_Static_assert((CF_MACS & (CF_MACS - 1)) == 0, "buckets are chosen by mask");
_Static_assert(sizeof(struct cf_seen_host) == 2 * LINE_BYTES, "a host is two lines of the cache");

enum cf_status cf_host_table_init(struct cf_host_table *table, uint64_t seed)
{
	*table = (struct cf_host_table){.seed = seed, .hosts_free = CF_NO_PLACE};
	table->host = aligned_alloc(LINE_BYTES, CF_HOSTS * sizeof *table->host);
	table->until_s = malloc(CF_HOSTS * sizeof *table->until_s);
	table->mac = malloc(CF_MACS * sizeof *table->mac);
	table->host_bucket = malloc(CF_HOSTS * sizeof *table->host_bucket);
	table->mac_bucket = malloc(CF_MACS * sizeof *table->mac_bucket);
	if (table->host == NULL || table->until_s == NULL || table->mac == NULL ||
	    table->host_bucket == NULL || table->mac_bucket == NULL)
		return CF_ENOMEM;
	memset(table->host_bucket, 0xff, CF_HOSTS * sizeof *table->host_bucket);
	memset(table->mac_bucket, 0xff, CF_MACS * sizeof *table->mac_bucket);
	return CF_OK;
}

void cf_host_table_done(struct cf_host_table *table)
{
	free(table->host);
	free(table->until_s);
	free(table->mac);
	free(table->host_bucket);
	free(table->mac_bucket);
}

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 31;
}

static uint32_t *host_bucket(
    const struct cf_host_table *table, const struct cf_addr *addr, uint16_t vlan)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	return &table->host_bucket[mix(mix(high ^ table->seed) + low + vlan) % CF_HOSTS];
}

static uint32_t *mac_bucket(const struct cf_host_table *table, const uint8_t bytes[6])
{
	uint64_t value = 0;

	memcpy(&value, bytes, 6);
	return &table->mac_bucket[mix(value ^ table->seed) % CF_MACS];
}

static bool is_link_local(const struct cf_addr *addr)
{
	if (addr->family == CF_FAMILY_V4)
		return addr->bytes[0] == 169 && addr->bytes[1] == 254;
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

struct cf_seen_host *cf_host_find(
    const struct cf_host_table *table, const struct cf_addr *addr, struct cf_host_place place)
{
	uint32_t i = *host_bucket(table, addr, place.vlan);

	while (i != CF_NO_PLACE) {
		struct cf_seen_host *host = &table->host[i];

		if (host->vlan == place.vlan && cf_addr_equal(&host->addr, addr) &&
		    (host->interface == place.interface || !is_link_local(addr)))
			return host;
		i = host->chain;
	}
	return NULL;
}

struct cf_seen_host *cf_host_add(
    struct cf_host_table *table, const struct cf_addr *addr, struct cf_host_place place)
{
	uint32_t *bucket = host_bucket(table, addr, place.vlan), at = table->hosts_free;

	if (at == CF_NO_PLACE)
		at = table->hosts_fresh++;
	else
		table->hosts_free = table->host[at].chain;
	table->host[at] = (struct cf_seen_host){
	    .addr = *addr, .vlan = place.vlan, .interface = place.interface, .chain = *bucket};
	table->until_s[at] = 0;
	*bucket = at;
	table->hosts_known++;
	return &table->host[at];
}

struct cf_seen_host *cf_host_victim(struct cf_host_table *table)
{
	struct cf_seen_host *oldest = NULL;

	if (table->hosts_known < CF_HOSTS)
		return NULL;
	for (unsigned i = 0; i < LINE_LENGTH; i++) {
		struct cf_seen_host *host = &table->host[table->host_hand++ % CF_HOSTS];

		if (oldest == NULL || host->last_wall_us < oldest->last_wall_us)
			oldest = host;
	}
	table->hosts_evicted++;
	return oldest;
}

void cf_host_remove(struct cf_host_table *table, struct cf_seen_host *host)
{
	uint32_t *link = host_bucket(table, &host->addr, host->vlan);
	uint32_t place = (uint32_t)(host - table->host);

	while (*link != place)
		link = &table->host[*link].chain;
	*link = host->chain;
	*host = (struct cf_seen_host){.chain = table->hosts_free};
	table->hosts_free = place;
	table->hosts_known--;
}

struct cf_mac *cf_mac_find(const struct cf_host_table *table, const uint8_t bytes[6])
{
	uint32_t i = *mac_bucket(table, bytes);

	while (i != CF_NO_PLACE) {
		struct cf_mac *mac = &table->mac[i];

		if (memcmp(mac->bytes, bytes, 6) == 0)
			return mac;
		i = mac->chain;
	}
	return NULL;
}

/* Takes a MAC out, the oldest of the next in line; to forget a router costs most, so they stay. */
static uint32_t evict_mac(struct cf_host_table *table)
{
	struct cf_mac *oldest = NULL;
	uint32_t place, *link;

	for (unsigned i = 0; i < LINE_LENGTH; i++) {
		struct cf_mac *mac = &table->mac[table->mac_hand++ % CF_MACS];

		if (oldest == NULL || mac->is_router < oldest->is_router ||
		    (mac->is_router == oldest->is_router &&
		        mac->last_wall_us < oldest->last_wall_us))
			oldest = mac;
	}
	place = (uint32_t)(oldest - table->mac);
	for (link = mac_bucket(table, oldest->bytes); *link != place;)
		link = &table->mac[*link].chain;
	*link = oldest->chain;
	table->macs_evicted++;
	return place;
}

struct cf_mac *cf_mac_get(struct cf_host_table *table, const uint8_t bytes[6], int64_t at_wall_us)
{
	struct cf_mac *mac = cf_mac_find(table, bytes);

	if (mac == NULL) {
		uint32_t *bucket = mac_bucket(table, bytes);
		uint32_t place =
		    table->macs_fresh < CF_MACS ? table->macs_fresh++ : evict_mac(table);

		mac = &table->mac[place];
		*mac = (struct cf_mac){.chain = *bucket};
		memcpy(mac->bytes, bytes, 6);
		*bucket = place;
	}
	mac->last_wall_us = at_wall_us;
	return mac;
}
