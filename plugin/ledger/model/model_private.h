/* What the files that build a model share (model*.c); nobody else includes it. */
#pragma once

#include "ledger/ingest/map.h"
#include "ledger/minutes/minutes.h"
#include "ledger/model/model.h"
#include "ledger/model/owner.h"
#include "ledger/ptr.h"

#include <sqlite3.h>

#define DAY_MINUTES 1440u

/* Rows of the small tables, by their number in the ledger. */
struct model_endpoint {
	const char *addr, *mac;
	uint32_t vlan;
};

struct model_claim {
	const char *addr, *mac, *name, *client, *how;
	uint32_t vlan;
	bool router, is_lease;
};

struct cf_model {
	struct cf_ledger *ledger;
	sqlite3 *db;
	struct cf_model_options options;
	uint32_t at_minute;
	/* process lifetime of the model: every text of the ledger once */
	struct text_block *blocks;
	struct cf_map *text_map;
	const char **texts;
	uint32_t text_count;
	size_t text_size;

	struct cf_model_sensor *sensors; /* by index */
	size_t sensor_count;
	uint32_t *sensor_index; /* number in the ledger -> index */
	uint32_t sensor_max;
	struct cf_model_kind *kinds; /* by number */
	uint32_t kind_max;
	struct model_endpoint *endpoints;
	uint32_t endpoint_max;
	struct model_claim *claims;
	uint32_t claim_max;
	const char **sites;
	uint32_t site_count;
	size_t site_size;
	struct cf_map *site_map;
	uint32_t *sensor_site; /* by index */

	struct cf_map *routers; /* MACs that carry others' traffic */
	struct cf_map *proxies; /* of them, those that answer for others, too */
	struct cf_map *splits;  /* "mac addr" told apart by hand */
	struct cf_map *node_cache;
	struct cf_owners *owners;
	struct cf_coverage *coverage;
	struct cf_actions *actions;
	struct cf_ptrs *ptrs;

	struct cf_host **hosts;
	size_t host_count, host_size;
	uint32_t *host_of_node; /* by head node; UINT32_MAX none */
	uint32_t host_of_node_size;
	struct cf_map *evidence_map, *identity_map;
	uint64_t skipped_rows;
};

/* model_text.c */
/* The one copy of these bytes, terminated, alive as long as the model; NULL without memory. */
const char *cf_model_text(struct cf_model *model, const char *text, size_t len);
/* As above of a column's text; that of NULL is "". */
const char *cf_model_column(struct cf_model *model, sqlite3_stmt *row, int column);
void cf_model_texts_free(struct cf_model *model);

/* model_tables.c: the small tables and the sites. */
enum cf_status cf_model_load_tables(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/*
 * Numbers of a row that must lead somewhere: a damaged file must not lead us out of our tables. Ids
 * of things that a row has not are 0, so the caller asks for those it must have. False: pass over.
 */
bool cf_model_row_ok(const struct cf_model *model, int64_t day, int64_t sensor_id, int64_t claim_id,
    int64_t endpoint_id, int64_t kind_id);

/*
 * A row that cannot be: it is passed over and counted, for one damaged row must not end every
 * report. Always CF_OK.
 */
enum cf_status cf_model_skip_row(struct cf_model *model);

/* model_coverage.c: fills model->coverage and the totals of the sensors. */
enum cf_status cf_model_load_coverage(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_router.c: fills model->routers and model->proxies. */
enum cf_status cf_model_find_routers(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_node.c */
/* The node a claim or endpoint names at a site, or CF_NODE_NONE: then only the place is known. */
uint32_t cf_model_claim_node(struct cf_model *model, uint32_t site, uint32_t claim);
uint32_t cf_model_endpoint_node(
    struct cf_model *model, uint32_t site, const struct model_endpoint *e);

/* model_holding.c: who held which address when. */
enum cf_status cf_model_load_holdings(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_owner.c: who is who; routers and holdings are part of it. */
enum cf_status cf_model_load_owners(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_host.c: sums to hosts. */
enum cf_status cf_model_load_hosts(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_describe.c: names, products, states of finished hosts. */
enum cf_status cf_model_describe(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;
/* The node that a selector means; CF_NODE_NONE: none. */
uint32_t cf_model_select_node(struct cf_model *model, const char *selector);
