/* Keys, serials and signatures as files. */

#include "trust/publish.h"

#include "base/file_writer.h"
#include "base/instant.h"
#include "base/sha256.h"
#include "trust/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cf_status write_new(
    const char *path, const char *text, mode_t mode, struct cf_error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	size_t len = strlen(text);

	if (fd < 0 || !cf_write_all(fd, text, len) || fsync(fd) != 0 || close(fd) != 0)
		return cf_error_set(error, CF_EIO, "cannot write '%s': %s", path, strerror(errno));
	return CF_OK;
}

enum cf_status cf_publish_new_key(
    const char *name, char key_line_out[CF_MINISIGN_KEY_TEXT_BYTES], struct cf_error *error)
{
	char path[CF_PATH_BYTES], secret_text[CF_MINISIGN_SECRET_TEXT_BYTES];
	char id[CF_MINISIGN_ID_TEXT_BYTES], key_text[160];
	struct cf_minisign_secret secret;
	enum cf_status status;

	if (cf_minisign_secret_new(&secret) != CF_OK)
		return cf_error_set(error, CF_EINTERNAL, "libsodium does not start");
	cf_minisign_secret_format(&secret, secret_text);
	cf_minisign_key_format(&secret.key, key_line_out);
	cf_minisign_id_format(secret.key.id, id);
	cf_minisign_secret_done(&secret);
	(void)snprintf(path, sizeof path, "%s.key", name); /* cut: it cannot be made */
	status = write_new(path, secret_text, 0600, error);
	explicit_bzero(secret_text, sizeof secret_text);
	(void)snprintf(key_text, sizeof key_text, "untrusted comment: minisign public key %s\n%s\n",
	    id, key_line_out);
	(void)snprintf(path, sizeof path, "%s.pub", name);
	return status == CF_OK ? write_new(path, key_text, 0644, error) : status;
}

enum cf_status cf_publish_read_key(const char *path, const char *password,
    struct cf_minisign_secret *secret_out, struct cf_error *error)
{
	struct cf_fetch file = {.place = path, .most_bytes = 4096};
	struct stat about;
	enum cf_status status;

	if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) != 0)
		return cf_error_set(error, CF_EINVALID,
		    "'%s' can be read by others (mode %03o): chmod 600 it, and if others were "
		    "there, make a new one",
		    path, about.st_mode & 0777u);
	status = cf_fetch(&file, error);
	if (status != CF_OK)
		return status;
	status = cf_minisign_secret_parse(
	    (const char *)file.data, file.len, password, secret_out, error);
	explicit_bzero(file.data, file.len);
	free(file.data);
	return status;
}

/* The serial of the signature that is there; 0: none. */
static uint64_t former_serial(const char *path)
{
	struct cf_fetch file = {.place = path, .most_bytes = 4096};
	struct cf_minisign_signature signature;
	struct cf_statement statement = {.serial = 0};
	struct cf_error error;

	if (cf_fetch(&file, &error) != CF_OK)
		return 0;
	if (cf_minisign_signature_parse((const char *)file.data, file.len, &signature, &error) !=
	        CF_OK ||
	    cf_statement_parse(signature.comment, &statement, &error) != CF_OK)
		statement.serial = 0;
	free(file.data);
	return statement.serial;
}

uint64_t cf_publish_next_serial(const char *signature_path, int64_t now_wall_s)
{
	uint64_t former = former_serial(signature_path), today;
	char day[CF_INSTANT_TEXT_BYTES];

	cf_instant_format(now_wall_s, day);
	today = (strtoull(day, NULL, 10) * 10000 + strtoull(day + 5, NULL, 10) * 100 +
	            strtoull(day + 8, NULL, 10)) *
	        100 +
	    1;
	return former >= today ? former + 1 : today;
}

static enum cf_status write_signature(const char *path, const char *text, struct cf_error *error)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open(&writer, path);

	if (status == CF_OK)
		(void)fputs(text, writer.to); /* the end sees a failure */
	return cf_file_writer_end(&writer, path, status, error);
}

static enum cf_status sign(const void *data, size_t len, const struct cf_minisign_secret *secret,
    struct cf_statement *statement, char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES],
    struct cf_error *error)
{
	char comment[CF_STATEMENT_TEXT_BYTES];
	enum cf_status status = cf_sha256(data, len, statement->sha256);

	if (status != CF_OK)
		return cf_error_set(error, status, "cannot digest what is to be signed");
	cf_statement_format(statement, comment);
	return cf_minisign_sign(secret, data, len, comment, text, error);
}

enum cf_status cf_publish_sign(const char *path, uint64_t most_bytes,
    const struct cf_minisign_secret *secret, struct cf_statement *statement, struct cf_error *error)
{
	char beside[CF_PATH_BYTES], text[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
	struct cf_fetch file = {.place = path, .most_bytes = most_bytes};
	enum cf_status status = cf_fetch(&file, error);

	if (status != CF_OK)
		return status;
	(void)snprintf(beside, sizeof beside, "%s.minisig", path); /* cut: it cannot be written */
	status = sign(file.data, file.len, secret, statement, text, error);
	if (status == CF_OK)
		status = write_signature(beside, text, error);
	free(file.data);
	return status;
}

/* Whoever fetches it is somebody else: readable to all. */
static enum cf_status write_bytes(
    const char *path, const void *data, size_t len, struct cf_error *error)
{
	struct cf_file_writer writer;
	enum cf_status status = cf_file_writer_open_as(&writer, path, CF_WRITE_ONLY_FILES);

	if (status == CF_OK &&
	    (fwrite(data, 1, len, writer.to) != len || fchmod(fileno(writer.to), 0644) != 0))
		status = CF_EIO;
	return cf_file_writer_end(&writer, path, status, error);
}

enum cf_status cf_publish_bytes(const char *path, const void *data, size_t len,
    const struct cf_minisign_secret *secret, struct cf_statement *statement, struct cf_error *error)
{
	char beside[CF_PATH_BYTES], text[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
	enum cf_status status = sign(data, len, secret, statement, text, error);

	(void)snprintf(beside, sizeof beside, "%s.minisig", path); /* cut: it cannot be written */
	if (status == CF_OK)
		status = write_bytes(path, data, len, error);
	return status == CF_OK ? write_signature(beside, text, error) : status;
}
