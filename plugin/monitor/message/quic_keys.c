/* QUIC Initial secrets and packet protection, on nettle. */

#include "monitor/message/quic_keys.h"

#include <endian.h>
#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>

enum { SALT_V1, SALT_V2, SALT_DRAFT_29, SALT_DRAFT_23 };
enum {
	SALT_BYTES = 20,
	TAG_BYTES = 16,
	SAMPLE_BYTES = 16,
	RESERVED_BITS = 0x0c, /* of the first byte: 0 under its protection (RFC 9000 17.2) */
};

/* Header of an Initial, token included, that we open; tokens of servers stay under 500 bytes. */
#define HEADER_BYTES 2048U

int cf_quic_salt_find(uint32_t version)
{
	if (version == 1)
		return SALT_V1;
	if (version == CF_QUIC_V2)
		return SALT_V2;
	if (version >= 0xff00001d && version <= 0xff000022)
		return version <= 0xff000020 ? SALT_DRAFT_29 : SALT_V1;
	if (version >= 0xff000017 && version <= 0xff00001c)
		return SALT_DRAFT_23;
	if (version == 0xfaceb001 || version == 0xfaceb002)
		return SALT_DRAFT_23;
	return -1;
}

/*
 * HMAC (RFC 2104 2) of a few bytes, block by block. Each key's first two blocks are taken once, and
 * each text fits one block more on either side, of which those of labels are constants: an Initial
 * that nothing opens costs ten blocks of SHA-256 and little else. nettle's own HMAC keeps three
 * contexts and moves bytes through their buffers, for half as much again.
 */
static void compress(uint32_t state[8], const uint8_t block[SHA256_BLOCK_SIZE])
{
	struct sha256_ctx context;

	memcpy(context.state, state, sizeof context.state);
	context.count = 0;
	context.index = 0;
	sha256_update(
	    &context, SHA256_BLOCK_SIZE, block); /* a whole one: to the state, no further */
	memcpy(state, context.state, sizeof context.state);
}

static void mac_init(struct cf_quic_mac *mac, const uint8_t key[SHA256_DIGEST_SIZE])
{
	uint64_t words[SHA256_BLOCK_SIZE / 8];
	uint8_t block[SHA256_BLOCK_SIZE];
	struct sha256_ctx fresh;

	sha256_init(&fresh);
	memcpy(mac->inner, fresh.state, sizeof mac->inner);
	memcpy(mac->outer, fresh.state, sizeof mac->outer);
	memset(words, 0, sizeof words);
	memcpy(words, key, SHA256_DIGEST_SIZE);
	for (unsigned i = 0; i < SHA256_BLOCK_SIZE / 8; i++)
		words[i] ^= UINT64_C(0x3636363636363636);
	memcpy(block, words, sizeof block);
	compress(mac->inner, block);
	for (unsigned i = 0; i < SHA256_BLOCK_SIZE / 8; i++)
		words[i] ^= UINT64_C(0x6a6a6a6a6a6a6a6a); /* 0x5c instead of 0x36 */
	memcpy(block, words, sizeof block);
	compress(mac->outer, block);
}

/* SHA-256 puts a bit and the length behind what it has read (RFC 6234 4.1): here a block before. */
static void pad(uint8_t block[SHA256_BLOCK_SIZE], size_t len)
{
	size_t bits = (SHA256_BLOCK_SIZE + len) * 8;

	block[len] = 0x80;
	block[SHA256_BLOCK_SIZE - 2] = (uint8_t)(bits >> 8);
	block[SHA256_BLOCK_SIZE - 1] = (uint8_t)bits;
}

static void format_digest(const uint32_t state[8], uint8_t digest[SHA256_DIGEST_SIZE])
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t word = htobe32(state[i]);

		memcpy(digest + (size_t)4 * i, &word, sizeof word);
	}
}

/* Of a text that is in its block already, padded. */
static void mac_digest(const struct cf_quic_mac *mac, const uint8_t text[SHA256_BLOCK_SIZE],
    uint8_t digest[SHA256_DIGEST_SIZE])
{
	uint8_t block[SHA256_BLOCK_SIZE] = {0};
	uint32_t state[8];

	memcpy(state, mac->inner, sizeof state);
	compress(state, text);
	format_digest(state, block);
	pad(block, SHA256_DIGEST_SIZE);
	memcpy(state, mac->outer, sizeof state);
	compress(state, block);
	format_digest(state, digest);
}

/* The text of HKDF-Expand-Label (RFC 8446 7.1) for at most 32 bytes, which is one round. */
static void label_init(uint8_t block[SHA256_BLOCK_SIZE], const char *label, size_t bytes)
{
	size_t label_len = strlen(label), at = 3;

	memset(block, 0, SHA256_BLOCK_SIZE);
	block[1] = (uint8_t)bytes;
	block[2] = (uint8_t)(6 + label_len);
	memcpy(block + at, "tls13 ", 6);
	at += 6;
	memcpy(block + at, label, label_len);
	at += label_len;
	block[at++] = 0; /* no context */
	block[at++] = 1; /* the round */
	pad(block, at);
}

/* The client's secret, ready to make keys of; destination has at most CF_QUIC_ID_BYTES. */
static struct cf_quic_mac client_secret(
    const struct cf_quic_salt *salt, struct cf_slice destination)
{
	uint8_t block[SHA256_BLOCK_SIZE] = {0}, secret[SHA256_DIGEST_SIZE];
	struct cf_quic_mac mac;

	memcpy(block, destination.data, destination.len);
	pad(block, destination.len);
	mac_digest(&salt->mac, block, secret);
	mac_init(&mac, secret);
	mac_digest(&mac, salt->secret_label, secret);
	mac_init(&mac, secret);
	return mac;
}

static void derive_mask_key(
    const struct cf_quic_mac *mac, const struct cf_quic_salt *salt, struct cf_quic_keys *keys)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	mac_digest(mac, salt->mask_label, digest);
	memcpy(keys->mask_key, digest, sizeof keys->mask_key);
}

static void derive_packet_keys(
    const struct cf_quic_mac *mac, const struct cf_quic_salt *salt, struct cf_quic_keys *keys)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	mac_digest(mac, salt->key_label, digest);
	memcpy(keys->key, digest, sizeof keys->key);
	mac_digest(mac, salt->iv_label, digest);
	memcpy(keys->iv, digest, sizeof keys->iv);
}

static void salt_init(struct cf_quic_salt *salt, const uint8_t bytes[SALT_BYTES], bool v2)
{
	uint8_t key[SHA256_DIGEST_SIZE] = {0}; /* RFC 2104 2: zeros behind a short one */

	memcpy(key, bytes, SALT_BYTES);
	mac_init(&salt->mac, key);
	salt->v2 = v2;
	label_init(salt->secret_label, "client in", SHA256_DIGEST_SIZE);
	label_init(salt->mask_label, v2 ? "quicv2 hp" : "quic hp", AES128_KEY_SIZE);
	label_init(salt->key_label, v2 ? "quicv2 key" : "quic key", AES128_KEY_SIZE);
	label_init(salt->iv_label, v2 ? "quicv2 iv" : "quic iv", GCM_IV_SIZE);
}

void cf_quic_salts_init(struct cf_quic_salts *salts)
{
	static const uint8_t bytes[CF_QUIC_SALTS][SALT_BYTES] = {
	    /* RFC 9001 5.2 */
	    [SALT_V1] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6,
	        0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
	    /* RFC 9369 3.3.1 */
	    [SALT_V2] = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe,
	        0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
	    /* draft-ietf-quic-tls-29 to -32, 5.2 */
	    [SALT_DRAFT_29] = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86,
	        0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
	    /* draft-ietf-quic-tls-23 to -28, 5.2; still spoken by Facebook's mvfst */
	    [SALT_DRAFT_23] = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2,
	        0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
	};

	for (unsigned i = 0; i < CF_QUIC_SALTS; i++)
		salt_init(&salts->at[i], bytes[i], i == SALT_V2);
}

void cf_quic_keys_derive(
    const struct cf_quic_salt *salt, struct cf_slice destination, struct cf_quic_keys *keys_out)
{
	struct cf_quic_mac mac = client_secret(salt, destination);

	derive_mask_key(&mac, salt, keys_out);
	derive_packet_keys(&mac, salt, keys_out);
}

/* Frames allowed in Initial packets (RFC 9000 12.4): padding, ping, ack, crypto, close. */
static bool is_initial_frame(uint8_t type)
{
	return type <= 0x03 || type == 0x06 || type == 0x1c;
}

/* The first plain byte, for a sixth of the price: counter 2 of GCM (NIST SP 800-38D 7.2). */
static uint8_t peek(const struct aes128_ctx *aes, const uint8_t nonce[12], uint8_t cipher)
{
	uint8_t block[AES_BLOCK_SIZE] = {[15] = 2}, stream[AES_BLOCK_SIZE];

	memcpy(block, nonce, 12);
	aes128_encrypt(aes, sizeof block, stream, block);
	return stream[0] ^ cipher;
}

/* The header with its protection taken off, and what is known then. */
struct bare {
	uint8_t header[HEADER_BYTES];
	size_t number_len;
};

/* False when the packet is too short, or no Initial looks so. */
static bool unmask(
    const struct cf_quic_keys *keys, const struct cf_quic_initial *initial, struct bare *bare)
{
	const uint8_t *packet = initial->packet.data;
	size_t number_at = initial->number_at;
	uint8_t mask[AES_BLOCK_SIZE];
	struct aes128_ctx aes;

	if (number_at > sizeof bare->header - 4 ||
	    initial->packet.len < number_at + 4 + SAMPLE_BYTES)
		return false;
	aes128_set_encrypt_key(&aes, keys->mask_key);
	aes128_encrypt(&aes, sizeof mask, mask, packet + number_at + 4);
	bare->header[0] = packet[0] ^ (mask[0] & 0x0f);
	if ((bare->header[0] & RESERVED_BITS) != 0)
		return false;
	memcpy(bare->header + 1, packet + 1, number_at + 3);
	bare->number_len = (bare->header[0] & 0x03U) + 1;
	for (size_t i = 0; i < bare->number_len; i++)
		bare->header[number_at + i] ^= mask[1 + i];
	return true;
}

static bool decrypt(const struct cf_quic_keys *keys, const struct cf_quic_initial *initial,
    const struct bare *bare, uint8_t *plain, size_t size, size_t *len_out)
{
	size_t number_at = initial->number_at, body_at = number_at + bare->number_len, body_len;
	const uint8_t *packet = initial->packet.data;
	uint8_t nonce[12], tag[TAG_BYTES];
	struct gcm_aes128_ctx gcm;

	memcpy(nonce, keys->iv, sizeof nonce);
	for (size_t i = 0; i < bare->number_len; i++)
		nonce[sizeof nonce - bare->number_len + i] ^= bare->header[number_at + i];
	body_len = initial->packet.len - body_at;
	if (body_len <= TAG_BYTES || body_len - TAG_BYTES > size)
		return false;
	body_len -= TAG_BYTES;
	aes128_set_encrypt_key(&gcm.cipher, keys->key);
	if (!is_initial_frame(peek(&gcm.cipher, nonce, packet[body_at])))
		return false;
	gcm_set_key(&gcm.key, &gcm.cipher, (nettle_cipher_func *)aes128_encrypt);
	gcm_aes128_set_iv(&gcm, sizeof nonce, nonce);
	gcm_aes128_update(&gcm, body_at, bare->header);
	gcm_aes128_decrypt(&gcm, body_len, plain, packet + body_at);
	gcm_aes128_digest(&gcm, sizeof tag, tag);
	if (!memeql_sec(tag, packet + body_at + body_len, sizeof tag))
		return false;
	*len_out = body_len;
	return true;
}

bool cf_quic_open(const struct cf_quic_keys *keys, const struct cf_quic_initial *initial,
    uint8_t *plain, size_t size, size_t *len_out)
{
	struct bare bare;

	return unmask(keys, initial, &bare) && decrypt(keys, initial, &bare, plain, size, len_out);
}

bool cf_quic_open_first(const struct cf_quic_salt *salt, const struct cf_quic_initial *initial,
    struct cf_quic_keys *keys_out, uint8_t *plain, size_t size, size_t *len_out)
{
	struct cf_quic_mac mac = client_secret(salt, initial->destination);
	struct bare bare;

	derive_mask_key(&mac, salt, keys_out);
	if (!unmask(keys_out, initial, &bare))
		return false;
	derive_packet_keys(&mac, salt, keys_out);
	return decrypt(keys_out, initial, &bare, plain, size, len_out);
}
