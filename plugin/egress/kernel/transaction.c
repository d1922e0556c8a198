/* A growing buffer, and lengths filled in when they are known. */

#include "egress/kernel/transaction.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

/* Room for len bytes more, as zeros; NULL: no memory, which is noted. */
static uint8_t *extend(struct cf_transaction *batch, size_t len)
{
	size_t size = batch->size == 0 ? 65536 : batch->size;
	uint8_t *place;

	while (size - batch->len < len)
		size *= 2;
	if (size != batch->size) {
		uint8_t *bytes = batch->broken ? NULL : realloc(batch->bytes, size);

		batch->broken = bytes == NULL;
		if (bytes == NULL)
			return NULL;
		batch->bytes = bytes;
		batch->size = size;
	}
	place = batch->bytes + batch->len;
	memset(place, 0, len);
	batch->len += len;
	return place;
}

static void end_message(struct cf_transaction *batch)
{
	struct nlmsghdr head;

	if (batch->broken || batch->len == batch->message_at)
		return;
	memcpy(&head, batch->bytes + batch->message_at, sizeof head);
	head.nlmsg_len = (uint32_t)(batch->len - batch->message_at);
	memcpy(batch->bytes + batch->message_at, &head, sizeof head);
}

static void begin_message(
    struct cf_transaction *batch, unsigned type, unsigned flags, unsigned family, unsigned resource)
{
	struct nlmsghdr head = {.nlmsg_type = (uint16_t)type,
	    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
	    .nlmsg_seq = batch->messages};
	struct nfgenmsg about = {
	    .nfgen_family = (uint8_t)family, .res_id = htons((uint16_t)resource)};
	uint8_t *place;

	end_message(batch);
	batch->message_at = batch->len;
	place = extend(batch, NLMSG_HDRLEN + sizeof about);
	if (place == NULL)
		return;
	memcpy(place, &head, sizeof head);
	memcpy(place + NLMSG_HDRLEN, &about, sizeof about);
}

void cf_transaction_begin(struct cf_transaction *batch, uint32_t generation)
{
	begin_message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	if (generation != 0)
		cf_transaction_u32(batch, NFNL_BATCH_GENID, generation);
}

void cf_transaction_message(struct cf_transaction *batch, unsigned type, unsigned flags)
{
	batch->messages++;
	begin_message(batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, NFPROTO_INET, 0);
}

void cf_transaction_end(struct cf_transaction *batch, bool commit)
{
	if (commit)
		begin_message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_message(batch);
	batch->message_at = batch->len;
}

void cf_transaction_bytes(
    struct cf_transaction *batch, unsigned type, const void *bytes, size_t len)
{
	struct nlattr head = {.nla_type = (uint16_t)type, .nla_len = (uint16_t)(NLA_HDRLEN + len)};
	uint8_t *place = extend(batch, NLA_ALIGN(head.nla_len));

	if (place == NULL)
		return;
	memcpy(place, &head, sizeof head);
	memcpy(place + NLA_HDRLEN, bytes, len);
}

void cf_transaction_text(struct cf_transaction *batch, unsigned type, const char *text)
{
	cf_transaction_bytes(batch, type, text, strlen(text) + 1);
}

void cf_transaction_u16(struct cf_transaction *batch, unsigned type, uint16_t value)
{
	uint16_t wire = htons(value);

	cf_transaction_bytes(batch, type, &wire, sizeof wire);
}

void cf_transaction_u32(struct cf_transaction *batch, unsigned type, uint32_t value)
{
	uint32_t wire = htonl(value);

	cf_transaction_bytes(batch, type, &wire, sizeof wire);
}

void cf_transaction_u64(struct cf_transaction *batch, unsigned type, uint64_t value)
{
	uint8_t wire[8];

	for (unsigned i = 0; i < 8; i++)
		wire[i] = (uint8_t)(value >> (56 - 8 * i));
	cf_transaction_bytes(batch, type, wire, sizeof wire);
}

void cf_transaction_nest(struct cf_transaction *batch, unsigned type)
{
	batch->nests[batch->depth++] = batch->len;
	cf_transaction_bytes(batch, NLA_F_NESTED | type, "", 0);
}

void cf_transaction_unnest(struct cf_transaction *batch)
{
	size_t at = batch->nests[--batch->depth];
	struct nlattr head;

	if (batch->broken)
		return;
	memcpy(&head, batch->bytes + at, sizeof head);
	head.nla_len = (uint16_t)(batch->len - at);
	memcpy(batch->bytes + at, &head, sizeof head);
}

size_t cf_transaction_nested_bytes(const struct cf_transaction *batch)
{
	return batch->len - batch->nests[batch->depth - 1];
}

bool cf_transaction_is_whole(const struct cf_transaction *batch)
{
	return !batch->broken;
}

void cf_transaction_done(struct cf_transaction *batch)
{
	free(batch->bytes);
	*batch = (struct cf_transaction){.len = 0};
}
