/* Two four-way tables: announcements by (client, address), and clients by address. */

#include "monitor/evidence/announced.h"

#include <stdlib.h>
#include <string.h>

#define WAYS     4
#define US_PER_S INT64_C(1000000)

struct client {
	struct cf_addr addr;
	int64_t visible_wall_us; /* last answer in clear; 0 never */
	int64_t hidden_wall_us;  /* last encrypted DNS; 0 never */
};

struct cf_announced {
	uint64_t seed, evicted;
	int64_t last_evicted_wall_us; /* a live announcement, or that there may be some, was lost */
	struct cf_announcement *entry; /* CF_ANNOUNCED */
	struct client *client;         /* CF_DNS_CLIENTS */
};

static uint64_t hash(uint64_t seed, const struct cf_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	high = (high ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
	high = (high ^ high >> 29 ^ low) * UINT64_C(0xbf58476d1ce4e5b9);
	return high ^ high >> 32;
}

enum cf_status cf_announced_new(uint64_t seed, struct cf_announced **announced_out)
{
	struct cf_announced *announced = calloc(1, sizeof *announced);

	if (announced == NULL)
		return CF_ENOMEM;
	announced->seed = seed;
	announced->last_evicted_wall_us = INT64_MIN;
	announced->entry = calloc(CF_ANNOUNCED, sizeof *announced->entry);
	announced->client = calloc(CF_DNS_CLIENTS, sizeof *announced->client);
	if (announced->entry == NULL || announced->client == NULL) {
		cf_announced_free(announced);
		return CF_ENOMEM;
	}
	*announced_out = announced;
	return CF_OK;
}

void cf_announced_free(struct cf_announced *announced)
{
	if (announced == NULL)
		return;
	free(announced->entry);
	free(announced->client);
	free(announced);
}

static struct cf_announcement *entry_ways(
    struct cf_announced *announced, const struct cf_addr *client, const struct cf_addr *addr)
{
	uint64_t h = hash(announced->seed, client) + 3 * hash(announced->seed, addr);

	return &announced->entry[(h ^ h >> 20) % (CF_ANNOUNCED / WAYS) * WAYS];
}

/* Remembered that long: past it, an announcement is as good as none. */
static bool is_remembered(const struct cf_announcement *entry, int64_t at_wall_us)
{
	return entry->client.family != CF_FAMILY_NONE &&
	    at_wall_us < entry->live_wall_us + CF_ANNOUNCED_LIFE_S * US_PER_S;
}

void cf_announced_add(struct cf_announced *announced, const struct cf_addr *client,
    const struct cf_addr *addr, const struct cf_name *name, int64_t at_wall_us, uint32_t ttl_s)
{
	struct cf_announcement *ways = entry_ways(announced, client, addr), *victim = &ways[0];

	for (unsigned i = 0; i < WAYS; i++) {
		if (cf_addr_equal(&ways[i].client, client) && cf_addr_equal(&ways[i].addr, addr)) {
			victim = &ways[i];
			break;
		}
		if (ways[i].at_wall_us < victim->at_wall_us)
			victim = &ways[i];
	}
	if (is_remembered(victim, at_wall_us) &&
	    !(cf_addr_equal(&victim->client, client) && cf_addr_equal(&victim->addr, addr))) {
		announced->evicted++;
		announced->last_evicted_wall_us = at_wall_us;
	}
	victim->client = *client;
	victim->addr = *addr;
	victim->at_wall_us = at_wall_us;
	victim->live_wall_us = at_wall_us + (int64_t)ttl_s * US_PER_S;
	memcpy(victim->name_wire, name->wire, name->wire_len);
}

static bool is_recent(int64_t then_wall_us, int64_t at_wall_us, int64_t within_s)
{
	return then_wall_us != 0 && at_wall_us - then_wall_us < within_s * US_PER_S;
}

static int64_t heard_wall_us(const struct client *client)
{
	return client->visible_wall_us > client->hidden_wall_us ? client->visible_wall_us
	                                                        : client->hidden_wall_us;
}

static struct client *client_ways(struct cf_announced *announced, const struct cf_addr *addr)
{
	return &announced->client[hash(announced->seed, addr) % (CF_DNS_CLIENTS / WAYS) * WAYS];
}

static struct client *client_find(struct cf_announced *announced, const struct cf_addr *addr)
{
	struct client *ways = client_ways(announced, addr);

	for (unsigned i = 0; i < WAYS; i++)
		if (cf_addr_equal(&ways[i].addr, addr))
			return &ways[i];
	return NULL;
}

/*
 * The client's slot, if need be that of the one heard of longest ago. Whoever comes into a full set
 * may be one that was dropped from it, and counts as hidden as lately as any there: an address
 * whose announcement nobody could see must not be called hard-coded.
 */
static struct client *client_get(
    struct cf_announced *announced, const struct cf_addr *addr, int64_t at_wall_us)
{
	struct client *client = client_find(announced, addr);
	struct client *ways = client_ways(announced, addr), *room = &ways[0];
	int64_t hidden_wall_us = 0;

	if (client != NULL)
		return client;
	for (unsigned i = 0; i < WAYS; i++) {
		if (heard_wall_us(&ways[i]) < heard_wall_us(room))
			room = &ways[i];
		if (ways[i].hidden_wall_us > hidden_wall_us)
			hidden_wall_us = ways[i].hidden_wall_us;
	}
	if (is_recent(heard_wall_us(room), at_wall_us, CF_DNS_VISIBLE_S))
		announced->evicted++;
	else
		hidden_wall_us = 0;
	*room = (struct client){.addr = *addr, .hidden_wall_us = hidden_wall_us};
	return room;
}

void cf_announced_visible(
    struct cf_announced *announced, const struct cf_addr *client, int64_t at_wall_us)
{
	client_get(announced, client, at_wall_us)->visible_wall_us = at_wall_us;
}

void cf_announced_hidden(
    struct cf_announced *announced, const struct cf_addr *client, int64_t at_wall_us)
{
	client_get(announced, client, at_wall_us)->hidden_wall_us = at_wall_us;
}

enum cf_dns_seen cf_announced_find(struct cf_announced *announced, const struct cf_addr *client,
    const struct cf_addr *addr, int64_t at_wall_us, const struct cf_announcement **announcement_out)
{
	const struct cf_announcement *ways = entry_ways(announced, client, addr);
	const struct client *seen;

	for (unsigned i = 0; i < WAYS; i++) {
		if (!cf_addr_equal(&ways[i].client, client) ||
		    !cf_addr_equal(&ways[i].addr, addr) || !is_remembered(&ways[i], at_wall_us))
			continue;
		if (announcement_out != NULL)
			*announcement_out = &ways[i];
		return CF_DNS_RESOLVED;
	}
	seen = client_find(announced, client);
	if (seen == NULL || !is_recent(seen->visible_wall_us, at_wall_us, CF_DNS_VISIBLE_S) ||
	    is_recent(seen->hidden_wall_us, at_wall_us, CF_DNS_VISIBLE_S))
		return CF_DNS_UNKNOWN;
	/* An announcement thrown out for a newer one may have been this very one. */
	if (announced->last_evicted_wall_us != INT64_MIN &&
	    is_recent(announced->last_evicted_wall_us, at_wall_us, CF_ANNOUNCED_LIFE_S))
		return CF_DNS_UNKNOWN;
	return CF_DNS_HARDCODED;
}

uint64_t cf_announced_evicted(const struct cf_announced *announced)
{
	return announced->evicted;
}
