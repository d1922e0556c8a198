/* What the files that build a model share (model/, who/, hosts/); nobody else includes it. */
#pragma once

#include "base/map.h"
#include "ledger/minutes/minutes.h"
#include "ledger/model/model.h"
#include "ledger/model/owner.h"
#include "ledger/model/state.h"
#include "ledger/ptr.h"
#include "ledger/store/store.h"

#define DAY_MINUTES 1440u

/* Rows of the small tables, numbered from 1 without holes: numbers of rows in the ledger are no
 * bound, since rows are forgotten and others come. */
struct model_endpoint {
	const char *addr, *mac;
	uint32_t addr_number, vlan;
};

struct model_claim {
	const char *addr, *mac, *name, *client, *how;
	uint32_t addr_number;
	uint32_t vlan : 30;
	uint32_t router : 1;
	uint32_t is_lease : 1;
};

/* The text of a column of the row before, and its number. */
struct model_last_text {
	const char *text; /* NULL: none yet */
	size_t len;
	uint32_t number;
};
#define MODEL_ROW_TEXTS 12

/* IPv4 addresses of one MAC on one day, from which on it is a router to us. */
#define MODEL_ROUTER_ADDRESSES 16
/* IPv4 addresses bound to one MAC on one day, from which on it answers for others. */
#define MODEL_PROXY_ADDRESSES 2

/* In how many rows of claims and endpoints a MAC has an IPv4 address, up to 255. */
struct model_mac_rows {
	uint8_t seen, bound;
};

/* Which number a row of the ledger has here: ids[n - 1] is the row's, rising. */
struct model_numbers {
	int64_t *ids;
	uint32_t count;
	size_t size;
};

/* What a row of a large table leads to, as numbers of the model; 0: was not asked for. */
struct model_links {
	uint32_t day, sensor, claim, endpoint, kind;
};

/* The node of a claim at the site that asked first. */
struct model_site_node {
	uint32_t site, node;
	bool is_known;
};

/* What was watched of the window by one set of sensors. */
struct model_watch {
	struct cf_coverage_lack lack;
	bool by_dns_alone;
};

/*
 * Arrays of one kind of item, each with room for a power of two of them, that are freed together.
 * {.item_bytes = ...}, at least a pointer's, is an empty one.
 */
#define MODEL_POOL_CLASSES 31
/* Longer arrays of days are malloc()'s. A power of two. */
#define MODEL_POOLED_DAYS 16
struct model_pool {
	size_t item_bytes;
	struct pool_chunk *chunks;
	void *given_back[MODEL_POOL_CLASSES]; /* by class: each leads to the next */
};

struct cf_model {
	struct cf_ledger *ledger;
	struct cf_model_options options;
	uint32_t at_minute;
	/* process lifetime of the model: every text of the ledger once, addresses apart; each
	 * text's value is its number */
	struct cf_map *text_map, *addr_map;
	struct model_last_text last_texts[MODEL_ROW_TEXTS];
	struct model_mac_rows *mac_rows; /* by number of the text */
	uint32_t mac_count;
	size_t mac_size;

	struct cf_model_sensor *sensors; /* by index */
	size_t sensor_count, sensor_size;
	struct model_numbers sensor_numbers, kind_numbers, endpoint_numbers, claim_numbers;
	uint32_t *sensor_index;      /* by number of the sensor: sensors are sorted by name */
	struct cf_model_kind *kinds; /* by number, as the two below */
	size_t kind_size;
	struct model_endpoint *endpoints;
	size_t endpoint_size;
	struct model_claim *claims;
	size_t claim_size;
	uint32_t claim_max; /* the last number */
	const char **sites;
	uint32_t site_count;
	size_t site_size;
	struct cf_map *site_map;
	uint32_t *sensor_site; /* by index */

	/* MACs with so many rows that they may be routers, or proxies: no others need be counted by
	 * the day. */
	struct cf_map *router_suspects, *proxy_suspects;
	struct cf_map *routers; /* MACs that carry others' traffic */
	struct cf_map *proxies; /* of them, those that answer for others, too */
	struct cf_map *splits;  /* "mac addr" told apart by hand */
	struct model_site_node
	    *claim_nodes; /* by claim, at one site; those at others: node_cache */
	struct cf_map *node_cache;
	struct cf_owners *owners;
	struct cf_coverage *coverage;
	struct cf_actions *actions;
	struct cf_ptrs *ptrs;

	struct model_pool host_pool, rare_pool, watch_pool, found_pool, day_pool, identity_pool,
	    evidence_pool;
	struct cf_host **hosts;
	size_t host_count, host_size;
	uint32_t *host_of_node; /* by head node; UINT32_MAX none */
	uint32_t host_of_node_size;
	struct cf_map *evidence_map, *identity_map;
	uint64_t skipped_rows;
	struct cf_map *rule_map; /* rules of kinds, numbered: what makes two look-ups alike */
	struct model_episodes *episodes;
	struct model_watch **watches; /* by set of sensors; NULL was not asked for */
	uint32_t watch_count;
	size_t watch_size;
};

/* model_text.c */
/* The one copy of these bytes, terminated, alive as long as the model; NULL without memory. */
const char *cf_model_text(struct cf_model *model, const char *text, size_t len);
/* As above of a column's text; that of NULL is "". */
const char *cf_model_column(struct cf_model *model, const struct cf_row *row, int column);
/* count columns of a row, from first on, to where texts point, and their numbers. False without
 * memory. */
bool cf_model_texts(struct cf_model *model, const struct cf_row *row, int first, size_t count,
    const char **const texts[], uint32_t numbers[]);
/* The one copy of an address, which has nothing to do with the other texts, and its number, counted
 * from 0. NULL without memory. */
const char *cf_model_addr(
    struct cf_model *model, const struct cf_row *row, int column, uint32_t *number_out);
void cf_model_texts_free(struct cf_model *model);

/* model_pool.c */
/* Room for one more item behind the used ones (items NULL while *room is 0). NULL without memory:
 * all stays as it was. */
void *cf_model_pool_grow(struct model_pool *pool, void *items, uint32_t used, uint32_t *room);
void cf_model_pool_free(struct model_pool *pool);

/* model_tables.c: the small tables and the sites. */
enum cf_status cf_model_load_tables(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* In which columns a row says where it leads; MODEL_NO_COLUMN: it does not. */
#define MODEL_NO_COLUMN (-1)
struct model_columns {
	int day, sensor, claim, endpoint, kind;
};

/*
 * Where a row leads: sensor is an index, the others numbers. A damaged file must not lead us out of
 * our tables: false when a number leads nowhere, and the row is then to be passed over.
 */
bool cf_model_links(const struct cf_model *model, const struct cf_row *row,
    const struct model_columns *columns, struct model_links *links_out);
void cf_model_numbers_free(struct model_numbers *numbers);
/* Whether an address counts among those of a MAC: hosts have many IPv6 addresses by themselves. */
bool cf_model_is_counted(const char *addr);
void cf_model_tables_free(struct cf_model *model);

/*
 * A row that cannot be: it is passed over and counted, for one damaged row must not end every
 * report. Always CF_OK.
 */
enum cf_status cf_model_skip_row(struct cf_model *model);

/* model_coverage.c: fills model->coverage and the totals of the sensors. */
enum cf_status cf_model_load_coverage(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_unread.c: doubts of model->coverage where much of the traffic could not be read, and the
 * sensors' totals of it. */
enum cf_status cf_model_tell_unread(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_runs.c: doubts of model->coverage where one of several machines of a name did not watch. */
enum cf_status cf_model_tell_machines(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_router.c: fills model->routers and model->proxies. */
enum cf_status cf_model_find_routers(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_node.c */
/* The node a claim or endpoint names at a site, or CF_NODE_NONE: then only the place is known. */
uint32_t cf_model_claim_node(struct cf_model *model, uint32_t site, uint32_t claim);
/* As above where it was asked for before; false where it was not. */
bool cf_model_known_claim_node(
    const struct cf_model *model, uint32_t site, uint32_t claim, uint32_t *node_out);
uint32_t cf_model_endpoint_node(
    struct cf_model *model, uint32_t site, const struct model_endpoint *e);

/* model_holding.c: who held which address when. */
enum cf_status cf_model_load_holdings(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_owner.c: who is who; routers and holdings are part of it. */
enum cf_status cf_model_load_owners(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_hosts.c: sums to hosts. */
enum cf_status cf_model_load_hosts(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;

/* model_kind.c: what a kind of hit says about the host. CF_ENOMEM. */
enum cf_status cf_model_classify(struct cf_model *model, struct cf_model_kind *kind) CF_MUST_CHECK;

/* model_describe.c: names, products, states of finished hosts. */
enum cf_status cf_model_describe(struct cf_model *model, struct cf_error *error) CF_MUST_CHECK;
/* model_order.c: worst first. CF_ENOMEM. */
enum cf_status cf_model_sort_hosts(struct cf_model *model) CF_MUST_CHECK;
/* model_why.c: how much was watched over the host, and the words for its state. CF_ENOMEM. */
enum cf_status cf_model_say_why(struct cf_model *model, struct cf_host *host,
    const struct cf_state_judgement *judgement) CF_MUST_CHECK;
/* The node that a selector means; CF_NODE_NONE: none. */
uint32_t cf_model_select_node(struct cf_model *model, const char *selector);
