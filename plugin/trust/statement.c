/* The words of a trusted comment, and what follows from them. */

#include "trust/statement.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_words[] = {
    [CF_STATEMENT_PACK] = "curfew-pack", [CF_STATEMENT_IMAGE] = "curfew-image"};

/* Members that were seen, as bits: each once, and those of NEEDED at all. */
enum { NAME = 1, SERIAL = 2, MADE = 4, FROM = 8, UNTIL = 16, SHA256 = 32, SHRINK = 64 };
#define NEEDED (NAME | SERIAL | MADE | UNTIL | SHA256)

bool cf_statement_name_ok(const char *name)
{
	size_t len =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return len > 0 && len < CF_STATEMENT_NAME_BYTES && name[len] == '\0' && name[0] != '.';
}

static bool take_serial(const char *text, uint64_t *serial_out)
{
	uint64_t serial = 0;

	if (text[0] < '1' || text[0] > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(serial, UINT64_C(10), &serial) ||
		    __builtin_add_overflow(serial, (uint64_t)(*text - '0'), &serial))
			return false;
	}
	*serial_out = serial;
	return *text == '\0';
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_digest(const char *text, uint8_t sha256[CF_SHA256_BYTES])
{
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		sha256[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * (size_t)CF_SHA256_BYTES] == '\0';
}

/* Stores one member; *bit_out is 0 for one that only later versions know. */
static bool take_member(
    struct cf_statement *statement, const char *key, const char *value, unsigned *bit_out)
{
	*bit_out = 0;
	if (strcmp(key, "name") == 0) {
		*bit_out = NAME;
		if (!cf_statement_name_ok(value))
			return false;
		memcpy(statement->name, value, strlen(value) + 1);
		return true;
	}
	if (strcmp(key, "serial") == 0) {
		*bit_out = SERIAL;
		return take_serial(value, &statement->serial);
	}
	if (strcmp(key, "made") == 0) {
		*bit_out = MADE;
		return cf_instant_parse(value, &statement->made_wall_s) == CF_OK;
	}
	if (strcmp(key, "from") == 0) {
		*bit_out = FROM;
		return cf_instant_parse(value, &statement->from_wall_s) == CF_OK;
	}
	if (strcmp(key, "until") == 0) {
		*bit_out = UNTIL;
		return cf_instant_parse(value, &statement->until_wall_s) == CF_OK;
	}
	if (strcmp(key, "sha256") == 0) {
		*bit_out = SHA256;
		return take_digest(value, statement->sha256);
	}
	if (strcmp(key, "shrink") == 0) {
		*bit_out = SHRINK;
		statement->shrink = strcmp(value, "yes") == 0;
		return statement->shrink || strcmp(value, "no") == 0;
	}
	return true;
}

static enum cf_status take_words(
    struct cf_statement *statement, char *words, struct cf_error *error)
{
	unsigned seen = 0;
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(word, '=');
		unsigned bit;

		if (equals == NULL)
			return cf_error_set(
			    error, CF_EMALFORMED, "signed statement: a word without '='");
		*equals = '\0';
		if (!take_member(statement, word, equals + 1, &bit))
			return cf_error_set(
			    error, CF_EMALFORMED, "signed statement: %s= has no good value", word);
		if ((seen & bit) != 0)
			return cf_error_set(
			    error, CF_EMALFORMED, "signed statement: %s= is there twice", word);
		seen |= bit;
	}
	if ((seen & NEEDED) != NEEDED)
		return cf_error_set(error, CF_EMALFORMED,
		    "signed statement: one of name= serial= made= until= sha256= is missing");
	if (statement->until_wall_s <= statement->made_wall_s)
		return cf_error_set(
		    error, CF_EMALFORMED, "signed statement: until= is not after made=");
	return CF_OK;
}

enum cf_status cf_statement_parse(
    const char *comment, struct cf_statement *statement_out, struct cf_error *error)
{
	struct cf_statement statement = {.from_wall_s = INT64_MIN};
	char words[CF_STATEMENT_TEXT_BYTES * 2];
	size_t len = strlen(comment);
	enum cf_status status = CF_EVERSION;

	for (size_t kind = 0; kind < sizeof kind_words / sizeof kind_words[0]; kind++) {
		size_t head = strlen(kind_words[kind]);

		if (strncmp(comment, kind_words[kind], head) != 0 ||
		    strncmp(comment + head, " 1 ", 3) != 0)
			continue;
		if (len >= sizeof words)
			return cf_error_set(error, CF_ETOOBIG, "signed statement: too long");
		statement.kind = (enum cf_statement_kind)kind;
		memcpy(words, comment + head + 3, len - head - 3 + 1);
		status = take_words(&statement, words, error);
		if (status == CF_OK)
			*statement_out = statement;
		return status;
	}
	return cf_error_set(error, status,
	    "the signature's trusted comment is no statement of curfew's, or of a later version");
}

void cf_statement_format(const struct cf_statement *statement, char text[CF_STATEMENT_TEXT_BYTES])
{
	char made[CF_INSTANT_TEXT_BYTES], from[CF_INSTANT_TEXT_BYTES], until[CF_INSTANT_TEXT_BYTES];
	char digest[2 * CF_SHA256_BYTES + 1];

	for (size_t i = 0; i < CF_SHA256_BYTES; i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", statement->sha256[i]);
	(void)cf_instant_format(statement->from_wall_s, from);
	(void)snprintf(text, CF_STATEMENT_TEXT_BYTES,
	    "%s 1 name=%s serial=%llu made=%s%s%s until=%s sha256=%s%s",
	    kind_words[statement->kind], statement->name, (unsigned long long)statement->serial,
	    cf_instant_format(statement->made_wall_s, made),
	    statement->from_wall_s == INT64_MIN ? "" : " from=",
	    statement->from_wall_s == INT64_MIN ? "" : from,
	    cf_instant_format(statement->until_wall_s, until), digest,
	    statement->shrink ? " shrink=yes" : "");
}

enum cf_fresh cf_fresh_judge(const struct cf_statement *statement, enum cf_statement_kind kind,
    const char *name, const struct cf_fresh_seen *seen, int64_t now_wall_s)
{
	if (statement->kind != kind || strcmp(statement->name, name) != 0)
		return CF_FRESH_OTHER;
	if (statement->serial < seen->serial)
		return CF_FRESH_OLD;
	if (statement->serial == seen->serial)
		return memcmp(statement->sha256, seen->sha256, CF_SHA256_BYTES) == 0
		    ? CF_FRESH_SAME
		    : CF_FRESH_FORKED;
	if (statement->made_wall_s > now_wall_s && /* the difference of any two cannot be taken */
	    (now_wall_s < 0 || statement->made_wall_s - now_wall_s > CF_FRESH_CLOCK_S))
		return CF_FRESH_FUTURE;
	if (statement->until_wall_s <= now_wall_s)
		return CF_FRESH_EXPIRED;
	return statement->from_wall_s > now_wall_s ? CF_FRESH_EARLY : CF_FRESH_NEW;
}

const char *cf_fresh_text(enum cf_fresh fresh)
{
	switch (fresh) {
	case CF_FRESH_NEW:
		return "newer than what is in force";
	case CF_FRESH_SAME:
		return "in force already";
	case CF_FRESH_EARLY:
		return "its time has not begun";
	case CF_FRESH_OLD:
		return "older than one that was taken before: refused";
	case CF_FRESH_EXPIRED:
		return "its time is over, a newer one should be there: refused";
	case CF_FRESH_FORKED:
		return "the serial of one that was taken before, with other content: refused";
	case CF_FRESH_OTHER:
		return "of another name or kind than asked for: refused";
	case CF_FRESH_FUTURE:
		return "made after now: the clock here or the publisher's is wrong: refused";
	}
	return "unknown";
}
