/* Unbound's configuration as far as it names our files. */

#include "cli/doctor/unbound_config.h"

#include "base/limits.h"
#include "cli/doctor/run.h"

#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The lines that unbound-checkconf may print; a path and a dozen settings are a tenth of it. */
#define OUTPUT_BYTES 16384

/* The option whose value the next word is. */
enum expect { NOTHING, A_DYNLIB_FILE, AN_INCLUDE, A_DIRECTORY };

struct reading {
	cli_config_value *found;
	void *arg;
	char
	    directory[CF_PATH_BYTES]; /* relative includes behind it begin here; "": where we are */
	unsigned depth, files;
};

/*
 * The next word: quoted, or up to white space; a '#' where a word could begin starts a comment.
 * Cut at size. False at the end.
 */
static bool next_word(FILE *from, char *word, size_t size)
{
	size_t len = 0;
	int c, quote = 0;

	while ((c = getc(from)) != EOF) {
		if (c == '#')
			while ((c = getc(from)) != EOF && c != '\n')
				;
		else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
	}
	if (c == EOF)
		return false;
	if (c == '"' || c == '\'')
		quote = c;
	else
		word[len++] = (char)c;
	while ((c = getc(from)) != EOF && c != '\n' && c != '\r') {
		if (quote != 0 ? c == quote : c == ' ' || c == '\t')
			break;
		if (len + 1 < size)
			word[len++] = (char)c;
		/* 'include:"file"' are two words. */
		if (quote == 0 && c == ':') {
			int next = getc(from);

			if (next != EOF)
				(void)ungetc(next, from); /* one character always fits */
			if (next == '"' || next == '\'')
				break;
		}
	}
	word[len] = '\0';
	return true;
}

static enum expect expected_after(const char *word)
{
	if (strcmp(word, "dynlib-file:") == 0)
		return A_DYNLIB_FILE;
	if (strcmp(word, "include:") == 0 || strcmp(word, "include-toplevel:") == 0)
		return AN_INCLUDE;
	return strcmp(word, "directory:") == 0 ? A_DIRECTORY : NOTHING;
}

static bool read_file(struct reading *reading, const char *path);

/* Every file that the pattern names, the last first: so does Unbound's reader. */
static void follow(struct reading *reading, const char *pattern)
{
	char whole[2 * CF_PATH_BYTES];
	glob_t found = {0};

	snprintf(whole, sizeof whole, "%s%s%s", pattern[0] == '/' ? "" : reading->directory,
	    pattern[0] == '/' || reading->directory[0] == '\0' ? "" : "/", pattern);
	if (glob(whole, GLOB_NOSORT | GLOB_BRACE | GLOB_TILDE, NULL, &found) == 0)
		for (size_t i = found.gl_pathc; i-- > 0;)
			(void)read_file(reading, found.gl_pathv[i]); /* see the header */
	globfree(&found);
}

static bool read_file(struct reading *reading, const char *path)
{
	char word[CF_PATH_BYTES];
	enum expect expect = NOTHING;
	FILE *from;

	if (reading->depth == CLI_CONFIG_DEPTH || reading->files == CLI_CONFIG_FILES)
		return false;
	from = fopen(path, "re");
	if (from == NULL)
		return false;
	reading->depth++;
	reading->files++;
	while (next_word(from, word, sizeof word)) {
		if (expect == A_DYNLIB_FILE)
			reading->found(reading->arg, word);
		else if (expect == AN_INCLUDE)
			follow(reading, word);
		else if (expect == A_DIRECTORY)
			memcpy(reading->directory, word, sizeof word);
		expect = expect == NOTHING ? expected_after(word) : NOTHING;
	}
	reading->depth--;
	(void)fclose(from); /* was only read */
	return true;
}

bool cli_config_dynlib_read(const char *path, cli_config_value *found, void *arg)
{
	struct reading reading = {.found = found, .arg = arg};

	return read_file(&reading, path);
}

/* Asks the tool that was built with this unbound; false when it has nothing to say. */
static bool ask_checkconf(const char *path, const char *unbound, cli_config_value *found, void *arg)
{
	char tool[CF_PATH_BYTES + 32], output[OUTPUT_BYTES], *rest = NULL;
	const char *slash = strrchr(unbound, '/');
	char *const command[] = {
	    tool, (char[]){"-o"}, (char[]){"dynlib-file"}, (char *)(uintptr_t)path, NULL};
	bool any = false;

	if (slash == NULL)
		return false;
	snprintf(tool, sizeof tool, "%.*s/unbound-checkconf", (int)(slash - unbound), unbound);
	if (access(tool, X_OK) != 0 || !cli_run(command, output, sizeof output) ||
	    strstr(output, "error:") != NULL)
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

bool cli_config_dynlib(const char *path, const char *unbound, cli_config_value *found, void *arg)
{
	return access(path, R_OK) == 0 &&
	    (ask_checkconf(path, unbound, found, arg) || cli_config_dynlib_read(path, found, arg));
}
