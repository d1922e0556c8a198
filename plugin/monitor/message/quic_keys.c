/* QUIC Initial secrets and packet protection, on nettle. */

#include "monitor/message/quic_keys.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/memops.h>
#include <string.h>

enum { SALT_V1, SALT_V2, SALT_DRAFT_29, SALT_DRAFT_23 };
enum { SALT_BYTES = 20, TAG_BYTES = 16, SAMPLE_BYTES = 16, LABEL_BYTES = 64 };

/* Header of an Initial, token included, that we open; tokens of servers stay under 500 bytes. */
#define HEADER_BYTES 2048U

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

	for (unsigned i = 0; i < CF_QUIC_SALTS; i++) {
		salts->at[i].v2 = i == SALT_V2;
		hmac_sha256_set_key(&salts->at[i].mac, SALT_BYTES, bytes[i]);
	}
}

int cf_quic_salt_find(uint32_t version)
{
	if (version == 1)
		return SALT_V1;
	if (version == 0x6b3343cf)
		return SALT_V2;
	if (version >= 0xff00001d && version <= 0xff000022)
		return version <= 0xff000020 ? SALT_DRAFT_29 : SALT_V1;
	if (version >= 0xff000017 && version <= 0xff00001c)
		return SALT_DRAFT_23;
	if (version == 0xfaceb001 || version == 0xfaceb002)
		return SALT_DRAFT_23;
	return -1;
}

/* HKDF-Expand-Label (RFC 8446 7.1) of at most 32 bytes: one round; mac is keyed with the secret. */
static void expand_label(struct hmac_sha256_ctx *mac, const char *label, uint8_t *out, size_t len)
{
	uint8_t info[LABEL_BYTES] = {0, (uint8_t)len};
	size_t label_len = strlen(label), at = 3;

	info[2] = (uint8_t)(6 + label_len);
	memcpy(info + at, "tls13 ", 6);
	at += 6;
	memcpy(info + at, label, label_len);
	at += label_len;
	info[at++] = 0; /* no context */
	info[at++] = 1; /* the round */
	hmac_sha256_update(mac, at, info);
	hmac_sha256_digest(mac, len, out); /* and is ready for the next label */
}

void cf_quic_keys_derive(
    const struct cf_quic_salt *salt, struct cf_slice destination, struct cf_quic_keys *keys_out)
{
	struct hmac_sha256_ctx mac = salt->mac;
	uint8_t secret[SHA256_DIGEST_SIZE];

	hmac_sha256_update(&mac, destination.len, destination.data);
	hmac_sha256_digest(&mac, sizeof secret, secret);
	hmac_sha256_set_key(&mac, sizeof secret, secret);
	expand_label(&mac, "client in", secret, sizeof secret);
	hmac_sha256_set_key(&mac, sizeof secret, secret);
	expand_label(
	    &mac, salt->v2 ? "quicv2 key" : "quic key", keys_out->key, sizeof keys_out->key);
	expand_label(&mac, salt->v2 ? "quicv2 iv" : "quic iv", keys_out->iv, sizeof keys_out->iv);
	expand_label(&mac, salt->v2 ? "quicv2 hp" : "quic hp", keys_out->mask_key,
	    sizeof keys_out->mask_key);
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

bool cf_quic_open(const struct cf_quic_keys *keys, const struct cf_quic_initial *initial,
    uint8_t *plain, size_t size, size_t *len_out)
{
	uint8_t header[HEADER_BYTES], mask[AES_BLOCK_SIZE], nonce[12], tag[TAG_BYTES];
	size_t number_at = initial->number_at, number_len, body_at, body_len;
	const uint8_t *packet = initial->packet.data;
	struct gcm_aes128_ctx gcm;
	struct aes128_ctx aes;

	if (number_at > sizeof header - 4 || initial->packet.len < number_at + 4 + SAMPLE_BYTES)
		return false;
	aes128_set_encrypt_key(&aes, keys->mask_key);
	aes128_encrypt(&aes, sizeof mask, mask, packet + number_at + 4);
	memcpy(header, packet, number_at + 4);
	header[0] ^= mask[0] & 0x0f;
	number_len = (header[0] & 0x03U) + 1;
	memcpy(nonce, keys->iv, sizeof nonce);
	for (size_t i = 0; i < number_len; i++) {
		header[number_at + i] ^= mask[1 + i];
		nonce[sizeof nonce - number_len + i] ^= header[number_at + i];
	}
	body_at = number_at + number_len;
	body_len = initial->packet.len - body_at;
	if (body_len <= TAG_BYTES || body_len - TAG_BYTES > size)
		return false;
	body_len -= TAG_BYTES;
	aes128_set_encrypt_key(&aes, keys->key);
	if (!is_initial_frame(peek(&aes, nonce, packet[body_at])))
		return false;
	gcm_aes128_set_key(&gcm, keys->key);
	gcm_aes128_set_iv(&gcm, sizeof nonce, nonce);
	gcm_aes128_update(&gcm, body_at, header);
	gcm_aes128_decrypt(&gcm, body_len, plain, packet + body_at);
	gcm_aes128_digest(&gcm, sizeof tag, tag);
	if (!memeql_sec(tag, packet + body_at + body_len, sizeof tag))
		return false;
	*len_out = body_len;
	return true;
}
