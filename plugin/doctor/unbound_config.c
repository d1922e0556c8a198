/* Unbound's configuration as far as it names our files, or answers what is listed. */

#include "doctor/unbound_config.h"

#include "base/limits.h"
#include "doctor/run.h"

#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lines that unbound-checkconf may print; a path and a dozen settings are a tenth of it. */
#define OUTPUT_BYTES 16384
/* A configuration may name every listed name of a large list. */
#define MOST_BYTES (INT64_C(512) << 20)

/* Words that begin a clause (unbound.conf(5)). */
static const char *const clauses[] = {
    "server:", "remote-control:", "stub-zone:", "forward-zone:", "auth-zone:", "rpz:", "view:",
    "python:", "dynlib:", "dnscrypt:", "cachedb:", "ipset:", "dnstap:"};

struct reading {
	cf_unbound_config_item_fn *found;
	void *arg;
	char directory[CF_PATH_BYTES]; /* relative includes begin here; "": where we are */
	char clause[32];
	unsigned depth, files;
};

/* A file and where in it we are. */
struct words {
	FILE *from;
	unsigned line; /* of the last word */
	unsigned at;   /* lines ended so far, and one */
};

static int next_char(struct words *words)
{
	int c = getc(words->from);

	if (c == '\n')
		words->at++;
	return c;
}

static void put_back(struct words *words, int c)
{
	if (c == EOF)
		return;
	if (c == '\n')
		words->at--;
	(void)ungetc(c, words->from); /* one character always fits */
}

/* The first character of the next word, or EOF: '#' where a word could begin starts a comment. */
static int skip_space(struct words *words)
{
	int c;

	while ((c = next_char(words)) != EOF) {
		if (c == '#')
			while ((c = next_char(words)) != EOF && c != '\n')
				;
		else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
	}
	return c;
}

/* The next word: quoted, or up to white space. Cut at size. False at the end. */
static bool next_word(struct words *words, char *word, size_t size)
{
	int c = skip_space(words), quote = 0;
	size_t len = 0;

	if (c == EOF)
		return false;
	words->line = words->at;
	if (c == '"' || c == '\'')
		quote = c;
	else
		word[len++] = (char)c;
	while ((c = next_char(words)) != EOF && c != '\n' && c != '\r') {
		if (quote != 0 ? c == quote : c == ' ' || c == '\t')
			break;
		if (len + 1 < size)
			word[len++] = (char)c;
		/* 'include:"file"' are two words. */
		if (quote == 0 && c == ':') {
			int next = next_char(words);

			put_back(words, next);
			if (next == '"' || next == '\'')
				break;
		}
	}
	word[len] = '\0';
	return true;
}

static bool is_clause(const char *word)
{
	for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
		if (strcmp(word, clauses[i]) == 0)
			return true;
	return false;
}

static bool has_two_values(const char *key)
{
	return strcmp(key, "local-zone:") == 0 || strcmp(key, "response-ip:") == 0 ||
	    strcmp(key, "response-ip-data:") == 0;
}

static bool read_file(struct reading *reading, const char *path);

/* Every file that the pattern names, sorted, as Unbound's reader has them: the last one wins. */
static void follow(struct reading *reading, const char *pattern)
{
	char whole[2 * CF_PATH_BYTES];
	glob_t found = {0};

	snprintf(whole, sizeof whole, "%s%s%s", pattern[0] == '/' ? "" : reading->directory,
	    pattern[0] == '/' || reading->directory[0] == '\0' ? "" : "/", pattern);
	if (glob(whole, GLOB_BRACE | GLOB_TILDE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)read_file(reading, found.gl_pathv[i]); /* see the header */
	globfree(&found);
}

static void take_statement(struct reading *reading, const struct cf_unbound_config_item *item)
{
	if (strcmp(item->key, "include:") == 0 || strcmp(item->key, "include-toplevel:") == 0) {
		follow(reading, item->value);
		return;
	}
	if (strcmp(item->key, "directory:") == 0)
		snprintf(reading->directory, sizeof reading->directory, "%s", item->value);
	reading->found(reading->arg, item);
}

/* A pipe or a device would be waited for; so would an endless file. */
static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	FILE *from;

	if (fd < 0)
		return NULL;
	from = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= MOST_BYTES
	    ? fdopen(fd, "r")
	    : NULL;
	if (from == NULL)
		close(fd);
	return from;
}

static void read_statements(struct reading *reading, struct words *words, const char *path)
{
	char key[CF_PATH_BYTES], value[CF_PATH_BYTES], second[CF_PATH_BYTES];

	while (next_word(words, key, sizeof key)) {
		size_t len = strlen(key);
		struct cf_unbound_config_item item = {.clause = reading->clause,
		    .key = key,
		    .value = value,
		    .second = second,
		    .file = path,
		    .line = words->line};

		value[0] = second[0] = '\0';
		if (is_clause(key)) {
			snprintf(reading->clause, sizeof reading->clause, "%.31s", key);
			reading->found(reading->arg, &item);
			continue;
		}
		if (len == 0 || key[len - 1] != ':')
			continue; /* a further value */
		if (!next_word(words, value, sizeof value))
			return;
		if (has_two_values(key))
			(void)next_word(words, second, sizeof second); /* "" at the end */
		take_statement(reading, &item);
	}
}

static bool read_file(struct reading *reading, const char *path)
{
	struct words words = {.at = 1};

	if (reading->depth == CF_UNBOUND_CONFIG_DEPTH || reading->files == CF_UNBOUND_CONFIG_FILES)
		return false;
	words.from = open_regular(path);
	if (words.from == NULL)
		return false;
	reading->depth++;
	reading->files++;
	read_statements(reading, &words, path);
	reading->depth--;
	(void)fclose(words.from); /* was only read */
	return true;
}

bool cf_unbound_config_read(const char *path, cf_unbound_config_item_fn *found, void *arg)
{
	struct reading reading = {.found = found, .arg = arg};

	return read_file(&reading, path);
}

/* Hands out the values of dynlib-file alone. */
struct values {
	cf_unbound_config_value *found;
	void *arg;
};

static void take_dynlib(void *arg, const struct cf_unbound_config_item *item)
{
	struct values *values = arg;

	if (strcmp(item->key, "dynlib-file:") == 0)
		values->found(values->arg, item->value);
}

/* Runs the tool that was built with this unbound; false when it has nothing to say. */
static bool run_checkconf(
    const char *path, const char *unbound, const char *option, char output[OUTPUT_BYTES])
{
	char tool[CF_PATH_BYTES + 32];
	const char *slash = strrchr(unbound, '/');
	char *const command[] = {
	    tool, (char[]){"-o"}, (char *)(uintptr_t)option, (char *)(uintptr_t)path, NULL};

	if (slash == NULL)
		return false;
	snprintf(tool, sizeof tool, "%.*s/unbound-checkconf", (int)(slash - unbound), unbound);
	return access(tool, X_OK) == 0 && cf_run_program(command, output, OUTPUT_BYTES) &&
	    strstr(output, "error:") == NULL;
}

static bool ask_checkconf(
    const char *path, const char *unbound, cf_unbound_config_value *found, void *arg)
{
	char output[OUTPUT_BYTES], *rest = NULL;
	bool any = false;

	if (!run_checkconf(path, unbound, "dynlib-file", output))
		return false;
	for (char *line = strtok_r(output, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '[')
			continue; /* "[time] unbound-checkconf[pid:0] warning: ..." */
		found(arg, line);
		any = true;
	}
	return any;
}

bool cf_unbound_config_dynlib(
    const char *path, const char *unbound, cf_unbound_config_value *found, void *arg)
{
	struct values values = {found, arg};

	return access(path, R_OK) == 0 &&
	    (ask_checkconf(path, unbound, found, arg) ||
	        cf_unbound_config_read(path, take_dynlib, &values));
}

bool cf_unbound_config_modules(const char *path, const char *unbound, char *modules, size_t size)
{
	char output[OUTPUT_BYTES], *rest = NULL;
	bool any = false;

	if (!run_checkconf(path, unbound, "module-config", output))
		return false;
	for (char *line = strtok_r(output, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '[')
			continue;
		snprintf(modules, size, "%s", line);
		any = true;
	}
	return any;
}
