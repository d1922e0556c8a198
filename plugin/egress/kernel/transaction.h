/*
 * Messages for nfnetlink, one after the other in memory, as one transaction: the kernel takes all
 * of them or none. Memory that runs out is noted and told by cf_transaction_is_whole(). One thread.
 *
 * Sources: linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h, netlink(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Attributes within attributes, at most. */
#define CF_TRANSACTION_DEPTH 8

struct cf_transaction {
	uint8_t *bytes;
	size_t len, size;
	size_t message_at; /* the one that is being written */
	size_t nests[CF_TRANSACTION_DEPTH];
	unsigned depth;
	uint32_t messages; /* begun so far, without those around the transaction */
	bool broken;
};

/*
 * Begins the transaction. generation: it only holds when nobody changed the tables since (what
 * NFT_MSG_GETGEN said); 0: whatever was before.
 */
void cf_transaction_begin(struct cf_transaction *batch, uint32_t generation);
/* Begins a message about the inet family; NFT_MSG_NEWRULE and the like, NLM_F_CREATE ... */
void cf_transaction_message(struct cf_transaction *batch, unsigned type, unsigned flags);
/* Ends the transaction; not to commit it: the kernel looks at all and changes nothing. */
void cf_transaction_end(struct cf_transaction *batch, bool commit);

/* Attributes of the message, or of what was nested in it last. Numbers in network order. */
void cf_transaction_bytes(
    struct cf_transaction *batch, unsigned type, const void *bytes, size_t len);
void cf_transaction_text(struct cf_transaction *batch, unsigned type, const char *text);
void cf_transaction_u16(struct cf_transaction *batch, unsigned type, uint16_t value);
void cf_transaction_u32(struct cf_transaction *batch, unsigned type, uint32_t value);
void cf_transaction_u64(struct cf_transaction *batch, unsigned type, uint64_t value);
void cf_transaction_nest(struct cf_transaction *batch, unsigned type);
void cf_transaction_unnest(struct cf_transaction *batch);
/* Bytes of the attribute that is being nested, which may have 64 KiB at most. */
size_t cf_transaction_nested_bytes(const struct cf_transaction *batch);

bool cf_transaction_is_whole(const struct cf_transaction *batch);
/* Frees what it holds; zeroed storage is an empty batch. */
void cf_transaction_done(struct cf_transaction *batch);
