/*
 * Sets, chains, rules, elements.
 *
 * One file: a term is two to six attributes whose meaning lies in their neighbours - registers that
 * one fills and the next compares - so that those of one rule are read together.
 */

#include "egress/kernel/encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* libnftables' numbers of types, by which nft(8) lists keys. */
enum { TYPE_ADDR_V4 = 7, TYPE_ADDR_V6 = 8, TYPE_PROTO = 12, TYPE_PORT = 13 };
#define DATA_VERDICT 0xffffff00U
/* A message of elements ends behind so many bytes; its attribute has 64 KiB at most. */
#define ELEMENT_BYTES 60000U

static void begin(struct cf_transaction *batch, unsigned type, unsigned flags)
{
	cf_transaction_message(batch, type, flags);
	/* In each kind of message the table's name is the first attribute. */
	cf_transaction_text(batch, NFTA_TABLE_NAME, CF_EGRESS_TABLE);
}

void cf_encode_table(struct cf_transaction *batch, bool remove)
{
	begin(batch, remove ? NFT_MSG_DELTABLE : NFT_MSG_NEWTABLE, remove ? 0 : NLM_F_CREATE);
}

void cf_encode_counter(
    struct cf_transaction *batch, const char *name, const struct cf_egress_totals *totals)
{
	begin(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	cf_transaction_text(batch, NFTA_OBJ_NAME, name);
	cf_transaction_u32(batch, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	cf_transaction_nest(batch, NFTA_OBJ_DATA);
	cf_transaction_u64(batch, NFTA_COUNTER_BYTES, totals->bytes);
	cf_transaction_u64(batch, NFTA_COUNTER_PACKETS, totals->packets);
	cf_transaction_unnest(batch);
}

/* ---- sets */

void cf_encode_set(struct cf_transaction *batch, const struct cf_table_set *set, uint32_t number)
{
	static const uint32_t types[] = {[CF_SET_ADDR_V4] = TYPE_ADDR_V4,
	    [CF_SET_ADDR_V6] = TYPE_ADDR_V6,
	    [CF_SET_PROTO] = TYPE_PROTO,
	    [CF_SET_PORT] = TYPE_PORT};

	begin(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	cf_transaction_text(batch, NFTA_SET_NAME, set->name);
	cf_transaction_u32(batch, NFTA_SET_FLAGS,
	    (set->ranges ? NFT_SET_INTERVAL : 0U) | (set->is_map ? NFT_SET_MAP : 0U));
	cf_transaction_u32(batch, NFTA_SET_KEY_TYPE, types[set->type]);
	cf_transaction_u32(batch, NFTA_SET_KEY_LEN, (uint32_t)cf_set_key_bytes(set->type));
	if (set->is_map) {
		cf_transaction_u32(batch, NFTA_SET_DATA_TYPE, DATA_VERDICT);
		cf_transaction_u32(batch, NFTA_SET_DATA_LEN, 0);
	}
	cf_transaction_u32(batch, NFTA_SET_ID, number);
	if (set->ranges)
		return;
	cf_transaction_nest(batch, NFTA_SET_DESC);
	cf_transaction_u32(batch, NFTA_SET_DESC_SIZE, cf_set_capacity(set));
	cf_transaction_unnest(batch);
}

void cf_encode_set_gone(struct cf_transaction *batch, const char *name)
{
	begin(batch, NFT_MSG_DELSET, 0);
	cf_transaction_text(batch, NFTA_SET_NAME, name);
}

static void put_key(struct cf_encoding *encoding, const uint8_t *key, uint32_t flags)
{
	struct cf_transaction *batch = encoding->batch;

	cf_transaction_nest(batch, NFTA_LIST_ELEM);
	if (flags != 0)
		cf_transaction_u32(batch, NFTA_SET_ELEM_FLAGS, flags);
	cf_transaction_nest(batch, NFTA_SET_ELEM_KEY);
	cf_transaction_bytes(batch, NFTA_DATA_VALUE, key, cf_set_key_bytes(encoding->set->type));
	cf_transaction_unnest(batch);
}

static void put_verdict(struct cf_transaction *batch, int code, const char *chain)
{
	cf_transaction_nest(batch, NFTA_DATA_VERDICT);
	cf_transaction_u32(batch, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL)
		cf_transaction_text(batch, NFTA_VERDICT_CHAIN, chain);
	cf_transaction_unnest(batch);
}

/* The first address behind a range ends it; one that ends with the last address has no end. */
static void put_end(struct cf_encoding *encoding, const uint8_t *last)
{
	size_t len = cf_set_key_bytes(encoding->set->type);
	uint8_t end[16];

	memcpy(end, last, len);
	for (size_t i = len; i-- > 0;) {
		if (++end[i] != 0) {
			put_key(encoding, end, NFT_SET_ELEM_INTERVAL_END);
			cf_transaction_unnest(encoding->batch);
			return;
		}
	}
}

void cf_encode_element(struct cf_encoding *encoding, uint32_t i)
{
	const struct cf_table_set *set = encoding->set;
	struct cf_transaction *batch = encoding->batch;
	size_t len = cf_set_key_bytes(set->type);
	const uint8_t *key = set->keys + len * (set->ranges ? 2 : 1) * i;
	char chain[CF_TABLE_NAME];

	if (!encoding->open) {
		begin(batch, encoding->gone ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM,
		    encoding->gone ? 0 : NLM_F_CREATE);
		cf_transaction_text(batch, NFTA_SET_ELEM_LIST_SET, set->name);
		cf_transaction_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		encoding->open = true;
	}
	put_key(encoding, key, 0);
	if (set->is_map && !encoding->gone) {
		(void)snprintf(chain, sizeof chain, "n%u", set->kinds[i]); /* fits */
		cf_transaction_nest(batch, NFTA_SET_ELEM_DATA);
		put_verdict(batch, NFT_GOTO, chain);
		cf_transaction_unnest(batch);
	}
	cf_transaction_unnest(batch);
	if (set->ranges)
		put_end(encoding, key + len);
	if (cf_transaction_nested_bytes(batch) > ELEMENT_BYTES)
		cf_encode_elements_end(encoding);
}

void cf_encode_elements_end(struct cf_encoding *encoding)
{
	if (!encoding->open)
		return;
	cf_transaction_unnest(encoding->batch);
	encoding->open = false;
}

/* ---- chains */

void cf_encode_chain(struct cf_transaction *batch, const struct cf_table_chain *chain)
{
	static const struct {
		const char *type;
		uint32_t hook;
		int32_t priority;
	} hooks[] = {
	    [CF_CHAIN_FORWARD] = {"filter", NF_INET_FORWARD, NF_IP_PRI_FILTER},
	    [CF_CHAIN_OUTPUT] = {"filter", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER},
	    [CF_CHAIN_LEAD] = {"nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST},
	    [CF_CHAIN_LEAD_OUT] = {"nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST},
	};

	begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	cf_transaction_text(batch, NFTA_CHAIN_NAME, chain->name);
	if (chain->hook == CF_CHAIN_REGULAR)
		return;
	cf_transaction_nest(batch, NFTA_CHAIN_HOOK);
	cf_transaction_u32(batch, NFTA_HOOK_HOOKNUM, hooks[chain->hook].hook);
	cf_transaction_u32(batch, NFTA_HOOK_PRIORITY, (uint32_t)hooks[chain->hook].priority);
	cf_transaction_unnest(batch);
	cf_transaction_u32(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	cf_transaction_text(batch, NFTA_CHAIN_TYPE, hooks[chain->hook].type);
}

void cf_encode_rules_gone(struct cf_transaction *batch, const char *chain)
{
	begin(batch, NFT_MSG_DELRULE, 0);
	cf_transaction_text(batch, NFTA_RULE_CHAIN, chain);
}

void cf_encode_chain_gone(struct cf_transaction *batch, const char *chain)
{
	begin(batch, NFT_MSG_DELCHAIN, 0);
	cf_transaction_text(batch, NFTA_CHAIN_NAME, chain);
}

/* ---- rules: expressions, which talk by registers; all of ours by the first */

static void begin_expression(struct cf_transaction *batch, const char *name)
{
	cf_transaction_nest(batch, NFTA_LIST_ELEM);
	cf_transaction_text(batch, NFTA_EXPR_NAME, name);
	cf_transaction_nest(batch, NFTA_EXPR_DATA);
}

static void end_expression(struct cf_transaction *batch)
{
	cf_transaction_unnest(batch);
	cf_transaction_unnest(batch);
}

static void load_meta(struct cf_transaction *batch, uint32_t key)
{
	begin_expression(batch, "meta");
	cf_transaction_u32(batch, NFTA_META_KEY, key);
	cf_transaction_u32(batch, NFTA_META_DREG, NFT_REG_1);
	end_expression(batch);
}

static void load_payload(struct cf_transaction *batch, uint32_t base, uint32_t offset, uint32_t len)
{
	begin_expression(batch, "payload");
	cf_transaction_u32(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_PAYLOAD_BASE, base);
	cf_transaction_u32(batch, NFTA_PAYLOAD_OFFSET, offset);
	cf_transaction_u32(batch, NFTA_PAYLOAD_LEN, len);
	end_expression(batch);
}

static void put_value(struct cf_transaction *batch, unsigned type, const void *bytes, size_t len)
{
	cf_transaction_nest(batch, type);
	cf_transaction_bytes(batch, NFTA_DATA_VALUE, bytes, len);
	cf_transaction_unnest(batch);
}

static void compare(struct cf_transaction *batch, uint32_t how, const void *bytes, size_t len)
{
	begin_expression(batch, "cmp");
	cf_transaction_u32(batch, NFTA_CMP_SREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_CMP_OP, how);
	put_value(batch, NFTA_CMP_DATA, bytes, len);
	end_expression(batch);
}

static void look_up(struct cf_transaction *batch, const char *set, bool is_map)
{
	begin_expression(batch, "lookup");
	cf_transaction_text(batch, NFTA_LOOKUP_SET, set);
	cf_transaction_u32(batch, NFTA_LOOKUP_SREG, NFT_REG_1);
	if (is_map)
		cf_transaction_u32(batch, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	end_expression(batch);
}

static void test_family(struct cf_transaction *batch, unsigned family)
{
	uint8_t proto = family == CF_FAMILY_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	load_meta(batch, NFT_META_NFPROTO);
	compare(batch, NFT_CMP_EQ, &proto, sizeof proto);
}

static void cut(struct cf_transaction *batch, size_t len, unsigned bits)
{
	uint8_t mask[16] = {0}, nothing[16] = {0};

	for (unsigned i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	begin_expression(batch, "bitwise");
	cf_transaction_u32(batch, NFTA_BITWISE_SREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_BITWISE_DREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_BITWISE_LEN, (uint32_t)len);
	cf_transaction_u32(batch, NFTA_BITWISE_OP, NFT_BITWISE_MASK_XOR);
	put_value(batch, NFTA_BITWISE_MASK, mask, len);
	put_value(batch, NFTA_BITWISE_XOR, nothing, len);
	end_expression(batch);
}

/* Offsets: RFC 791 3.1, RFC 8200 3. */
static void test_addr(struct cf_transaction *batch, const struct cf_term *term)
{
	bool v4 = term->family == CF_FAMILY_V4;
	uint32_t len = v4 ? 4 : 16, offset = (v4 ? 12 : 8) + (term->source ? 0 : len);

	test_family(batch, term->family);
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, offset, len);
	if (term->bits < len * 8)
		cut(batch, len, term->bits);
	look_up(batch, term->name, term->kind == CF_TERM_VERDICT);
}

static void test_port(struct cf_transaction *batch, const struct cf_term *term)
{
	uint16_t port = htons((uint16_t)term->number);

	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	if (term->kind == CF_TERM_PORT_IN)
		look_up(batch, term->name, false);
	else
		compare(batch, NFT_CMP_EQ, &port, sizeof port);
}

static void test_proto(struct cf_transaction *batch, const struct cf_term *term)
{
	uint8_t proto = (uint8_t)term->number;

	load_meta(batch, NFT_META_L4PROTO);
	if (term->kind == CF_TERM_PROTO_IN)
		look_up(batch, term->name, false);
	else
		compare(batch, NFT_CMP_EQ, &proto, sizeof proto);
}

static void test_loopback(struct cf_transaction *batch)
{
	char name[16] = "lo"; /* a whole name, as IFNAMSIZ has it */

	load_meta(batch, NFT_META_OIFNAME);
	compare(batch, NFT_CMP_EQ, name, sizeof name);
}

static bool test_user(
    struct cf_transaction *batch, const struct cf_term *term, struct cf_error *error)
{
	const struct passwd *user = getpwnam(term->name);
	uint32_t uid;

	if (user == NULL) {
		(void)cf_error_set(error, CF_EINVALID, "user '%s' does not exist", term->name);
		return false;
	}
	uid = user->pw_uid;
	load_meta(batch, NFT_META_SKUID);
	compare(batch, NFT_CMP_EQ, &uid, sizeof uid); /* in the machine's order */
	return true;
}

static void test_local(struct cf_transaction *batch)
{
	uint32_t local = RTN_LOCAL;

	begin_expression(batch, "fib");
	cf_transaction_u32(batch, NFTA_FIB_DREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	cf_transaction_u32(batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end_expression(batch);
	compare(batch, NFT_CMP_EQ, &local, sizeof local); /* in the machine's order */
}

/* The clock is in the machine's order, and only numbers in network order compare as bytes. */
static void test_before(struct cf_transaction *batch, int64_t wall_s)
{
	uint64_t ns = (uint64_t)wall_s * 1000000000U;
	uint8_t wire[8];

	for (unsigned i = 0; i < 8; i++)
		wire[i] = (uint8_t)(ns >> (56 - 8 * i));
	load_meta(batch, NFT_META_TIME_NS);
	begin_expression(batch, "byteorder");
	cf_transaction_u32(batch, NFTA_BYTEORDER_SREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_BYTEORDER_DREG, NFT_REG_1);
	cf_transaction_u32(batch, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	cf_transaction_u32(batch, NFTA_BYTEORDER_LEN, 8);
	cf_transaction_u32(batch, NFTA_BYTEORDER_SIZE, 8);
	end_expression(batch);
	compare(batch, NFT_CMP_LT, wire, sizeof wire);
}

static void act_limit(struct cf_transaction *batch, const struct cf_term *term)
{
	begin_expression(batch, "limit");
	cf_transaction_u64(batch, NFTA_LIMIT_RATE, term->number);
	cf_transaction_u64(batch, NFTA_LIMIT_UNIT, 1); /* seconds */
	cf_transaction_u32(batch, NFTA_LIMIT_BURST, term->burst);
	cf_transaction_u32(batch, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	cf_transaction_u32(batch, NFTA_LIMIT_FLAGS, 0);
	end_expression(batch);
}

static void act_log(struct cf_transaction *batch, const struct cf_term *term)
{
	begin_expression(batch, "log");
	cf_transaction_text(batch, NFTA_LOG_PREFIX, term->name);
	cf_transaction_u16(batch, NFTA_LOG_GROUP, (uint16_t)term->number);
	cf_transaction_u32(batch, NFTA_LOG_SNAPLEN, 256);
	end_expression(batch);
}

static void act_count(struct cf_transaction *batch, const struct cf_term *term)
{
	begin_expression(batch, "objref");
	cf_transaction_u32(batch, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	cf_transaction_text(batch, NFTA_OBJREF_IMM_NAME, term->name);
	end_expression(batch);
}

static void act_reject(struct cf_transaction *batch, uint32_t type, uint8_t code)
{
	begin_expression(batch, "reject");
	cf_transaction_u32(batch, NFTA_REJECT_TYPE, type);
	cf_transaction_bytes(batch, NFTA_REJECT_ICMP_CODE, &code, sizeof code);
	end_expression(batch);
}

static void act_verdict(struct cf_transaction *batch, int code, const char *chain)
{
	begin_expression(batch, "immediate");
	cf_transaction_u32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	cf_transaction_nest(batch, NFTA_IMMEDIATE_DATA);
	put_verdict(batch, code, chain);
	cf_transaction_unnest(batch);
	end_expression(batch);
}

static void act_lead(struct cf_transaction *batch, const struct cf_term *term)
{
	begin_expression(batch, "immediate");
	cf_transaction_u32(batch, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_value(batch, NFTA_IMMEDIATE_DATA, term->addr.bytes, cf_addr_length(&term->addr));
	end_expression(batch);
	begin_expression(batch, "nat");
	cf_transaction_u32(batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	cf_transaction_u32(
	    batch, NFTA_NAT_FAMILY, term->family == CF_FAMILY_V4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	cf_transaction_u32(batch, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	end_expression(batch);
}

static void put_act(struct cf_transaction *batch, const struct cf_term *term)
{
	switch (term->kind) {
	case CF_TERM_LIMIT:
		act_limit(batch, term);
		return;
	case CF_TERM_LOG:
		act_log(batch, term);
		return;
	case CF_TERM_COUNT:
		act_count(batch, term);
		return;
	case CF_TERM_RESET:
		act_reject(batch, NFT_REJECT_TCP_RST, 0);
		return;
	case CF_TERM_PROHIBIT:
		act_reject(batch, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
		return;
	case CF_TERM_DROP:
		act_verdict(batch, NF_DROP, NULL);
		return;
	case CF_TERM_RETURN:
		act_verdict(batch, NFT_RETURN, NULL);
		return;
	case CF_TERM_GOTO:
		act_verdict(batch, NFT_GOTO, term->name);
		return;
	case CF_TERM_JUMP:
		act_verdict(batch, NFT_JUMP, term->name);
		return;
	case CF_TERM_LEAD:
		act_lead(batch, term);
		return;
	case CF_TERM_FAMILY:
	case CF_TERM_ADDR:
	case CF_TERM_VERDICT:
	case CF_TERM_PROTO_IN:
	case CF_TERM_PROTO:
	case CF_TERM_PORT_IN:
	case CF_TERM_PORT:
	case CF_TERM_LOOPBACK:
	case CF_TERM_USER:
	case CF_TERM_LOCAL:
	case CF_TERM_BEFORE: /* a test */
		return;
	}
}

/* False as cf_encode_rule(). */
static bool put_term(
    struct cf_transaction *batch, const struct cf_term *term, struct cf_error *error)
{
	switch (term->kind) {
	case CF_TERM_FAMILY:
		test_family(batch, term->family);
		return true;
	case CF_TERM_ADDR:
	case CF_TERM_VERDICT:
		test_addr(batch, term);
		return true;
	case CF_TERM_PROTO_IN:
	case CF_TERM_PROTO:
		test_proto(batch, term);
		return true;
	case CF_TERM_PORT_IN:
	case CF_TERM_PORT:
		test_port(batch, term);
		return true;
	case CF_TERM_LOOPBACK:
		test_loopback(batch);
		return true;
	case CF_TERM_USER:
		return test_user(batch, term, error);
	case CF_TERM_LOCAL:
		test_local(batch);
		return true;
	case CF_TERM_BEFORE:
		test_before(batch, term->wall_s);
		return true;
	case CF_TERM_LIMIT:
	case CF_TERM_LOG:
	case CF_TERM_COUNT:
	case CF_TERM_RESET:
	case CF_TERM_PROHIBIT:
	case CF_TERM_DROP:
	case CF_TERM_RETURN:
	case CF_TERM_GOTO:
	case CF_TERM_JUMP:
	case CF_TERM_LEAD:
		put_act(batch, term);
		return true;
	}
	return true;
}

bool cf_encode_rule(struct cf_transaction *batch, const struct cf_table *table,
    const struct cf_table_chain *chain, const struct cf_table_rule *rule, struct cf_error *error)
{
	const char *comment = "";
	bool ok = true;

	begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	cf_transaction_text(batch, NFTA_RULE_CHAIN, chain->name);
	cf_transaction_nest(batch, NFTA_RULE_EXPRESSIONS);
	for (uint32_t i = 0; ok && i < rule->term_count; i++) {
		const struct cf_term *term = &table->terms[rule->terms_at + i];

		ok = put_term(batch, term, error);
		comment = term->kind == CF_TERM_RETURN ? term->name : "";
	}
	cf_transaction_unnest(batch);
	if (ok && comment[0] != '\0') {
		uint8_t udata[2 + CF_TERM_NAME] = {
		    CF_UDATA_COMMENT, (uint8_t)(strlen(comment) + 1)};

		memcpy(udata + 2, comment, udata[1]);
		cf_transaction_bytes(batch, NFTA_RULE_USERDATA, udata, 2U + udata[1]);
	}
	return ok;
}
