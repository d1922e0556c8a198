/* Which node a claim or an endpoint names: the MAC tells, else what the host calls itself. */

#include "ledger/model/model_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* VRRP and HSRP: one MAC for whoever is master. */
static bool is_virtual_mac(const char *mac)
{
	return strncmp(mac, "00:00:5e:00:0", 13) == 0 || strncmp(mac, "00:00:0c:07:ac", 14) == 0;
}

static bool is_router(const struct cf_model *model, const char *mac)
{
	uint32_t unused;

	return is_virtual_mac(mac) || cf_map_find(model->routers, mac, strlen(mac), &unused);
}

static bool is_split(const struct cf_model *model, const char *mac, const char *addr)
{
	char key[600];
	uint32_t unused;

	if (cf_map_count(model->splits) == 0)
		return false;
	int len = snprintf(key, sizeof key, "%s %s", mac, addr);

	return cf_map_find(model->splits, key, (size_t)len, &unused);
}

/* A MAC that its owner made up (bit 1 of the first byte) means something at its own site only. */
static bool is_local_mac(const char *mac)
{
	return mac[0] != '\0' && mac[1] != '\0' && strchr("2367abefABEF", mac[1]) != NULL;
}

static uint32_t mac_node(struct cf_model *model, uint32_t site, const char *mac, const char *addr)
{
	char key[1200];
	size_t mac_len = strlen(mac);
	int len;

	if (mac_len > 600) /* of a damaged ledger */
		mac_len = 600;
	memcpy(key, "mac:", 4);
	memcpy(key + 4, mac, mac_len);
	len = (int)mac_len + 4;
	if (is_local_mac(mac))
		len += snprintf(key + len, sizeof key - (size_t)len, "@%.255s", model->sites[site]);
	if (is_split(model, mac, addr))
		len += snprintf(
		    key + len, sizeof key - (size_t)len, " %s@%s", addr, model->sites[site]);
	return cf_owners_node(model->owners, key, (size_t)len);
}

uint32_t cf_model_endpoint_node(
    struct cf_model *model, uint32_t site, const struct model_endpoint *e)
{
	if (e->mac[0] == '\0' || is_router(model, e->mac))
		return CF_NODE_NONE;
	return mac_node(model, site, e->mac, e->addr);
}

/*
 * A router's MAC still names the router itself, where it is bound to one address: a machine that
 * forwards for its containers is no stranger to its own.
 */
static bool is_its_own(const struct cf_model *model, const struct model_claim *claim)
{
	uint32_t unused;

	return cf_identity_strength(claim->how) == CF_IDENTITY_BOUND &&
	    !is_virtual_mac(claim->mac) &&
	    !cf_map_find(model->proxies, claim->mac, strlen(claim->mac), &unused);
}

static uint32_t make_claim_node(
    struct cf_model *model, uint32_t site, const struct model_claim *claim)
{
	char key[1200];
	int len;

	if (claim->mac[0] != '\0' && (!is_router(model, claim->mac) || is_its_own(model, claim)))
		return mac_node(model, site, claim->mac, claim->addr);
	if (claim->client[0] != '\0') {
		len = snprintf(key, sizeof key, "client:%s@%s", claim->client, model->sites[site]);
		return cf_owners_node(model->owners, key, (size_t)len);
	}
	if (claim->name[0] == '\0')
		return CF_NODE_NONE;
	/* DHCP servers keep names apart; what hosts call themselves is worth nothing beyond one
	 * address. */
	bool by_dhcp = claim->is_lease || strncmp(claim->how, "dhcp", 4) == 0;

	len = by_dhcp ? snprintf(key, sizeof key, "name:%s@%s", claim->name, model->sites[site])
	              : snprintf(key, sizeof key, "name:%s@%s %s", claim->name, model->sites[site],
	                    claim->addr);
	for (char *at = key + 5; *at != '\0' && *at != '@'; at++)
		*at = (char)tolower((unsigned char)*at);
	return cf_owners_node(model->owners, key, (size_t)len);
}

bool cf_model_known_claim_node(
    const struct cf_model *model, uint32_t site, uint32_t claim, uint32_t *node_out)
{
	const struct model_site_node *first = &model->claim_nodes[claim];
	uint32_t key[2] = {site, claim};

	if (first->is_known && first->site == site) {
		*node_out = first->node;
		return true;
	}
	return cf_map_find(model->node_cache, key, sizeof key, node_out);
}

uint32_t cf_model_claim_node(struct cf_model *model, uint32_t site, uint32_t claim)
{
	struct model_site_node *first = &model->claim_nodes[claim];
	uint32_t key[2] = {site, claim}, node;

	if (cf_model_known_claim_node(model, site, claim, &node))
		return node;
	node = make_claim_node(model, site, &model->claims[claim]);
	if (!first->is_known)
		*first = (struct model_site_node){.is_known = true, .site = site, .node = node};
	else
		/* Without memory the next call works it out again. */
		(void)!cf_map_add(model->node_cache, key, sizeof key, node, &node, NULL);
	return node;
}
