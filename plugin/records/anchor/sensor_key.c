/* Reading a secret key, and signing with it. */

#include "records/anchor/sensor_key.h"

#include "base/input_file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* minisign's layout (trust/minisign_secret.h): kinds, salt, two numbers; id; seed and public half;
 * check. */
#define HEAD_BYTES 54
#define FILE_BYTES (HEAD_BYTES + 8 + 64 + 32)
#define TEXT_BYTES 212 /* of base64 */
/* A key and as many changes as anybody makes in a life. */
#define MOST_BYTES 16384

struct cf_sensor_key {
	EVP_PKEY *pkey;
	struct cf_public_key public;
	char id[CF_KEY_ID_TEXT_BYTES];
	char change[CF_KEY_CHANGE_TEXT_BYTES];
	struct cf_key_mark mark;
};

static int64_t nanoseconds(struct timespec at)
{
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static struct cf_key_mark mark_of(const struct stat *about)
{
	return (struct cf_key_mark){.device = about->st_dev,
	    .inode = about->st_ino,
	    .size = (uint64_t)about->st_size,
	    .written_ns = nanoseconds(about->st_mtim),
	    .changed_ns = nanoseconds(about->st_ctim)};
}

bool cf_key_mark_take(const char *path, struct cf_key_mark *mark_out)
{
	struct stat about;
	bool is_there = stat(path, &about) == 0;

	*mark_out = is_there ? mark_of(&about) : (struct cf_key_mark){.inode = 0};
	return is_there;
}

bool cf_key_mark_same(const struct cf_key_mark *a, const struct cf_key_mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	    a->written_ns == b->written_ns && a->changed_ns == b->changed_ns;
}

const struct cf_key_mark *cf_sensor_key_mark(const struct cf_sensor_key *key)
{
	return &key->mark;
}

void cf_sensor_key_free(struct cf_sensor_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey); /* libcrypto wipes what is secret */
	free(key);
}

const struct cf_public_key *cf_sensor_key_public(const struct cf_sensor_key *key)
{
	return &key->public;
}

const char *cf_sensor_key_id(const struct cf_sensor_key *key)
{
	return key->id;
}

const char *cf_sensor_key_change(const struct cf_sensor_key *key)
{
	return key->change;
}

/* The line at *text without its end; moves behind it. */
static size_t take_line(const char **text, const char *end)
{
	const char *start = *text, *newline = memchr(start, '\n', (size_t)(end - start));
	size_t len = (size_t)((newline == NULL ? end : newline) - start);

	*text = newline == NULL ? end : newline + 1;
	return len > 0 && start[len - 1] == '\r' ? len - 1 : len;
}

/* The secret half makes the public one; a file whose halves differ was damaged. */
static bool use(struct cf_sensor_key *key, const uint8_t *bytes)
{
	uint8_t derived[CF_ED25519_BYTES];
	size_t len = sizeof derived;

	memcpy(key->public.id, bytes, sizeof key->public.id);
	memcpy(key->public.key, bytes + 8 + 32, sizeof key->public.key);
	cf_public_key_id(&key->public, key->id);
	key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes + 8, 32);
	return key->pkey != NULL && EVP_PKEY_get_raw_public_key(key->pkey, derived, &len) == 1 &&
	    len == sizeof derived && memcmp(derived, key->public.key, len) == 0;
}

/* The newest change stands first, and leads to this key. */
static void take_change(struct cf_sensor_key *key, const char *text, const char *end)
{
	struct cf_key_change change;
	const char *line = text;
	size_t len = take_line(&text, end);

	if (len < sizeof key->change && cf_key_change_parse(line, len, &change) &&
	    memcmp(&change.next, &key->public, sizeof change.next) == 0)
		memcpy(key->change, line, len);
}

enum cf_status cf_sensor_key_parse(
    const char *text, size_t len, struct cf_sensor_key **key_out, struct cf_error *error)
{
	const char *at = text, *end = text + len, *line = at;
	size_t line_len = take_line(&at, end);
	uint8_t bytes[FILE_BYTES];
	struct cf_sensor_key *key;
	enum cf_status status = CF_OK;

	if (line_len >= 18 && memcmp(line, "untrusted comment:", 18) == 0) {
		line = at;
		line_len = take_line(&at, end);
	}
	if (line_len != TEXT_BYTES || !cf_base64_decode(line, line_len, bytes, sizeof bytes) ||
	    memcmp(bytes, "Ed", 2) != 0 || memcmp(bytes + 4, "B2", 2) != 0)
		return cf_error_set(
		    error, CF_EMALFORMED, "no secret key; make one with `curfew log key new`");
	key = calloc(1, sizeof *key);
	if (key == NULL)
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	else if (memcmp(bytes + 2, "\0\0", 2) != 0)
		status = cf_error_set(error, CF_EINVALID,
		    "a key under a password, which nobody is there to give; make one with "
		    "`curfew log key new`");
	else if (!use(key, bytes + HEAD_BYTES))
		status = cf_error_set(error, CF_EMALFORMED,
		    "the secret key is damaged: its halves do not belong together");
	explicit_bzero(bytes, sizeof bytes);
	if (status != CF_OK) {
		cf_sensor_key_free(key);
		return status;
	}
	take_change(key, at, end);
	*key_out = key;
	return CF_OK;
}

/* A key that others can read is no secret. */
static enum cf_status check_file(int fd, struct cf_key_mark *mark_out, struct cf_error *error)
{
	struct stat about;

	if (fstat(fd, &about) != 0)
		return cf_error_set(error, CF_EIO, "%s", strerror(errno));
	*mark_out = mark_of(&about);
	if (!S_ISREG(about.st_mode) || about.st_size > MOST_BYTES)
		return cf_error_set(error, CF_EINVALID, "no key file");
	if ((about.st_mode & 077) != 0)
		return cf_error_set(error, CF_EINVALID,
		    "others can read it (mode %03o): chmod 600, and if others were there, make a "
		    "new one",
		    about.st_mode & 0777u);
	return CF_OK;
}

enum cf_status cf_sensor_key_read(
    const char *path, struct cf_sensor_key **key_out, struct cf_error *error)
{
	char text[MOST_BYTES];
	struct cf_key_mark mark;
	int fd = -1;
	ssize_t len = -1;
	enum cf_status status = cf_input_open(path, &fd, error);

	if (status == CF_EIO && errno == ENOENT)
		return cf_error_set(error, CF_ENOTFOUND, "there is no key");
	if (status != CF_OK)
		return status;
	status = check_file(fd, &mark, error);
	if (status == CF_OK) {
		len = pread(fd, text, sizeof text, 0);
		status = len < 0 ? cf_error_set(error, CF_EIO, "%s", strerror(errno))
		                 : cf_sensor_key_parse(text, (size_t)len, key_out, error);
	}
	if (status == CF_OK)
		(*key_out)->mark = mark;
	explicit_bzero(text, sizeof text);
	(void)close(fd); /* only read */
	return status;
}

bool cf_sensor_key_sign(
    const struct cf_sensor_key *key, const void *bytes, size_t len, char sig[CF_SEAL_SIG_BYTES])
{
	uint8_t raw[CF_ED25519_SIG_BYTES];
	size_t raw_len = sizeof raw;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL &&
	    EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestSign(context, raw, &raw_len, bytes, len) == 1 && raw_len == sizeof raw;

	EVP_MD_CTX_free(context);
	if (good)
		cf_base64_encode(raw, sizeof raw, sig);
	return good;
}

bool cf_sensor_key_seal(const struct cf_sensor_key *key, struct cf_seal_text *seal)
{
	char text[CF_SEAL_TEXT_BYTES];
	size_t len = cf_seal_text_format_signed(seal, text);

	return cf_sensor_key_sign(key, text, len, seal->sig);
}
