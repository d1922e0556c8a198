/* curfew log key: the keys that sensors sign their seals with. */

#include "base/input_file.h"
#include "cli/front/cmd.h"
#include "cli/front/options.h"
#include "cli/front/paths.h"
#include "cli/front/when.h"
#include "cli/log/log_files.h"
#include "records/anchor/key_pair.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
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
    "in Unbound), monitor or tap; without one it is all. Keep what `show` prints where who writes\n"
    "the log cannot: `curfew log verify --key` takes it. A writer takes its key when it starts,\n"
    "and its successor within seconds.\n"
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
} writers[] = {{"resolver", "unbound"}, {"monitor", "curfew"}, {"tap", "curfew"}};

#define WRITERS (sizeof writers / sizeof writers[0])

static void say_made(const struct cf_key_pair *pair)
{
	char line[CF_PUBLIC_KEY_TEXT_BYTES];

	cf_public_key_format(&pair->key, line);
	printf("%s: secret; its writer signs with it within seconds, or from its start on\n"
	       "%s: public; keep a copy elsewhere, or this line:\n%s\n",
	    pair->secret_path, pair->public_path, line);
}

static enum cf_key_wish wish_of(const struct request *request)
{
	if (request->missing)
		return CF_KEY_IF_MISSING;
	if (request->lost)
		return CF_KEY_LOST;
	return request->replace ? CF_KEY_SUCCESSOR : CF_KEY_FIRST;
}

/* Root makes it for whom the writer runs as. */
static enum cf_status make(const struct request *request, size_t writer, struct cf_key_pair *pair,
    bool *is_made_out, struct cf_error *error)
{
	const char *owner = request->owner;
	enum cf_status status = cf_key_pair_name(pair, request->dir, writers[writer].name, error);

	if (owner == NULL && geteuid() == 0)
		owner = writers[writer].user;
	if (status == CF_OK && owner != NULL)
		status = cf_key_pair_own(pair, owner, error);
	return status == CF_OK ? cf_key_pair_make(pair, writers[writer].name, wish_of(request),
	                             cli_now_s(), is_made_out, error)
	                       : status;
}

static int make_for(const struct request *request, size_t writer)
{
	struct cf_key_pair *pair = calloc(1, sizeof *pair);
	bool is_made = false;
	struct cf_error error;
	enum cf_status status;

	if (pair == NULL) {
		fputs("curfew log key: no memory\n", stderr);
		return CMD_IO;
	}
	status = make(request, writer, pair, &is_made, &error);
	if (status != CF_OK)
		fprintf(stderr, "curfew log key: %s\n", error.text);
	else if (is_made)
		say_made(pair);
	free(pair);
	if (status == CF_EINVALID)
		return CMD_INVALID;
	return status == CF_OK ? CMD_OK : CMD_IO;
}

static int show_pem(const struct cf_public_key *key)
{
	EVP_PKEY *pkey =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, sizeof key->key);
	bool good = pkey != NULL && PEM_write_PUBKEY(stdout, pkey) == 1;

	EVP_PKEY_free(pkey);
	return good ? CMD_OK : CMD_IO;
}

static int show_text(const struct cf_key_pair *pair, const char *text, size_t len, bool pem)
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
	struct cf_key_pair *pair = calloc(1, sizeof *pair);
	struct stat about;
	char *text = NULL;
	size_t len = 0;
	int result = CMD_FOUND;

	if (pair == NULL || cf_key_pair_name(pair, request->dir, writer, NULL) != CF_OK) {
		fputs("curfew log key: no memory, or the folder's name is too long\n", stderr);
		result = CMD_IO;
	} else if (stat(pair->public_path, &about) != 0) {
		if (!is_optional)
			fprintf(stderr, "curfew log key: cannot open '%s': %s\n", pair->public_path,
			    strerror(errno));
	} else {
		struct cf_error error;

		if (cf_input_read_whole(pair->public_path, 16384, &text, &len, &error) == CF_OK) {
			result = show_text(pair, text, len, request->pem);
		} else {
			fprintf(stderr, "curfew log key: %s\n", error.text);
			result = CMD_IO;
		}
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
static int make_each(const struct request *request)
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
		return make_each(request);
	for (int i = 0; i < argc && result == CMD_OK; i++) {
		size_t writer = 0;

		while (writer < WRITERS && strcmp(writers[writer].name, argv[i]) != 0)
			writer++;
		if (writer == WRITERS) {
			fprintf(stderr,
			    "curfew log key: '%.100s' is none of resolver, monitor, tap\n",
			    argv[i]);
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
