/*
 * The options of verbs that sign: whose key, from and until when, which serial. One thread.
 */
#pragma once

#include "trust/minisign_secret.h"
#include "trust/statement.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_signing {
	const char *key, *until, *serial; /* words of options; NULL: not given */
	int64_t from_wall_s;              /* INT64_MIN: at once */
	bool shrink;
};

/* Lines of a help text that say these options. */
#define CLI_SIGNING_HELP \
	"  -k, --key FILE      the secret key; minisign's own as well. Its password is read from " \
	"the\n" \
	"                      environment variable CURFEW_KEY_PASSWORD, where it has one\n" \
	"      --until WHEN    an instant with offset, or a duration such as 60d\n" \
	"      --from WHEN     not to be used before this instant\n"

#define CLI_SIGNING_OPTIONS(structure, member) \
	CLI_WORD("key", 'k', structure, member.key), \
	    CLI_WORD("until", 0, structure, member.until), \
	    CLI_WORD("serial", 0, structure, member.serial), \
	    CLI_VALUE("from", 0, structure, member.from_wall_s, cli_take_instant), \
	    CLI_SWITCH("shrink", 0, structure, member.shrink)

/*
 * Fills *statement of kind about name; the next serial is after that of the signature at
 * signature_path, unless one was given. CMD_OK, or CMD_USAGE with a word on stderr after verb.
 */
int cli_signing_state(const struct cli_signing *signing, const char *verb,
    enum cf_statement_kind kind, const char *name, const char *signature_path,
    struct cf_statement *statement);

/* Reads the secret key. As cf_publish_read_key(). */
enum cf_status cli_signing_key(const struct cli_signing *signing,
    struct cf_minisign_secret *secret_out, struct cf_error *error) CF_MUST_CHECK;
