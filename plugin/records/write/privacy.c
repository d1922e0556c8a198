/* Addresses as they may stand in the log. */

#include "records/write/privacy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const mode_texts[] = {"full", "truncate", "pseudonym"};

const char *cf_privacy_text(enum cf_privacy_mode mode)
{
	return mode_texts[mode];
}

static enum cf_status read_key(struct cf_privacy *privacy, const char *path, struct cf_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	ssize_t got;

	if (fd < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read the privacy key '%s': %s", path, strerror(errno));
	/* Whoever reads the key can undo the pseudonyms, whoever writes it choose them. */
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || (about.st_mode & 0027) != 0) {
		close(fd);
		return cf_error_set(error, CF_EINVALID,
		    "the privacy key '%s' is not a file that its owner alone may change and others "
		    "may not read: chmod 0600 or 0640",
		    path);
	}
	got = read(fd, privacy->key, sizeof privacy->key);
	close(fd);
	if (got < CF_PRIVACY_KEY_LEAST_BYTES)
		return cf_error_set(error, CF_EIO, "the privacy key '%s' has fewer than %d bytes",
		    path, CF_PRIVACY_KEY_LEAST_BYTES);
	privacy->key_bytes = (size_t)got;
	return CF_OK;
}

enum cf_status cf_privacy_init(
    struct cf_privacy *privacy, const char *mode, const char *key_file, struct cf_error *error)
{
	*privacy = (struct cf_privacy){.mode = CF_PRIVACY_FULL};
	if (mode == NULL || strcmp(mode, "full") == 0)
		return CF_OK;
	if (strcmp(mode, "truncate") == 0) {
		privacy->mode = CF_PRIVACY_TRUNCATE;
		return CF_OK;
	}
	if (strcmp(mode, "pseudonym") != 0)
		return cf_error_set(error, CF_EINVALID,
		    "no privacy mode '%.32s'; there are full, truncate and pseudonym", mode);
	if (key_file == NULL || key_file[0] == '\0')
		return cf_error_set(error, CF_EINVALID, "privacy pseudonym needs a key file");
	privacy->mode = CF_PRIVACY_PSEUDONYM;
	return read_key(privacy, key_file, error);
}

/* The first len bytes of HMAC-SHA256(key, kind, bytes). */
static void keyed_hash(const struct cf_privacy *privacy, uint8_t kind, const void *bytes,
    size_t len, uint8_t *out, size_t out_len)
{
	uint8_t message[17] = {kind}, digest[EVP_MAX_MD_SIZE] = {0};
	unsigned digest_bytes = 0;

	memcpy(message + 1, bytes, len);
	/* Without memory the pseudonym is the same for all: less told, never more. */
	if (HMAC(EVP_sha256(), privacy->key, (int)privacy->key_bytes, message, len + 1, digest,
	        &digest_bytes) == NULL)
		memset(digest, 0, sizeof digest);
	memcpy(out, digest, out_len);
}

void cf_privacy_addr(const struct cf_privacy *privacy, struct cf_addr *addr)
{
	unsigned len = cf_addr_length(addr), kept = addr->family == CF_FAMILY_V4 ? 3 : 6;
	uint8_t hashed[14];

	if (privacy->mode == CF_PRIVACY_FULL || len == 0)
		return;
	if (privacy->mode == CF_PRIVACY_TRUNCATE) {
		memset(addr->bytes + kept, 0, sizeof addr->bytes - kept);
		return;
	}
	keyed_hash(privacy, addr->family, addr->bytes, len, hashed, sizeof hashed);
	*addr = (struct cf_addr){.family = CF_FAMILY_V6, .bytes = {0xfd, 0xcf}};
	memcpy(addr->bytes + 2, hashed, sizeof hashed);
}

bool cf_privacy_mac(const struct cf_privacy *privacy, uint8_t mac[6])
{
	if (privacy->mode == CF_PRIVACY_TRUNCATE)
		return false;
	if (privacy->mode == CF_PRIVACY_PSEUDONYM) {
		uint8_t plain[6];

		memcpy(plain, mac, sizeof plain);
		keyed_hash(privacy, 1, plain, sizeof plain, mac, 6);
		mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02); /* locally administered, one station */
	}
	return true;
}

void cf_privacy_hit(
    const struct cf_privacy *privacy, struct cf_hit *hit, char relay_text[CF_ADDR_TEXT_BYTES])
{
	struct cf_addr relay;

	if (privacy->mode == CF_PRIVACY_FULL)
		return;
	hit->masked = true;
	cf_privacy_addr(privacy, &hit->src);
	hit->has_src_mac = hit->has_src_mac && cf_privacy_mac(privacy, hit->src_mac);
	hit->dns.ecs = (struct cf_prefix){0};
	/* Inside an estate the other end is somebody's host as well. */
	if (hit->event == CF_EVENT_LAN)
		cf_privacy_addr(privacy, &hit->dest);
	if (hit->event == CF_EVENT_LAN)
		hit->match.value = (struct cf_text){0};
	if (hit->relay == NULL)
		return;
	if (cf_addr_parse(hit->relay, &relay) != CF_OK) {
		hit->relay = NULL;
		return;
	}
	cf_privacy_addr(privacy, &relay);
	hit->relay = cf_addr_format(&relay, relay_text);
}

void cf_privacy_alive(
    const struct cf_privacy *privacy, struct cf_alive_client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cf_privacy_addr(privacy, &clients[i].addr);
}

void cf_privacy_identity(const struct cf_privacy *privacy, struct cf_identity *identity)
{
	if (privacy->mode == CF_PRIVACY_FULL)
		return;
	cf_privacy_addr(privacy, &identity->addr);
	identity->has_mac = identity->has_mac && cf_privacy_mac(privacy, identity->mac);
	identity->name = (struct cf_text){0};
	identity->client_id = (struct cf_text){0};
}
