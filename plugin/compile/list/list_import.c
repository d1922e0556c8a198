/* Names into the tables of a pack, in place of what the same source gave before. */

#include "compile/list/list_import.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "compile/pack/pack.h"
#include "compile/pack/pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_HEADER   "name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\n"
#define SOURCES_HEADER "id\ttitle\tlicence\tas-of\n"
#define NAMES_SOURCES  4 /* column */

struct import {
	const struct cf_list_target *target;
	const struct cf_list_set *set;
	struct cf_list_set *kept; /* names the pack has from elsewhere */
	struct cf_list_outcome outcome;
	struct cf_error *error;
};

static bool add_kept(void *context, const struct cf_name *name)
{
	struct cf_list_set *kept = context;
	enum cf_status status = cf_list_set_add(kept, name, CF_SCOPE_EXACT, 0);

	return status == CF_OK ||
	    status == CF_EINVALID; /* a zero byte: no list can hold that name */
}

/* Names listed by hand, with whatever scope: the import does not list them a second time. */
static enum cf_status collect_kept(struct import *import, const struct cf_pack *pack)
{
	for (size_t i = 0; i < pack->name_count; i++) {
		const struct cf_pack_name *name = &pack->names[i];
		enum cf_status status;

		if (strcmp(name->sources, import->target->source) == 0) {
			import->outcome.before++;
			continue;
		}
		status = cf_pattern_expand(name->name, name->name_len, add_kept, import->kept);
		if (status != CF_OK)
			return status == CF_EAGAIN ? CF_ENOMEM : status;
	}
	(void)cf_list_set_finish(import->kept); /* how many were merged tells nothing here */
	return CF_OK;
}

static bool word_ok(const char *text)
{
	return text[0] != '\0' &&
	    text[strspn(
	        text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static bool cell_ok(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static enum cf_status check_target(const struct import *import)
{
	const struct cf_list_target *t = import->target;

	if (!word_ok(t->source))
		return cf_error_set(import->error, CF_EINVALID,
		    "the source id takes letters, digits, '.', '_' and '-'");
	if (!cell_ok(t->title) || !cell_ok(t->licence))
		return cf_error_set(
		    import->error, CF_EINVALID, "title and licence take no tabs and line ends");
	if (strlen(t->as_of) != 10 || !cf_pack_date_ok(t->as_of))
		return cf_error_set(
		    import->error, CF_EINVALID, "the date is not of the form YYYY-MM-DD");
	return CF_OK;
}

/* Counts what will be written, and refuses a list that came back much shorter. */
static enum cf_status check_shrink(struct import *import)
{
	struct cf_list_outcome *o = &import->outcome;
	const struct cf_list_target *t = import->target;
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name name;
	enum cf_scope scope;

	for (size_t i = 0; i < cf_list_set_count(import->set); i++) {
		cf_list_set_get(import->set, i, text, &scope);
		if (cf_name_from_text(text, strlen(text), &name) != CF_OK)
			return CF_EINTERNAL;
		if (cf_list_set_has(import->kept, &name, CF_SCOPE_EXACT))
			o->by_hand++;
		else
			o->after++;
	}
	if (t->force)
		return CF_OK;
	if (o->after == 0 && o->by_hand == 0)
		return cf_error_set(import->error, CF_EINVALID,
		    "the import holds no name and would leave '%s' with none of its %zu entries; "
		    "nothing is changed",
		    t->dir, o->before);
	/* What moved to entries made by hand is not lost. */
	if (o->before > o->after + o->by_hand &&
	    (o->before - o->after - o->by_hand) * 100 > o->before * (size_t)t->max_shrink_percent)
		return cf_error_set(import->error, CF_EINVALID,
		    "the import would shrink '%s' from %zu to %zu entries, by more than %u %%; "
		    "nothing is changed",
		    t->dir, o->before, o->after, t->max_shrink_percent);
	return CF_OK;
}

static enum cf_status path_in(
    const struct import *import, const char *file, char path[CF_PATH_BYTES])
{
	int len = snprintf(path, CF_PATH_BYTES, "%s/%s", import->target->dir, file);

	return len < 0 || len >= CF_PATH_BYTES ? CF_ETOOBIG : CF_OK;
}

/* True when cell number column (from 0) of the line is text. */
static bool cell_is(const char *line, size_t len, unsigned column, const char *text)
{
	const char *end = line + len, *tab;
	size_t text_len = strlen(text), cell_len;

	for (; column > 0; column--) {
		tab = memchr(line, '\t', (size_t)(end - line));
		if (tab == NULL)
			return false;
		line = tab + 1;
	}
	tab = memchr(line, '\t', (size_t)(end - line));
	cell_len = (size_t)((tab == NULL ? end : tab) - line);
	return cell_len == text_len && memcmp(line, text, text_len) == 0;
}

/*
 * Copies the table at path to writer without the lines whose cell in column is the source id; a
 * missing file is its header alone.
 */
static enum cf_status copy_others(
    const struct import *import, const char *path, const char *header, unsigned column, FILE *to)
{
	char marker[160], *line = NULL;
	size_t size = 0;
	ssize_t got;
	FILE *from = NULL;
	bool failed;

	if (cf_input_open_stream(path, &from, NULL) != CF_OK && errno != ENOENT)
		return CF_EIO;
	if (from == NULL)
		return fputs(header, to) < 0 ? CF_EIO : CF_OK;
	(void)snprintf(marker, sizeof marker,
	    "# import %s: ", import->target->source); /* cut: only a comment */
	while ((got = getline(&line, &size, from)) > 0) {
		size_t len = (size_t)got;

		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		if (strncmp(line, marker, strlen(marker)) == 0)
			continue;
		if (len > 0 && line[0] != '#' && cell_is(line, len, column, import->target->source))
			continue;
		(void)fwrite(line, 1, len, to); /* errors stick and are asked for at the end */
		(void)fputc('\n', to);
	}
	failed = ferror(from) != 0 || ferror(to) != 0;
	free(line);
	(void)fclose(from); /* was only read */
	return failed ? CF_EIO : CF_OK;
}

/* "-" is how a table writes an empty cell. */
static bool is_empty(const char *text)
{
	return text[0] == '\0' || strcmp(text, "-") == 0;
}

/* The line of sources.tsv that says where the import comes from. */
static void write_source(const struct import *import, FILE *to)
{
	const struct cf_list_target *t = import->target;

	fprintf(to, "%s\t%s\t%s\t%s\n", t->source, is_empty(t->title) ? "imported" : t->title,
	    is_empty(t->licence) ? "not stated" : t->licence, t->as_of);
}

static void write_rows(const struct import *import, FILE *to)
{
	const struct cf_list_target *t = import->target;
	char text[CF_NAME_TEXT_BYTES];
	struct cf_name name;
	enum cf_scope scope;

	fprintf(to, "# import %s: %zu names of %s\n", t->source, import->outcome.after, t->as_of);
	for (size_t i = 0; i < cf_list_set_count(import->set); i++) {
		cf_list_set_get(import->set, i, text, &scope);
		if (cf_name_from_text(text, strlen(text), &name) != CF_OK ||
		    cf_list_set_has(import->kept, &name, CF_SCOPE_EXACT))
			continue;
		fprintf(to, "%s\t%s\t%s\t-\t%s\t%s\t%s\t-\n", text, cf_scope_text(scope),
		    cf_category_text(t->category), t->source, cf_confidence_text(t->confidence),
		    t->as_of);
	}
}

/* Replaces the table in file by the lines in it that are not the import's, and those behind them.
 */
static enum cf_status replace_table(const struct import *import, const char *file,
    const char *header, unsigned column, void (*write)(const struct import *import, FILE *to))
{
	struct cf_file_writer writer;
	char path[CF_PATH_BYTES];
	enum cf_status status = path_in(import, file, path);

	if (status == CF_OK)
		status = cf_file_writer_open(&writer, path);
	if (status != CF_OK)
		return status;
	status = copy_others(import, path, header, column, writer.to);
	if (status == CF_OK) {
		write(import, writer.to);
		status = cf_file_writer_commit(&writer);
	}
	cf_file_writer_abandon(&writer);
	return status;
}

/* pack.yaml of a new folder: the vendor is called like the folder. */
static enum cf_status write_about(const struct import *import)
{
	const char *dir = import->target->dir, *base;
	char path[CF_PATH_BYTES], vendor[64];
	struct cf_file_writer writer;
	size_t len = strlen(dir);
	enum cf_status status = path_in(import, "pack.yaml", path);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	base = memrchr(dir, '/', len);
	base = base == NULL ? dir : base + 1;
	(void)snprintf(vendor, sizeof vendor, "%.*s", (int)(len - (size_t)(base - dir)),
	    base); /* checked next */
	if (!word_ok(vendor))
		return cf_error_set(import->error, CF_EINVALID,
		    "the folder gives the vendor its name: letters, digits, '.', '_' and '-', at "
		    "most 63");
	if (status == CF_OK)
		status = cf_file_writer_open(&writer, path);
	if (status != CF_OK)
		return status;
	fprintf(writer.to,
	    "vendor: \"%s\"\ntitle: \"%s\"\nversion: \"%.4s%.2s%.2s01\"\n"
	    "description: imported by `curfew list import`; presets/ is yours to write\n",
	    vendor, vendor, import->target->as_of, import->target->as_of + 5,
	    import->target->as_of + 8);
	status = cf_file_writer_commit(&writer);
	cf_file_writer_abandon(&writer);
	return status;
}

static enum cf_status run(struct import *import, struct cf_diags *diags)
{
	struct cf_pack *pack = NULL;
	char path[CF_PATH_BYTES];
	bool is_new;
	enum cf_status status = check_target(import);

	if (status == CF_OK)
		status = path_in(import, "pack.yaml", path);
	if (status != CF_OK)
		return status;
	is_new = access(path, F_OK) != 0 && errno == ENOENT;
	if (!is_new) {
		status = cf_pack_read(import->target->dir, &pack, diags);
		if (status == CF_OK)
			status = collect_kept(import, pack);
		cf_pack_free(pack);
	}
	if (status == CF_OK)
		status = check_shrink(import);
	if (status == CF_OK && is_new) {
		if (mkdir(import->target->dir, 0777) != 0 && errno != EEXIST)
			return CF_EIO;
		import->outcome.created = true;
		status = write_about(import);
	}
	if (status == CF_OK)
		status = replace_table(import, "sources.tsv", SOURCES_HEADER, 0, write_source);
	if (status == CF_OK)
		status =
		    replace_table(import, "names.tsv", NAMES_HEADER, NAMES_SOURCES, write_rows);
	return status;
}

enum cf_status cf_list_import(const struct cf_list_target *target, const struct cf_list_set *set,
    struct cf_list_outcome *outcome_out, struct cf_diags *diags, struct cf_error *error)
{
	struct import import = {.target = target, .set = set, .error = error};
	struct cf_error own = {.text = ""};
	enum cf_status status;

	import.error = &own;
	status = cf_list_set_new(&import.kept);
	if (status == CF_OK)
		status = run(&import, diags);
	if (status != CF_OK && own.text[0] == '\0')
		cf_error_set(&own, status, "cannot import into '%s': %s; nothing more is changed",
		    target->dir, status == CF_EIO ? strerror(errno) : cf_status_text(status));
	if (status != CF_OK && error != NULL)
		*error = own;
	if (status == CF_OK)
		*outcome_out = import.outcome;
	cf_list_set_free(import.kept);
	return status;
}
