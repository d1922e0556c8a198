/*
 * Did anything get lost on the way? A resolver whose socket is full drops what it would tell, and
 * neither counts it nor says so. But each answer belongs to a question: one whose question never
 * came shows that a message is missing. (A question without an answer shows nothing: servers may
 * drop it, or take their time.)
 *
 * Told both in either order, as threads of a server hand them over. Nothing is concluded where a
 * server was never heard to tell questions, before CF_TAP_PATIENCE_S of it were heard (what was
 * asked before has its answers then), or after the table had to forget a question. One thread; one
 * for each stream.
 */
#pragma once

#include "base/status.h"
#include "tap/tapped.h"

struct cf_balance;

/* key is unpredictable. CF_ENOMEM. */
enum cf_status cf_balance_new(const uint8_t key[16], struct cf_balance **balance_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_balance_free(struct cf_balance *balance);

/* A question or an answer whose DNS message has this id. */
void cf_balance_take(
    struct cf_balance *balance, const struct cf_tapped *tapped, uint16_t id, int64_t now_wall_us);

/* Looks through all every few seconds; how many answers have been found alone since birth. */
uint64_t cf_balance_missing(struct cf_balance *balance, int64_t now_wall_us);
