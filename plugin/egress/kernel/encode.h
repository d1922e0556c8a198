/*
 * Parts of the table as messages of a transaction: what nft(8) sends for the text of table_text.h.
 * A test loads both and compares what the kernel lists.
 *
 * Sources: linux/netfilter/nf_tables.h; userdata as libnftnl writes it (udata.h). One thread.
 */
#pragma once

#include "egress/kernel/transaction.h"
#include "egress/table/table.h"

/* The only table that is ever named. */
#define CF_EGRESS_TABLE "curfew"
/* The chain whose rule bears the table's comment, as type, length and text with its end. */
#define CF_ABOUT_CHAIN   "about"
#define CF_UDATA_COMMENT 0

void cf_encode_table(struct cf_transaction *batch, bool remove);
void cf_encode_counter(
    struct cf_transaction *batch, const char *name, const struct cf_egress_totals *totals);
/* An empty set. number: any that no other set of the transaction has. */
void cf_encode_set(struct cf_transaction *batch, const struct cf_table_set *set, uint32_t number);
void cf_encode_set_gone(struct cf_transaction *batch, const char *name);
void cf_encode_chain(struct cf_transaction *batch, const struct cf_table_chain *chain);
/* The chain's rules go, or the chain that has none. */
void cf_encode_rules_gone(struct cf_transaction *batch, const char *chain);
void cf_encode_chain_gone(struct cf_transaction *batch, const char *chain);
/* At the end of its chain. False: a user whom nobody knows, of whom *error tells. */
bool cf_encode_rule(struct cf_transaction *batch, const struct cf_table *table,
    const struct cf_table_chain *chain, const struct cf_table_rule *rule, struct cf_error *error);

/* Elements of one set, added or gone, as many a message as it takes. */
struct cf_encoding {
	struct cf_transaction *batch;
	const struct cf_table_set *set;
	bool gone, open;
};
void cf_encode_element(struct cf_encoding *encoding, uint32_t i);
void cf_encode_elements_end(struct cf_encoding *encoding);
