/*
 * Who is who: nodes (a MAC, a DHCP client, a name, a bare address), which of them are one host, and
 * which node held an address when.
 *
 *   place: an address at a site           node: something that names a machine
 *   10.0.0.5 @ berlin  |--mac aa--|   |------mac bb------|  ...
 *
 * Claims are collected in any order, then settled. At each minute a place belongs to the strongest
 * claim that covers it; of equally strong ones to that which began last, for it ended the others.
 * Between claims, to the node that was last there, for up to hold_minutes, unless its claim has a
 * reason for its end (then to nobody); else to the one whose claim comes next within hold_minutes,
 * unless that one knows that it began then. Beyond that nobody is known to have held it. One
 * thread.
 */
#pragma once

#include "ledger/model/claim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_NODE_NONE UINT32_MAX

struct cf_owners;

enum cf_status cf_owners_new(uint32_t hold_minutes, struct cf_owners **owners_out) CF_MUST_CHECK;
void cf_owners_free(struct cf_owners *owners);

/* The node with this key ("mac:...", "client:SITE/...", "name:SITE/...", "ip:SITE/..."), made if
 * new. CF_NODE_NONE without memory. */
uint32_t cf_owners_node(struct cf_owners *owners, const char *key, size_t len);
/* CF_NODE_NONE when there is no such node. */
uint32_t cf_owners_find_node(struct cf_owners *owners, const char *key, size_t len);
const char *cf_owners_key(const struct cf_owners *owners, uint32_t node);
uint32_t cf_owners_node_count(const struct cf_owners *owners);

/* Remembers that the node was seen at this minute: the first minute decides which node names a
 * host. */
void cf_owners_saw(struct cf_owners *owners, uint32_t node, uint32_t minute);

/* Makes both one host. */
void cf_owners_join(struct cf_owners *owners, uint32_t a, uint32_t b);
/* The node that stands for the host: of the strongest kind, then seen first, then the smaller key.
 */
uint32_t cf_owners_head(struct cf_owners *owners, uint32_t node);

/* The number of the place; CF_NODE_NONE without memory. number is that of the address, counted from
 * 0; addr is kept as it is and must outlive the owners. */
uint32_t cf_owners_place(
    struct cf_owners *owners, uint32_t site, uint32_t number, const char *addr);

/*
 * The node of whoever has the place when nobody is known to: "ip:ADDR@SITE", site_name being that
 * of its site. CF_NODE_NONE without memory.
 */
uint32_t cf_owners_place_node(struct cf_owners *owners, uint32_t place, const char *site_name);

/* Adds a claim to the place of this number. CF_ENOMEM. */
enum cf_status cf_owners_claim(
    struct cf_owners *owners, uint32_t number, const struct cf_claim *claim) CF_MUST_CHECK;

/*
 * As above, where no other claim to the place lies between its newest one and this: one of the same
 * node grows if hold_minutes bridge the two.
 */
enum cf_status cf_owners_extend(
    struct cf_owners *owners, uint32_t number, const struct cf_claim *claim) CF_MUST_CHECK;

/* Works out who held what from all claims; once, before the questions below. CF_ENOMEM. */
enum cf_status cf_owners_settle(struct cf_owners *owners) CF_MUST_CHECK;

/* The node that held the place at that minute, or CF_NODE_NONE. */
uint32_t cf_owners_at(const struct cf_owners *owners, uint32_t number, uint32_t minute);
/* True when it is the same (perhaps nobody) throughout from .. to. */
bool cf_owners_is_constant(
    const struct cf_owners *owners, uint32_t place, uint32_t from_minute, uint32_t to_minute);

/* One after the other: who held the place, of those that are settled; index below the count. */
size_t cf_owners_holdings(
    const struct cf_owners *owners, uint32_t place, const struct cf_claim **holdings_out);
uint32_t cf_owners_place_count(const struct cf_owners *owners);
/* Address of the place (terminated) and its site. */
const char *cf_owners_place_addr(
    const struct cf_owners *owners, uint32_t place, uint32_t *site_out);
