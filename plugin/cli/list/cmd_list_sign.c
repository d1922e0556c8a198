/* curfew list sign: a publisher's statement about a bundle, and the keys for it. */

#include "base/file_writer.h"
#include "base/instant.h"
#include "cli/front/options.h"
#include "cli/front/when.h"
#include "cli/list/list_cmd.h"
#include "trust/fetch.h"
#include "trust/minisign_secret.h"
#include "trust/statement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew list sign BUNDLE --key FILE --name PACK --until WHEN [options]\n"
    "       curfew list sign --new-key NAME\n"
    "\n"
    "Writes BUNDLE.minisig beside the bundle: a signature that `minisign -V` checks too, with a\n"
    "statement of the pack's name, a serial that only rises, and until when readers may use it.\n"
    "Sign again, with a higher serial, before that day.\n"
    "\n"
    "      --new-key NAME  make a key pair: NAME.key (keep it secret, mode 0600) and NAME.pub\n"
    "  -k, --key FILE      the secret key; minisign's own as well. Its password is read from the\n"
    "                      environment variable CURFEW_KEY_PASSWORD, where it has one\n"
    "      --name PACK     the pack's vendor\n"
    "      --until WHEN    an instant with offset, or a duration such as 60d\n"
    "      --from WHEN     not to be used before this instant\n"
    "      --serial N      default: one more than in BUNDLE.minisig, at least today's as "
    "YYYYMMDD01\n"
    "      --image         the file is an image; NAME is the channel, such as stable\n"
    "      --shrink        readers shall take it though much is gone\n"
    "\n"
    "exit: 0 done, 2 usage, 3 key or statement invalid, 4 input/output\n";

struct request {
	const char *new_key, *key, *name, *until, *serial;
	int64_t from_wall_s;
	bool shrink, is_image;
};

static const struct cli_option options[] = {
    CLI_WORD("new-key", 0, struct request, new_key),
    CLI_WORD("key", 'k', struct request, key),
    CLI_WORD("name", 0, struct request, name),
    CLI_WORD("until", 0, struct request, until),
    CLI_VALUE("from", 0, struct request, from_wall_s, cli_take_instant),
    CLI_WORD("serial", 0, struct request, serial),
    CLI_SWITCH("shrink", 0, struct request, shrink),
    CLI_SWITCH("image", 0, struct request, is_image),
    CLI_OPTIONS_END,
};

static int complain(const struct cf_error *error)
{
	fprintf(stderr, "curfew list sign: %s\n", error->text);
	return cli_exit_for(error->status);
}

static int write_new(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) != 0 || close(fd) != 0) {
		fprintf(stderr, "curfew list sign: cannot write '%s': %s\n", path, strerror(errno));
		return CMD_IO;
	}
	return CMD_OK;
}

static int make_key(const char *name)
{
	char path[CF_PATH_BYTES], secret_text[CF_MINISIGN_SECRET_TEXT_BYTES];
	char key_line[CF_MINISIGN_KEY_TEXT_BYTES], id[CF_MINISIGN_ID_TEXT_BYTES], key_text[160];
	struct cf_minisign_secret secret;
	int code;

	if (cf_minisign_secret_new(&secret) != CF_OK) {
		fputs("curfew list sign: libsodium does not start\n", stderr);
		return CMD_IO;
	}
	cf_minisign_secret_format(&secret, secret_text);
	cf_minisign_key_format(&secret.key, key_line);
	cf_minisign_id_format(secret.key.id, id);
	cf_minisign_secret_done(&secret);
	(void)snprintf(path, sizeof path, "%s.key", name); /* cut: it cannot be made */
	code = write_new(path, secret_text, 0600);
	explicit_bzero(secret_text, sizeof secret_text);
	(void)snprintf(key_text, sizeof key_text, "untrusted comment: minisign public key %s\n%s\n",
	    id, key_line);
	(void)snprintf(path, sizeof path, "%s.pub", name);
	if (code == CMD_OK)
		code = write_new(path, key_text, 0644);
	if (code == CMD_OK)
		printf("%s.key  secret: sign with it; keep a copy where nobody else comes\n"
		       "%s.pub  public; readers pin this line:\n%s\n",
		    name, name, key_line);
	return code;
}

/* A key that others can read is no secret. */
static int read_secret(const char *path, struct cf_minisign_secret *secret)
{
	struct cf_fetch file = {.place = path, .most_bytes = 4096};
	struct cf_error error;
	struct stat about;
	enum cf_status status;

	if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) != 0) {
		fprintf(stderr,
		    "curfew list sign: '%s' can be read by others (mode %03o): chmod 600 it, and "
		    "if "
		    "others were there, make a new one\n",
		    path, about.st_mode & 0777u);
		return CMD_INVALID;
	}
	if (cf_fetch(&file, &error) != CF_OK)
		return complain(&error);
	status = cf_minisign_secret_parse(
	    (const char *)file.data, file.len, getenv("CURFEW_KEY_PASSWORD"), secret, &error);
	explicit_bzero(file.data, file.len);
	free(file.data);
	return status == CF_OK ? CMD_OK : complain(&error);
}

/* An instant, or a duration from now on: 60d. */
static bool take_until(const char *text, int64_t now_wall_s, int64_t *until_out)
{
	int64_t duration;

	if (cf_instant_parse(text, until_out) == CF_OK)
		return true;
	if (cf_duration_parse(text, &duration) != CF_OK || duration <= 0 ||
	    __builtin_add_overflow(now_wall_s, duration, until_out))
		return false;
	return true;
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

static bool take_serial(
    const struct request *request, const char *signature, int64_t now_wall_s, uint64_t *serial)
{
	char day[CF_INSTANT_TEXT_BYTES], *end;
	uint64_t former = former_serial(signature), today;

	if (request->serial != NULL) {
		errno = 0;
		*serial = strtoull(request->serial, &end, 10);
		return errno == 0 && *end == '\0' && *serial > 0 && request->serial[0] != '-';
	}
	cf_instant_format(now_wall_s, day);
	today = (strtoull(day, NULL, 10) * 10000 + strtoull(day + 5, NULL, 10) * 100 +
	            strtoull(day + 8, NULL, 10)) *
	        100 +
	    1;
	*serial = former >= today ? former + 1 : today;
	return true;
}

static int fill(
    const struct request *request, const char *signature, struct cf_statement *statement)
{
	statement->kind = request->is_image ? CF_STATEMENT_IMAGE : CF_STATEMENT_PACK;
	statement->made_wall_s = cli_now_s();
	statement->from_wall_s = request->from_wall_s;
	statement->shrink = request->shrink;
	if (!cf_statement_name_ok(request->name)) {
		fprintf(stderr, "curfew list sign: --name: letters, digits, '-', '_' and '.'\n");
		return CMD_USAGE;
	}
	memcpy(statement->name, request->name, strlen(request->name) + 1);
	if (!take_until(request->until, statement->made_wall_s, &statement->until_wall_s) ||
	    statement->until_wall_s <= statement->made_wall_s) {
		fputs("curfew list sign: --until: an instant to come, with offset, or a duration "
		      "such as 60d\n",
		    stderr);
		return CMD_USAGE;
	}
	if (!take_serial(request, signature, statement->made_wall_s, &statement->serial)) {
		fputs("curfew list sign: --serial: a number from 1 on\n", stderr);
		return CMD_USAGE;
	}
	return CMD_OK;
}

static int write_signature(const char *path, const char *text)
{
	struct cf_file_writer writer;

	if (cf_file_writer_open(&writer, path) == CF_OK) {
		(void)fputs(text, writer.to); /* the commit sees a failure */
		if (cf_file_writer_commit(&writer) == CF_OK)
			return CMD_OK;
	}
	fprintf(
	    stderr, "curfew list sign: cannot write '%s': %s\n", path, cf_file_writer_why(&writer));
	return CMD_IO;
}

static int sign(const struct request *request, const char *bundle)
{
	char path[CF_PATH_BYTES], comment[CF_STATEMENT_TEXT_BYTES];
	char text[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
	struct cf_fetch file = {.place = bundle,
	    .most_bytes = request->is_image ? CF_SIGNED_IMAGE_BYTES : CF_BUNDLE_BYTES};
	struct cf_minisign_secret secret;
	struct cf_statement statement = {.kind = CF_STATEMENT_PACK};
	struct cf_error error;
	int code;

	(void)snprintf(path, sizeof path, "%s.minisig", bundle); /* cut: it cannot be written */
	code = fill(request, path, &statement);
	if (code == CMD_OK)
		code = read_secret(request->key, &secret);
	if (code != CMD_OK)
		return code;
	if (cf_fetch(&file, &error) != CF_OK ||
	    (error.status = cf_sha256(file.data, file.len, statement.sha256)) != CF_OK) {
		code = complain(&error);
	} else {
		cf_statement_format(&statement, comment);
		code =
		    cf_minisign_sign(&secret, file.data, file.len, comment, text, &error) == CF_OK
		    ? write_signature(path, text)
		    : complain(&error);
	}
	cf_minisign_secret_done(&secret);
	free(file.data);
	if (code == CMD_OK)
		printf("%s: %s\n", path, comment);
	return code;
}

int cmd_list_sign(int argc, char **argv)
{
	struct request request = {.from_wall_s = INT64_MIN};
	int code;

	if (!cli_options_read(options, "list sign", help, &request, argc, argv, &code))
		return code;
	if (request.new_key != NULL && argc == optind)
		return make_key(request.new_key);
	if (argc - optind != 1 || request.key == NULL || request.name == NULL ||
	    request.until == NULL || request.new_key != NULL) {
		fputs("usage: curfew list sign BUNDLE --key FILE --name PACK --until WHEN\n"
		      "       curfew list sign --new-key NAME\n",
		    stderr);
		return CMD_USAGE;
	}
	return sign(&request, argv[optind]);
}
