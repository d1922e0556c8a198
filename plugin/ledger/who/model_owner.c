/* Who is who: routers and splits first, then who held what, then which nodes are one host. */

#include "ledger/model/model_private.h"

#include <stdio.h>
#include <string.h>

/*
 * A DHCP client that came with two MACs (a dock, Wi-Fi) is one host, if it also gave the same name:
 * cloned machines share the client id, but seldom the name.
 */
static enum cf_status join_clients(struct cf_model *model)
{
	struct cf_map *seen = cf_map_new();
	enum cf_status status = seen == NULL ? CF_ENOMEM : CF_OK;

	for (uint32_t site = 0; site < model->site_count && status == CF_OK; site++) {
		for (uint32_t i = 1; i <= model->claim_max && status == CF_OK; i++) {
			const struct model_claim *claim = &model->claims[i];
			struct { /* texts are there once: their places tell them apart */
				const char *client, *name;
				uint64_t site;
			} key = {claim->client, claim->name, site};
			uint32_t cached, first;

			if (claim->mac == NULL || claim->client[0] == '\0' ||
			    claim->name[0] == '\0' ||
			    !cf_model_known_claim_node(model, site, i, &cached) ||
			    cached == CF_NODE_NONE)
				continue;
			status = cf_map_add(seen, &key, sizeof key, cached, &first, NULL);
			if (status == CF_OK)
				cf_owners_join(model->owners, first, cached);
		}
	}
	cf_map_free(seen);
	return status;
}

/* The node an action names. One that is known by its address alone comes to life with its first
 * hit. */
static uint32_t named_node(struct cf_model *model, const char *key)
{
	uint32_t node = cf_model_select_node(model, key);

	if (node == CF_NODE_NONE && strncmp(key, "ip:", 3) == 0)
		node = cf_owners_node(model->owners, key, strlen(key));
	return node;
}

static void join_by_hand(struct cf_model *model)
{
	for (size_t i = 0; i < cf_actions_count(model->actions); i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);

		if (strcmp(action->verb, "merge") != 0 || cf_actions_is_undone(model->actions, i))
			continue;
		uint32_t a = named_node(model, action->args[0]);
		uint32_t b = named_node(model, action->args[1]);

		/* None without memory only: the hosts stay two, as if nobody had said so. */
		if (a != CF_NODE_NONE && b != CF_NODE_NONE)
			cf_owners_join(model->owners, a, b);
	}
}

static enum cf_status take_splits(struct cf_model *model)
{
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < cf_actions_count(model->actions) && status == CF_OK; i++) {
		const struct cf_ledger_action *action = cf_actions_get(model->actions, i);
		char key[600];
		uint32_t unused;

		if (strcmp(action->verb, "split") != 0 || cf_actions_is_undone(model->actions, i))
			continue;
		int len = snprintf(key, sizeof key, "%s %s", action->args[0], action->args[1]);

		status = cf_map_add(model->splits, key, (size_t)len, 0, &unused, NULL);
	}
	return status;
}

enum cf_status cf_model_load_owners(struct cf_model *model, struct cf_error *error)
{
	enum cf_status status = take_splits(model);

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	status = cf_model_find_routers(model, error);
	if (status == CF_OK)
		status = cf_model_load_holdings(model, error);
	if (status == CF_OK && join_clients(model) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	if (status == CF_OK)
		join_by_hand(model);
	return status;
}
