/* Sightings to hosts: who was there, and by which names. */

#include "ledger/hosts/model_host.h"

#include <stdio.h>
#include <string.h>

/* What the claim says of the host with that index, by every name it gives. */
static enum cf_status note_claim(struct cf_model *model, uint32_t index,
    const struct model_row *row, uint32_t first, uint32_t last, const struct model_claim *claim)
{
	const char *site = model->sites[row->site];
	uint32_t base = row->day * DAY_MINUTES;
	char vlan[12];
	/* A router's MAC is not that of the hosts behind it. */
	bool is_other = claim->router && cf_identity_strength(claim->how) == CF_IDENTITY_SHOWN;
	struct cf_host_identity seen = {
	    .how = claim->how, .from_minute = base + first, .to_minute = base + last};
	const struct {
		enum cf_host_identity_kind kind;
		const char *value;
	} values[] = {{CF_IDENTITY_ADDR, claim->addr},
	    {CF_IDENTITY_MAC, is_other ? "" : claim->mac}, {CF_IDENTITY_NAME, claim->name},
	    {CF_IDENTITY_CLIENT, claim->client}};
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < sizeof values / sizeof values[0] && status == CF_OK; i++) {
		seen.kind = values[i].kind;
		seen.value = values[i].value;
		status = cf_model_note_identity(model, index, site, &seen);
	}
	if (status != CF_OK || claim->vlan == 0)
		return status;
	int len = snprintf(vlan, sizeof vlan, "%u", claim->vlan);

	seen.kind = CF_IDENTITY_VLAN;
	seen.value = cf_model_text(model, vlan, (size_t)len);
	return seen.value == NULL ? CF_ENOMEM : cf_model_note_identity(model, index, site, &seen);
}

static enum cf_status alive_on(struct cf_model *model, uint32_t node, const struct model_row *row,
    uint32_t first, uint32_t last, const struct model_claim *claim)
{
	uint32_t index;
	struct cf_host *host = cf_model_host(model, node, &index);
	struct cf_host_day *day = host == NULL ? NULL : cf_host_day(model, host, row->day);
	enum cf_status status = CF_OK;

	if (day == NULL)
		return CF_ENOMEM;
	if (claim->is_lease) { /* says who has an address, not that the host was there */
		model->sensors[row->sensor].has_leases = true;
		host->is_network = false;
	} else
		status = cf_model_saw(model, host, day, row->sensor, first, last);
	return status == CF_OK ? note_claim(model, index, row, first, last, claim) : status;
}

/* Only the address is known: whoever held it, minute by minute. */
static enum cf_status alive_by_place(struct cf_model *model, uint32_t place,
    const struct model_row *row, const struct model_claim *claim)
{
	struct cf_minutes minutes = {0};
	enum cf_status status =
	    cf_minutes_decode(&minutes, row->blob, row->blob_len, CF_MINUTES_MAX);

	for (uint32_t i = 0; i < minutes.count && status == CF_OK; i++) {
		uint32_t minute = minutes.items[i].minute;

		if (row->day * DAY_MINUTES + minute > model->at_minute)
			break;
		uint32_t node = cf_model_node_at(model, place, row->day * DAY_MINUTES + minute);

		status = node == CF_NODE_NONE ? CF_ENOMEM
		                              : alive_on(model, node, row, minute, minute, claim);
	}
	cf_minutes_done(&minutes);
	return status == CF_EMALFORMED ? cf_model_skip_row(model) : status;
}

enum cf_status cf_model_take_sighting(struct cf_model *model, const struct cf_row *stmt)
{
	static const struct model_columns columns = {0, 1, 2, MODEL_NO_COLUMN, MODEL_NO_COLUMN};
	struct model_links links;

	if (!cf_model_links(model, stmt, &columns, &links))
		return cf_model_skip_row(model);
	const struct model_claim *claim = &model->claims[links.claim];
	struct model_row row = cf_model_row(model, &links, stmt, 10);
	uint32_t first = (uint32_t)cf_row_int64(stmt, 3), last = (uint32_t)cf_row_int64(stmt, 4);

	if (first >= DAY_MINUTES || last >= DAY_MINUTES || last < first)
		return cf_model_skip_row(model);
	if (row.day * DAY_MINUTES + first > model->at_minute)
		return CF_OK;
	if (row.day * DAY_MINUTES + last > model->at_minute)
		last = model->at_minute - row.day * DAY_MINUTES;
	uint32_t node = cf_model_claim_node(model, row.site, links.claim);

	if (node != CF_NODE_NONE)
		return alive_on(model, node, &row, first, last, claim);
	if (claim->addr[0] == '\0' || claim->is_lease)
		return CF_OK;
	uint32_t place = cf_owners_place(model->owners, row.site, claim->addr_number, claim->addr);

	if (place == CF_NODE_NONE)
		return CF_ENOMEM;
	if (!cf_owners_is_constant(
	        model->owners, place, row.day * DAY_MINUTES + first, row.day * DAY_MINUTES + last))
		return alive_by_place(model, place, &row, claim);
	node = cf_model_node_at(model, place, row.day * DAY_MINUTES + first);
	return node == CF_NODE_NONE ? CF_ENOMEM : alive_on(model, node, &row, first, last, claim);
}
