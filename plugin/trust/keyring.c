/* Trusted keys, and the file of serials. */

#include "trust/keyring.h"

#include "base/file_writer.h"
#include "base/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The longest line: four words and a digest. */
#define LINE_BYTES 256

static const char *const kind_words[] = {
    [CF_STATEMENT_PACK] = "pack", [CF_STATEMENT_IMAGE] = "image"};

enum cf_status cf_keyring_add(struct cf_keyring *keyring, const char *text, int64_t from_wall_s,
    int64_t until_wall_s, struct cf_error *error)
{
	struct cf_trusted_key *key = &keyring->keys[keyring->count];
	enum cf_status status;

	if (keyring->count == CF_KEYRING_KEYS)
		return cf_error_set(error, CF_ETOOBIG, "more than %d keys", CF_KEYRING_KEYS);
	status = cf_minisign_key_parse(text, strlen(text), &key->key, error);
	if (status != CF_OK)
		return status;
	key->from_wall_s = from_wall_s;
	key->until_wall_s = until_wall_s;
	keyring->count++;
	return CF_OK;
}

const struct cf_minisign_key *cf_keyring_find(
    const struct cf_keyring *keyring, const uint8_t id[CF_MINISIGN_ID_BYTES], int64_t now_wall_s)
{
	for (unsigned i = 0; i < keyring->count; i++) {
		const struct cf_trusted_key *key = &keyring->keys[i];

		if (memcmp(key->key.id, id, CF_MINISIGN_ID_BYTES) == 0 &&
		    now_wall_s >= key->from_wall_s && now_wall_s < key->until_wall_s)
			return &key->key;
	}
	return NULL;
}

/* One line of the file. */
struct seen {
	char key[CF_MINISIGN_ID_TEXT_BYTES];
	char kind[8];
	char name[CF_STATEMENT_NAME_BYTES];
	unsigned long long serial;
	uint8_t sha256[CF_SHA256_BYTES];
};

static bool parse_line(const char *line, struct seen *seen)
{
	char digest[2 * CF_SHA256_BYTES + 1];
	int end = 0;

	if (sscanf(line, "%16[0-9A-F]\t%7[a-z]\t%63[A-Za-z0-9._-]\t%20llu\t%64[0-9a-f]\n%n",
	        seen->key, seen->kind, seen->name, &seen->serial, digest, &end) != 5 ||
	    end == 0 || line[end] != '\0' || strlen(seen->key) != CF_MINISIGN_ID_TEXT_BYTES - 1 ||
	    strlen(digest) != 2 * (size_t)CF_SHA256_BYTES || seen->serial == 0)
		return false;
	for (size_t i = 0; i < CF_SHA256_BYTES; i++) {
		unsigned byte;

		(void)sscanf(digest + 2 * i, "%2x", &byte); /* two digits, as looked at above */
		seen->sha256[i] = (uint8_t)byte;
	}
	return true;
}

typedef void each_seen(void *context, const char *line, const struct seen *seen);

/* Calls each for every line, comments with seen NULL. No file is an empty one. */
static enum cf_status read_file(
    const char *path, each_seen *each, void *context, struct cf_error *error)
{
	FILE *file = NULL;
	char line[LINE_BYTES];
	enum cf_status status = cf_input_open_stream(path, &file, error);

	if (status != CF_OK)
		return errno == ENOENT ? CF_OK : status;
	for (unsigned number = 1; status == CF_OK && fgets(line, sizeof line, file) != NULL;
	     number++) {
		struct seen seen;

		if (line[0] == '#')
			each(context, line, NULL);
		else if (parse_line(line, &seen))
			each(context, line, &seen);
		else
			status = cf_error_set_at(error, CF_EMALFORMED, path, number,
			    "no line of serials; mend it or remove the file, which forgets what "
			    "was "
			    "taken before");
	}
	if (status == CF_OK && ferror(file) != 0)
		status = cf_error_set(error, CF_EIO, "cannot read '%s'", path);
	(void)fclose(file); /* only read */
	return status;
}

/* The search for the highest serial. */
struct search {
	const struct cf_keyring *keyring;
	const char *kind, *name;
	int64_t now_wall_s;
	struct cf_fresh_seen *best;
};

static void look(void *context, const char *line, const struct seen *seen)
{
	const struct search *search = context;

	(void)line;
	if (seen == NULL || strcmp(seen->kind, search->kind) != 0 ||
	    strcmp(seen->name, search->name) != 0 || seen->serial <= search->best->serial)
		return;
	for (unsigned i = 0; i < search->keyring->count; i++) {
		const struct cf_minisign_key *key = &search->keyring->keys[i].key;
		char id[CF_MINISIGN_ID_TEXT_BYTES];

		cf_minisign_id_format(key->id, id);
		if (strcmp(id, seen->key) != 0 ||
		    cf_keyring_find(search->keyring, key->id, search->now_wall_s) == NULL)
			continue;
		search->best->serial = seen->serial;
		memcpy(search->best->sha256, seen->sha256, CF_SHA256_BYTES);
		return;
	}
}

enum cf_status cf_keyring_seen(const struct cf_keyring *keyring, const char *path,
    enum cf_statement_kind kind, const char *name, int64_t now_wall_s,
    struct cf_fresh_seen *seen_out, struct cf_error *error)
{
	struct cf_fresh_seen best = {0};
	struct search search = {.keyring = keyring,
	    .kind = kind_words[kind],
	    .name = name,
	    .now_wall_s = now_wall_s,
	    .best = &best};
	enum cf_status status = read_file(path, look, &search, error);

	if (status == CF_OK)
		*seen_out = best;
	return status;
}

/* The copy of the file without the line that is replaced. */
struct copying {
	FILE *to;
	const char *key, *kind, *name;
};

static void copy(void *context, const char *line, const struct seen *seen)
{
	const struct copying *copying = context;

	if (seen == NULL || strcmp(seen->key, copying->key) != 0 ||
	    strcmp(seen->kind, copying->kind) != 0 || strcmp(seen->name, copying->name) != 0)
		(void)fputs(line, copying->to); /* the commit sees a failure */
}

enum cf_status cf_keyring_note(const char *path, const uint8_t id[CF_MINISIGN_ID_BYTES],
    const struct cf_statement *statement, struct cf_error *error)
{
	struct cf_file_writer writer;
	char key[CF_MINISIGN_ID_TEXT_BYTES];
	struct copying copying = {
	    .key = key, .kind = kind_words[statement->kind], .name = statement->name};
	enum cf_status status = cf_file_writer_open(&writer, path);

	if (status != CF_OK)
		return cf_error_set(
		    error, status, "cannot write '%s': %s", path, cf_file_writer_why(&writer));
	cf_minisign_id_format(id, key);
	copying.to = writer.to;
	status = read_file(path, copy, &copying, error);
	if (status != CF_OK) {
		cf_file_writer_abandon(&writer);
		return status;
	}
	(void)fprintf(writer.to, "%s\t%s\t%s\t%llu\t", key, copying.kind, copying.name,
	    (unsigned long long)statement->serial);
	for (size_t i = 0; i < CF_SHA256_BYTES; i++)
		(void)fprintf(writer.to, "%02x", statement->sha256[i]);
	(void)fputc('\n', writer.to); /* the commit sees a failure */
	status = cf_file_writer_commit(&writer);
	if (status != CF_OK)
		(void)cf_error_set(
		    error, status, "cannot write '%s': %s", path, cf_file_writer_why(&writer));
	return status;
}
