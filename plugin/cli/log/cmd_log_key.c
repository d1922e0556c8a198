/*
 * curfew log key: the keys that sensors sign their seals with. One file: a pair of keys is made,
 * mended, replaced and shown by the same few steps over the same two files.
 */

#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/log/log_files.h"
#include "cli/log/log_vouch.h"
#include "records/anchor/sensor_key.h"
#include "trust/minisign_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: curfew log key new [WRITER...] [options]\n"
    "       curfew log key show [WRITER...] [--pem]\n"
    "\n"
    "Makes or shows the key with which a writer signs its seals. WRITER is resolver (the module\n"
    "in Unbound) or monitor; without one it is both. Keep what `show` prints where who writes\n"
    "the log cannot: `curfew log verify --key` takes it. A writer takes its key when it starts.\n"
    "\n"
    "      --dir DIR     the keys' folder\n"
    "      --missing     make what is not there, and let be what is (packages do this)\n"
    "      --replace     make a new key that the one before names as its successor; the old\n"
    "                    secret is gone, what it signed stays good\n"
    "      --lost        make a new key though nobody can name it: readers must pin it anew\n"
    "      --owner USER  whom the secret belongs to; unbound and curfew, when root makes it\n"
    "      --pem         as PEM, for openssl\n"
    "\n"
    "exit: 0 done, 1 no such key, 2 usage, 3 a key is there already or is damaged, 4 "
    "input/output\n";

struct request {
	const char *dir, *owner;
	bool missing, replace, lost, pem;
	struct cli_paths paths;
};

static const struct cli_option options[] = {
    CLI_WORD("dir", 0, struct request, dir),
    CLI_SWITCH("missing", 0, struct request, missing),
    CLI_SWITCH("replace", 0, struct request, replace),
    CLI_SWITCH("lost", 0, struct request, lost),
    CLI_WORD("owner", 0, struct request, owner),
    CLI_SWITCH("pem", 0, struct request, pem),
    CLI_OPTIONS_END,
};

/* The writers, and as whom they run. */
static const struct {
	const char *name, *user;
} writers[] = {{"resolver", "unbound"}, {"monitor", "curfew"}};

#define WRITERS (sizeof writers / sizeof writers[0])

/* Changes that a file keeps; older keys' seals are in no log any more. */
#define MOST_CHANGES 16

/* One writer's files, and what goes into them. */
struct pair {
	char secret_path[CF_PATH_BYTES], public_path[CF_PATH_BYTES];
	char changes[(MOST_CHANGES + 1) * CF_KEY_CHANGE_TEXT_BYTES];
	uid_t uid;
	gid_t gid;
	bool has_owner;
};

static bool name_files(const struct request *request, const char *writer, struct pair *pair)
{
	int secret = snprintf(
	    pair->secret_path, sizeof pair->secret_path, "%s/%s.key", request->dir, writer);
	int public = snprintf(
	    pair->public_path, sizeof pair->public_path, "%s/%s.pub", request->dir, writer);

	return secret < (int)sizeof pair->secret_path && public < (int)sizeof pair->public_path;
}

/* Root makes it for whom the writer runs as. False after a message: there is no such user. */
static bool find_owner(const struct request *request, const char *user, struct pair *pair)
{
	const char *name = request->owner != NULL ? request->owner : user;
	const struct passwd *entry;

	if (request->owner == NULL && geteuid() != 0)
		return true;
	entry = getpwnam(name);
	if (entry == NULL) {
		fprintf(
		    stderr, "curfew log key: there is no user '%s'; --owner names another\n", name);
		return false;
	}
	pair->uid = entry->pw_uid;
	pair->gid = entry->pw_gid;
	pair->has_owner = true;
	return true;
}

/* Beside, with its rights from the first moment on, then over the old one. */
static int replace_file(const char *path, const char *text, mode_t mode, const struct pair *owner)
{
	char beside[CF_PATH_BYTES + 8];
	size_t len = strlen(text);
	int fd, reason;

	(void)snprintf(beside, sizeof beside, "%s.new", path);
	(void)unlink(beside); /* of one that was cut */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0 && fchmod(fd, mode) == 0 &&
	    (owner == NULL || fchown(fd, owner->uid, owner->gid) == 0) &&
	    write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 && close(fd) == 0 &&
	    rename(beside, path) == 0)
		return CMD_OK;
	reason = errno;
	fprintf(stderr, "curfew log key: cannot write '%s': %s\n", path, strerror(reason));
	if (fd >= 0)
		(void)unlink(beside); /* useless */
	return CMD_IO;
}

/* The changes of a key file: what stands behind its two lines. */
static void keep_changes(const char *text, struct pair *pair)
{
	size_t used = strlen(pair->changes);
	unsigned count = 1;

	for (const char *line = text; line != NULL && count < MOST_CHANGES; count++) {
		const char *next = strstr(line, "\ncurfew-key-1 ");
		size_t len;

		if (next == NULL)
			return;
		line = next + 1;
		len = strcspn(line, "\n");
		if (len + 1 >= sizeof pair->changes - used)
			return;
		memcpy(pair->changes + used, line, len);
		used += len;
		pair->changes[used++] = '\n';
		pair->changes[used] = '\0';
	}
}

/* The old key's word for the new one, in front of the words of those before it. */
static int name_successor(
    const struct pair *pair, const struct cf_minisign_key *next, char *changes)
{
	struct cf_sensor_key *old = NULL;
	struct cf_key_change change = {.at_wall_us = 0};
	struct cf_error error;
	char text[CF_KEY_CHANGE_TEXT_BYTES];
	size_t len;
	int result = CMD_OK;

	if (cf_sensor_key_read(pair->secret_path, &old, &error) != CF_OK) {
		fprintf(stderr,
		    "curfew log key: '%s': %s; it cannot name its successor (--lost makes one that "
		    "nobody names)\n",
		    pair->secret_path, error.text);
		return CMD_INVALID;
	}
	(void)cf_instant_format(cli_now_s(), change.at);
	memcpy(change.old_id, cf_sensor_key_id(old), sizeof change.old_id);
	memcpy(change.next.id, next->id, sizeof change.next.id);
	memcpy(change.next.key, next->key, sizeof change.next.key);
	len = cf_key_change_format_signed(&change, text);
	if (cf_sensor_key_sign(old, text, len, change.sig)) {
		len = cf_key_change_format(&change, changes);
		memcpy(changes + len, "\n", 2);
	} else {
		fputs("curfew log key: libcrypto does not sign\n", stderr);
		result = CMD_IO;
	}
	cf_sensor_key_free(old);
	return result;
}

static int write_public(
    const struct pair *pair, const struct cf_public_key *key, const char *writer)
{
	char id[CF_KEY_ID_TEXT_BYTES], line[CF_PUBLIC_KEY_TEXT_BYTES];
	char text[sizeof pair->changes + 256];

	cf_public_key_id(key, id);
	cf_public_key_format(key, line);
	(void)snprintf(text, sizeof text, "untrusted comment: curfew %s key %s\n%s\n%s", writer, id,
	    line, pair->changes);
	return replace_file(pair->public_path, text, 0644, NULL);
}

static void say_made(const struct pair *pair, const struct cf_public_key *key)
{
	char line[CF_PUBLIC_KEY_TEXT_BYTES];

	cf_public_key_format(key, line);
	printf("%s: secret; signs from the next start of its writer on\n"
	       "%s: public; keep a copy elsewhere, or this line:\n%s\n",
	    pair->secret_path, pair->public_path, line);
}

/* The secret first: were it cut there, the log itself would tell of the new key. */
static int write_pair(struct pair *pair, struct cf_minisign_secret *secret, const char *writer)
{
	char secret_text[CF_MINISIGN_SECRET_TEXT_BYTES];
	char text[sizeof secret_text + sizeof pair->changes];
	struct cf_public_key key;
	int result;

	cf_minisign_secret_format(secret, secret_text);
	memcpy(key.id, secret->key.id, sizeof key.id);
	memcpy(key.key, secret->key.key, sizeof key.key);
	(void)snprintf(text, sizeof text, "%s%s", secret_text, pair->changes);
	result = replace_file(pair->secret_path, text, 0600, pair->has_owner ? pair : NULL);
	explicit_bzero(secret_text, sizeof secret_text);
	explicit_bzero(text, sizeof text);
	if (result == CMD_OK)
		result = write_public(pair, &key, writer);
	if (result == CMD_OK)
		say_made(pair, &key);
	return result;
}

/* A public half that is not there is made of the secret one. */
static int mend_public(struct pair *pair, const char *writer)
{
	struct cf_sensor_key *key = NULL;
	struct stat about;
	char *text;
	size_t len = 0;
	int result;

	if (stat(pair->public_path, &about) == 0)
		return CMD_OK;
	if (cf_sensor_key_read(pair->secret_path, &key, NULL) != CF_OK)
		return CMD_OK; /* doctor says what is wrong with it */
	text = log_read_whole("log key", pair->secret_path, 16384, &len);
	if (text != NULL)
		keep_changes(text, pair);
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	result = write_public(pair, cf_sensor_key_public(key), writer);
	cf_sensor_key_free(key);
	return result;
}

/* The changes so far, which the new file keeps; the secret does not stay in memory. */
static int take_history(
    const struct request *request, struct pair *pair, const struct cf_minisign_secret *next)
{
	char *text;
	size_t len = 0;
	int result;

	if (request->lost)
		return CMD_OK;
	result = name_successor(pair, &next->key, pair->changes);
	if (result != CMD_OK)
		return result;
	text = log_read_whole("log key", pair->secret_path, 16384, &len);
	if (text == NULL)
		return CMD_IO;
	keep_changes(text, pair);
	explicit_bzero(text, len);
	free(text);
	return CMD_OK;
}

static int make(const struct request *request, const char *writer, struct pair *pair)
{
	struct cf_minisign_secret secret;
	struct stat about;
	bool is_there = lstat(pair->secret_path, &about) == 0;
	int result = CMD_OK;

	if (is_there && request->missing)
		return mend_public(pair, writer);
	if (is_there && !request->replace && !request->lost) {
		fprintf(stderr,
		    "curfew log key: '%s' is there already; --replace makes a successor\n",
		    pair->secret_path);
		return CMD_INVALID;
	}
	if (cf_minisign_secret_new(&secret) != CF_OK) {
		fputs("curfew log key: libsodium does not start\n", stderr);
		return CMD_IO;
	}
	if (is_there)
		result = take_history(request, pair, &secret);
	if (result == CMD_OK)
		result = write_pair(pair, &secret, writer);
	cf_minisign_secret_done(&secret);
	return result;
}

static int make_for(const struct request *request, size_t writer)
{
	struct pair *pair = calloc(1, sizeof *pair);
	int result = CMD_IO;

	if (pair == NULL)
		fputs("curfew log key: no memory\n", stderr);
	else if (!name_files(request, writers[writer].name, pair))
		fprintf(stderr, "curfew log key: '%.100s...' is too long\n", request->dir);
	else if (find_owner(request, writers[writer].user, pair))
		result = make(request, writers[writer].name, pair);
	free(pair);
	return result;
}

static int show_pem(const struct cf_public_key *key)
{
	EVP_PKEY *pkey =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, sizeof key->key);
	bool good = pkey != NULL && PEM_write_PUBKEY(stdout, pkey) == 1;

	EVP_PKEY_free(pkey);
	return good ? CMD_OK : CMD_IO;
}

static int show_text(const struct pair *pair, const char *text, size_t len, bool pem)
{
	struct cf_public_keys keys = {.count = 0};
	struct cf_error error;

	if (cf_public_keys_pin(&keys, text, len, &error) != CF_OK) {
		fprintf(stderr, "curfew log key: '%s': %s\n", pair->public_path, error.text);
		return CMD_INVALID;
	}
	if (pem)
		return show_pem(&keys.at[0].key);
	(void)fwrite(text, 1, len, stdout);
	return CMD_OK;
}

static int show(const struct request *request, const char *writer, bool is_optional)
{
	struct pair *pair = calloc(1, sizeof *pair);
	struct stat about;
	char *text = NULL;
	size_t len = 0;
	int result = CMD_FOUND;

	if (pair == NULL || !name_files(request, writer, pair)) {
		fputs("curfew log key: no memory, or the folder's name is too long\n", stderr);
		result = CMD_IO;
	} else if (stat(pair->public_path, &about) != 0) {
		if (!is_optional)
			fprintf(stderr, "curfew log key: cannot open '%s': %s\n", pair->public_path,
			    strerror(errno));
	} else {
		text = log_read_whole("log key", pair->public_path, 16384, &len);
		result = text == NULL ? CMD_IO : show_text(pair, text, len, request->pem);
	}
	free(text);
	free(pair);
	return result;
}

static int show_all(const struct request *request, int argc, char **argv)
{
	int result = CMD_FOUND;

	for (int i = 0; i < argc; i++)
		result = show(request, argv[i], false);
	for (size_t i = 0; i < WRITERS && argc == 0; i++) {
		int one = show(request, writers[i].name, true);

		if (one != CMD_FOUND)
			result = one;
	}
	if (argc == 0 && result == CMD_FOUND)
		fprintf(stderr,
		    "curfew log key: there is no key in '%s'; `curfew log key new` "
		    "makes one\n",
		    request->dir);
	return result;
}

/* Good when one of them could be made: a machine has one or the other user, mostly. */
static int make_both(const struct request *request)
{
	int result = CMD_IO;

	for (size_t i = 0; i < WRITERS; i++) {
		int one = make_for(request, i);

		if (result == CMD_IO || one != CMD_IO)
			result = one;
	}
	return result;
}

static int make_all(const struct request *request, int argc, char **argv)
{
	int result = CMD_OK;

	if (mkdir(request->dir, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "curfew log key: cannot make '%s': %s\n", request->dir,
		    strerror(errno));
		return CMD_IO;
	}
	if (argc == 0)
		return make_both(request);
	for (int i = 0; i < argc && result == CMD_OK; i++) {
		size_t writer = 0;

		while (writer < WRITERS && strcmp(writers[writer].name, argv[i]) != 0)
			writer++;
		if (writer == WRITERS) {
			fprintf(stderr,
			    "curfew log key: '%.100s' is neither resolver nor monitor\n", argv[i]);
			return CMD_USAGE;
		}
		result = make_for(request, writer);
	}
	return result;
}

int cmd_log_key(int argc, char **argv)
{
	struct request request = {.dir = NULL};
	const char *verb = argc > 1 ? argv[1] : "";
	int result;

	cli_paths_default(&request.paths);
	request.dir = request.paths.keys;
	if (strcmp(verb, "new") != 0 && strcmp(verb, "show") != 0) {
		bool wants_help = strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0;

		fputs(help, wants_help ? stdout : stderr);
		return wants_help ? CMD_OK : CMD_USAGE;
	}
	if (!cli_options_read(options, "log key", help, &request, argc - 1, argv + 1, &result))
		return result;
	argc -= 1 + optind;
	argv += 1 + optind;
	return strcmp(verb, "new") == 0 ? make_all(&request, argc, argv)
	                                : show_all(&request, argc, argv);
}
