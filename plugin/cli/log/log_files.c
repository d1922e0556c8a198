/* Which files `curfew log` reads. */

#include "cli/log/log_files.h"
#include "cli/front/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A set of just this file. */
static enum cf_status single(const char *path, struct cf_log_set *set_out)
{
	struct cf_log_set set = {.paths = calloc(1, sizeof *set.paths)};

	if (set.paths == NULL)
		return CF_ENOMEM;
	set.paths[0] = strdup(path);
	if (set.paths[0] == NULL) {
		free(set.paths);
		return CF_ENOMEM;
	}
	set.count = 1;
	*set_out = set;
	return CF_OK;
}

static bool add(struct cf_walk_logs *files, const char *path, bool rotated, const char *olddir)
{
	struct cf_log_set *set = &files->sets[files->count];
	enum cf_status status;

	rotated = (rotated || olddir != NULL) && strcmp(path, "-") != 0;
	status = rotated ? cf_log_set_find_also(path, olddir, set) : single(path, set);
	if (status == CF_OK && set->count == 0) {
		cf_log_set_done(set);
		status = CF_ENOTFOUND;
	}
	if (status != CF_OK) {
		fprintf(stderr, "curfew log: no log at '%s': %s\n", path,
		    status == CF_ENOTFOUND ? "no such file" : cf_status_text(status));
		return false;
	}
	files->names[files->count++] = strdup(path);
	return files->names[files->count - 1] != NULL;
}

bool log_files_take(
    struct cf_walk_logs *files, int argc, char **argv, bool rotated, const char *olddir)
{
	struct cli_paths paths;

	*files = (struct cf_walk_logs){.sets = calloc((size_t)argc + 1, sizeof *files->sets),
	    .names = calloc((size_t)argc + 1, sizeof *files->names),
	    .olddir = olddir};
	if (files->sets == NULL || files->names == NULL) {
		fputs("curfew log: no memory\n", stderr);
		return false;
	}
	if (argc == 0) {
		cli_paths_default(&paths);
		return add(files, paths.log, true, olddir);
	}
	for (int i = 0; i < argc; i++)
		if (!add(files, argv[i], rotated, olddir))
			return false;
	return true;
}

bool log_files_resume(const struct cf_walk_logs *files, const char *state_path)
{
	for (size_t i = 0; i < files->count && state_path != NULL; i++)
		if (strcmp(files->names[i], "-") == 0 || strchr(files->names[i], '\n') != NULL) {
			fputs("curfew log: --state needs files: it goes on where it stopped in "
			      "them\n",
			    stderr);
			return false;
		}
	return true;
}

void log_files_done(struct cf_walk_logs *files)
{
	for (size_t i = 0; i < files->count; i++) {
		cf_log_set_done(&files->sets[i]);
		free(files->names[i]);
	}
	free(files->names);
	free(files->sets);
	*files = (struct cf_walk_logs){0};
}

struct cf_reader *log_open(const char *path)
{
	struct cf_reader *reader;
	struct cf_error error;

	if (cf_reader_open(path, &reader, &error) == CF_OK)
		return reader;
	fprintf(stderr, "curfew log: %s\n", error.text);
	return NULL;
}

void log_complain(const struct cf_reader *reader)
{
	fprintf(stderr, "curfew log: '%s': %s\n", cf_reader_path(reader),
	    cf_reader_error(reader)->text);
}

void log_say(const char *text)
{
	fprintf(stderr, "curfew log: %s\n", text);
}
