/* Which node a person means. */

#include "ledger/model/model_private.h"

#include <stdio.h>
#include <string.h>

/* The last holder of an address, at one site or any. */
static uint32_t select_addr(struct cf_model *model, const char *addr, size_t len, const char *site)
{
	uint32_t best = CF_NODE_NONE, best_minute = 0;

	for (uint32_t i = 0; i < cf_owners_place_count(model->owners); i++) {
		const struct cf_claim *holdings;
		uint32_t place_site;
		const char *text = cf_owners_place_addr(model->owners, i, &place_site);

		if (strlen(text) != len || memcmp(text, addr, len) != 0 ||
		    (site != NULL && strcmp(site, model->sites[place_site]) != 0))
			continue;
		size_t count = cf_owners_holdings(model->owners, i, &holdings);

		if (count > 0 &&
		    (best == CF_NODE_NONE || holdings[count - 1].to_minute > best_minute)) {
			best = holdings[count - 1].node;
			best_minute = holdings[count - 1].to_minute;
		}
	}
	return best;
}

uint32_t cf_model_select_node(struct cf_model *model, const char *selector)
{
	char key[700];
	uint32_t node = cf_owners_find_node(model->owners, selector, strlen(selector));

	if (node != CF_NODE_NONE)
		return node;
	int len = snprintf(key, sizeof key, "mac:%s", selector);

	node = cf_owners_find_node(model->owners, key, (size_t)len);
	if (node != CF_NODE_NONE)
		return node;
	const char *at = strrchr(selector, '@');

	len = snprintf(key, sizeof key, "ip:%s%s", selector, at == NULL ? "@" : "");
	node = at == NULL ? select_addr(model, selector, strlen(selector), NULL)
	                  : select_addr(model, selector, (size_t)(at - selector), at + 1);
	return node != CF_NODE_NONE ? node : cf_owners_find_node(model->owners, key, (size_t)len);
}
