/*
 * The keys of QUIC Initial packets, which anybody who saw the first one can make (RFC 9001 5, RFC
 * 9369 3), and the opening of such packets with them.
 *
 * Derivation and opening are pure; a struct cf_quic_salts is made once and read by one thread.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

enum {
	CF_QUIC_SALTS = 4,
	CF_QUIC_ID_BYTES = 20, /* longest connection id of version 1 (RFC 9000 17.2) */
};

#define CF_QUIC_V2 UINT32_C(0x6b3343cf) /* RFC 9369 3.1 */

/* HMAC-SHA-256 with a key: its two states behind the key's blocks. */
struct cf_quic_mac {
	uint32_t inner[8], outer[8];
};

/* A family of versions that share salt and labels. */
struct cf_quic_salt {
	bool v2;                /* labels and packet types of version 2 */
	struct cf_quic_mac mac; /* keyed with the salt */
	/* What the labels of each key are hashed as, in SHA-256's last block. */
	uint8_t secret_label[64], mask_label[64], key_label[64], iv_label[64];
};

struct cf_quic_salts {
	struct cf_quic_salt at[CF_QUIC_SALTS];
};

struct cf_quic_keys {
	uint8_t key[16];
	uint8_t iv[12];
	uint8_t mask_key[16]; /* header protection */
};

/* One Initial packet in a datagram, still protected. */
struct cf_quic_initial {
	struct cf_slice packet;      /* from its first byte to its last */
	size_t number_at;            /* offset of the packet number */
	struct cf_slice destination; /* connection ids */
	struct cf_slice source;
};

void cf_quic_salts_init(struct cf_quic_salts *salts);

/* Index of the salt of a version, or -1 when we do not know the version. */
int cf_quic_salt_find(uint32_t version);

/* The client's keys, when destination, of at most CF_QUIC_ID_BYTES, is the id of the connection's
 * first Initial. */
void cf_quic_keys_derive(
    const struct cf_quic_salt *salt, struct cf_slice destination, struct cf_quic_keys *keys_out);

/*
 * Derives keys and opens initial with them, as cf_quic_open() does, but no more than it takes to
 * see that they do not fit: of packets that are no Initials three in four show it by their first
 * byte, with two thirds of the work. *keys_out is whole only with true.
 */
bool cf_quic_open_first(const struct cf_quic_salt *salt, const struct cf_quic_initial *initial,
    struct cf_quic_keys *keys_out, uint8_t *plain, size_t size, size_t *len_out);

/*
 * Opens initial into plain[0..size). False when the keys do not fit (the tag decides, and before it
 * the reserved bits and the first frame's type) or the packet is impossible.
 */
bool cf_quic_open(const struct cf_quic_keys *keys, const struct cf_quic_initial *initial,
    uint8_t *plain, size_t size, size_t *len_out);
