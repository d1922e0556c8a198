/* Signatures, keys and statements of strangers: read or refused, never believed by accident. */

#include "promise.h"
#include "trust/minisign.h"
#include "trust/statement.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_statement(const char *comment)
{
	char text[CF_STATEMENT_TEXT_BYTES];
	struct cf_statement statement, again;
	struct cf_error error;

	if (cf_statement_parse(comment, &statement, &error) != CF_OK)
		return;
	must(cf_statement_name_ok(statement.name) && statement.serial > 0);
	cf_statement_format(&statement, text);
	must(cf_statement_parse(text, &again, &error) == CF_OK);
	must(again.serial == statement.serial && again.until_wall_s == statement.until_wall_s &&
	    again.from_wall_s == statement.from_wall_s && again.shrink == statement.shrink &&
	    strcmp(again.name, statement.name) == 0 &&
	    memcmp(again.sha256, statement.sha256, sizeof again.sha256) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_minisign_signature signature;
	struct cf_minisign_key key = {.id = {1}};
	struct cf_error error;

	if (cf_minisign_key_parse((const char *)data, len, &key, &error) == CF_OK) {
		char text[CF_MINISIGN_KEY_TEXT_BYTES];

		cf_minisign_key_format(&key, text);
		must(strlen(text) == CF_MINISIGN_KEY_TEXT_BYTES - 1);
	}
	if (cf_minisign_signature_parse((const char *)data, len, &signature, &error) != CF_OK)
		return 0;
	must(memchr(signature.comment, '\0', sizeof signature.comment) != NULL);
	/* Of an all-zero key nobody has the secret half. */
	memcpy(key.id, signature.id, sizeof key.id);
	must(cf_minisign_verify(&key, &signature, data, len, false, &error) != CF_OK);
	read_statement(signature.comment);
	return 0;
}
