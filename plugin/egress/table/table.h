/*
 * The table `inet curfew` as data: sets, chains, and rules made of terms. Written once, by
 * ruleset.c and ways.c, and read by those who print it (table_text.h), send it to the kernel
 * (kernel/encode.h) or compare it with another (kernel/change.h).
 *
 *   table ──► sets   (keys in order; a map leads each key to the chain of a kind of network)
 *         └─► chains ──► rules ──► terms: tests from left to right, then what is done
 *
 * Memory that runs out is noted, and told by cf_table_is_whole(); until then adding goes on. One
 * thread; plain memory that nobody changes once it is made.
 */
#pragma once

#include "base/addr.h"
#include "egress/plan/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of sets, chains, counters; the kernel takes 31 characters and more. */
#define CF_TABLE_NAME 32

enum cf_term_kind {
	/* tests */
	CF_TERM_FAMILY,   /* the packet's family is family */
	CF_TERM_ADDR,     /* its address (source or destination), cut to bits, is in the set name */
	CF_TERM_VERDICT,  /* the map name has a verdict for it */
	CF_TERM_PROTO_IN, /* transport protocol, in a set */
	CF_TERM_PROTO,    /* transport protocol is number */
	CF_TERM_PORT_IN,  /* destination port, in a set */
	CF_TERM_PORT,     /* destination port is number */
	CF_TERM_LOOPBACK, /* leaves by lo */
	CF_TERM_USER,     /* sent by a process of the user name */
	CF_TERM_LOCAL,    /* goes to an address of this machine */
	CF_TERM_BEFORE,   /* the time is before wall_s */
	/* acts */
	CF_TERM_LIMIT,    /* goes on for number packets a second, burst at once */
	CF_TERM_LOG,      /* to the NFLOG group number, with the prefix name */
	CF_TERM_COUNT,    /* by the counter name */
	CF_TERM_RESET,    /* refused: TCP reset */
	CF_TERM_PROHIBIT, /* refused: ICMP, administratively prohibited */
	CF_TERM_DROP,
	CF_TERM_RETURN, /* with name as a comment of the rule, unless it is "" */
	CF_TERM_GOTO,   /* the chain name */
	CF_TERM_JUMP,   /* the chain name */
	CF_TERM_LEAD,   /* to addr instead, by connection */
};

#define CF_TERM_NAME CF_EGRESS_COMMENT_BYTES

/* Made by cf_term() and those below; what a kind does not need is 0. */
struct cf_term {
	int64_t wall_s;
	uint32_t number, burst;
	enum cf_term_kind kind;
	uint8_t family; /* of the address: 4 or 6 */
	uint8_t bits;   /* kept of the address */
	bool source;
	struct cf_addr addr;
	char name[CF_TERM_NAME];
};

enum cf_set_type { CF_SET_ADDR_V4, CF_SET_ADDR_V6, CF_SET_PROTO, CF_SET_PORT };

struct cf_table_set {
	char name[CF_TABLE_NAME];
	enum cf_set_type type;
	bool ranges; /* keys are pairs: the first and the last of a range, which touch no other */
	bool is_map; /* kinds holds the kind of network of each key; packets go to chain nKIND */
	uint32_t count, size; /* elements, and room for them */
	uint8_t *keys;        /* in order, each of cf_set_key_bytes(), or twice that */
	uint32_t *kinds;
};

enum cf_chain_hook {
	CF_CHAIN_REGULAR, /* only jumped to */
	CF_CHAIN_FORWARD,
	CF_CHAIN_OUTPUT,
	CF_CHAIN_LEAD,     /* NAT before routing */
	CF_CHAIN_LEAD_OUT, /* NAT of packets of this machine */
};

struct cf_table_chain {
	char name[CF_TABLE_NAME];
	enum cf_chain_hook hook;
	uint32_t rules_at, rule_count;
};

struct cf_table_rule {
	uint32_t terms_at, term_count;
};

struct cf_table {
	char comment[CF_EGRESS_COMMENT_BYTES]; /* whose table it is, in the rule of chain `about` */
	struct cf_egress_totals totals[CF_COUNTERS]; /* where counters of a new table begin */
	struct cf_table_set *sets;
	struct cf_table_chain *chains;
	struct cf_table_rule *rules;
	struct cf_term *terms;
	uint32_t set_count, set_size, chain_count, chain_size, rule_count, rule_size, term_count,
	    term_size;
	bool broken; /* memory ran out */
};

/* Bytes of one key: 4, 16, 1 or 2. */
size_t cf_set_key_bytes(enum cf_set_type type);
/* Elements that the kernel makes room for; a hash of it is as large. The same for similar counts.
 */
uint32_t cf_set_capacity(const struct cf_table_set *set);

/* A new set; *set_out stays valid until the next one. NULL: no memory, which is noted. */
struct cf_table_set *cf_table_add_set(
    struct cf_table *table, const char *name, enum cf_set_type type, bool ranges, bool is_map);
/* A key (with ranges: two) at the end; kind counts in maps alone. */
void cf_table_add_key(
    struct cf_table *table, struct cf_table_set *set, const uint8_t *key, uint32_t kind);
/* NULL when there is none of the name. */
const struct cf_table_set *cf_table_find_set(const struct cf_table *table, const char *name);

/* Chains end where the next begins, rules likewise; terms go to the last rule. */
void cf_table_add_chain(struct cf_table *table, const char *name, enum cf_chain_hook hook);
void cf_table_add_rule(struct cf_table *table);
void cf_table_add_term(struct cf_table *table, struct cf_term term);

/* A term with nothing but its kind. */
struct cf_term cf_term(enum cf_term_kind kind);
/* ... and a number, or a name that fits. */
struct cf_term cf_term_number(enum cf_term_kind kind, uint32_t number);
struct cf_term cf_term_name(enum cf_term_kind kind, const char *name);
/* CF_TERM_ADDR and CF_TERM_VERDICT; bits: of 32 or 128. */
struct cf_term cf_term_addr(
    enum cf_term_kind kind, enum cf_family family, bool source, uint8_t bits, const char *name);

/* False: memory ran out, and the table is of no use. */
bool cf_table_is_whole(const struct cf_table *table);
/* Frees what it holds; zeroed storage is an empty table. */
void cf_table_done(struct cf_table *table);
