/*
 * What the log says about people: addresses as they are, cut to the network, or replaced by
 * pseudonyms.
 *
 *   full       as seen
 *   truncate   IPv4 to /24, IPv6 to /48; no MAC, no host names, no community id
 *   pseudonym  an IPv6 address fdcf:... made from HMAC-SHA256(key, address); the same address
 * always gives the same pseudonym under the same key, in log, ledger and report, and every tool
 *              that reads addresses can read it; MACs become locally administered ones in the same
 * way
 *
 * Immutable after init: any thread.
 */
#pragma once

#include "base/status.h"
#include "records/form/alive.h"
#include "records/form/record.h"

#include <stdint.h>

enum cf_privacy_mode { CF_PRIVACY_FULL = 0, CF_PRIVACY_TRUNCATE, CF_PRIVACY_PSEUDONYM };

/* Bytes of a key file that are used; a file must have at least CF_PRIVACY_KEY_LEAST_BYTES. */
#define CF_PRIVACY_KEY_BYTES       64
#define CF_PRIVACY_KEY_LEAST_BYTES 16

struct cf_privacy {
	enum cf_privacy_mode mode;
	size_t key_bytes;
	uint8_t key[CF_PRIVACY_KEY_BYTES];
};

/*
 * mode is "full", "truncate", "pseudonym" or NULL (full). CF_EINVALID: no such mode, or pseudonyms
 * without a key file; CF_EIO: the key file cannot be read or is too short. error may be NULL.
 */
enum cf_status cf_privacy_init(struct cf_privacy *privacy, const char *mode, const char *key_file,
    struct cf_error *error) CF_MUST_CHECK;

const char *cf_privacy_text(enum cf_privacy_mode mode);

/* The address or MAC as it may stand in the log; mac false: it may not. */
void cf_privacy_addr(const struct cf_privacy *privacy, struct cf_addr *addr);
bool cf_privacy_mac(const struct cf_privacy *privacy, uint8_t mac[6]);

/* Masks everything in a record that tells a person; pointers that stay are left as they are. */
void cf_privacy_hit(
    const struct cf_privacy *privacy, struct cf_hit *hit, char relay_text[CF_ADDR_TEXT_BYTES]);
/* Masks count clients, which then are in no order any more; two may have become one. */
void cf_privacy_alive(
    const struct cf_privacy *privacy, struct cf_alive_client *clients, size_t count);
void cf_privacy_identity(const struct cf_privacy *privacy, struct cf_identity *identity);
