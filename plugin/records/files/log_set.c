/* The files of a rotated log, oldest first. */

#include "records/files/log_set.h"

#include "base/instant.h"
#include "records/files/log_name.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders inside the log's that are looked into for an olddir. */
#define MOST_FOLDERS 256
/* Of a file's beginning; its first line has a timestamp early. */
#define HEAD_BYTES 256

/* age orders: dated files by date, numbered ones by number, then the log itself. */
struct sibling {
	char *path;
	const char *name; /* in path */
	struct cf_log_name parsed;
	int64_t begins_us; /* of its first line, or when it was written last; 0: unknown */
	bool is_first_line;
	char key[CF_LOG_NAME_DIGITS + 1];
};

struct siblings {
	struct sibling *items;
	size_t count;
};

static void free_siblings(struct siblings *siblings)
{
	for (size_t i = 0; i < siblings->count; i++)
		free(siblings->items[i].path);
	free(siblings->items);
}

/* When the file's first line was written: what decides where names do not. */
static void read_beginning(struct sibling *sibling)
{
	static const char key[] = "\"timestamp\":\"";
	char head[HEAD_BYTES + 1] = "", *found;
	struct stat about;
	int fd;

	if (stat(sibling->path, &about) != 0 || !S_ISREG(about.st_mode))
		return;
	sibling->begins_us = (int64_t)about.st_mtim.tv_sec * 1000000;
	fd = open(sibling->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return;
	if (pread(fd, head, HEAD_BYTES, 0) > 0 && (found = strstr(head, key)) != NULL) {
		char *text = found + sizeof key - 1, *end = strchr(text, '"');
		int64_t at_us;

		if (end != NULL) {
			*end = '\0';
			if (cf_instant_parse_us(text, &at_us) == CF_OK) {
				sibling->begins_us = at_us;
				sibling->is_first_line = true;
			}
		}
	}
	(void)close(fd); /* only read from */
}

static enum cf_status add(struct siblings *siblings, const struct cf_log_name *parsed,
    const char *folder, const char *name)
{
	struct sibling *grown = realloc(siblings->items, (siblings->count + 1) * sizeof *grown);
	struct sibling *sibling;
	int len;

	if (grown == NULL)
		return CF_ENOMEM;
	siblings->items = grown;
	sibling = &grown[siblings->count];
	*sibling = (struct sibling){.parsed = *parsed};
	len = asprintf(&sibling->path, "%s%s", folder, name);
	if (len < 0)
		return CF_ENOMEM;
	sibling->name = sibling->path + len - strlen(name);
	siblings->count++;
	read_beginning(sibling);
	return CF_OK;
}

/* Adds the files of one folder ("" or ending in a slash). with_current: the log itself, too. */
static enum cf_status scan(
    struct siblings *siblings, const char *folder, const char *base, bool with_current)
{
	DIR *dir = opendir(folder[0] == '\0' ? "." : folder);
	enum cf_status status = CF_OK;
	const struct dirent *entry;

	if (dir == NULL)
		return CF_EIO;
	while (status == CF_OK && (entry = readdir(dir)) != NULL) {
		struct cf_log_name parsed;

		if (!cf_log_name_parse(entry->d_name, base, &parsed) ||
		    (parsed.kind == CF_LOG_NAME_CURRENT && !with_current))
			continue;
		status = add(siblings, &parsed, folder, entry->d_name);
	}
	closedir(dir);
	return status;
}

static bool has_file(const char *folder, const char *name)
{
	char *path;
	bool there;

	if (asprintf(&path, "%s%s", folder, name) < 0)
		return false;
	there = access(path, F_OK) == 0;
	free(path);
	return there;
}

/* olddir, as it is mostly given: a folder within the log's. */
static enum cf_status scan_inside(struct siblings *siblings, const char *folder, const char *base)
{
	DIR *dir = opendir(folder[0] == '\0' ? "." : folder);
	enum cf_status status = CF_OK;
	const struct dirent *entry;

	for (unsigned i = 0; dir != NULL && i < MOST_FOLDERS && status == CF_OK &&
	     (entry = readdir(dir)) != NULL;) {
		char *inside;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		i++;
		if (asprintf(&inside, "%s%s/", folder, entry->d_name) < 0)
			status = CF_ENOMEM;
		/* One with a log of this name is another machine's, not an olddir. */
		else if (!has_file(inside, base))
			status = scan(siblings, inside, base, false);
		if (status != CF_ENOMEM)
			free(inside);
		if (status == CF_EIO)
			status = CF_OK; /* not ours to read: then nothing of ours is there */
	}
	if (dir != NULL)
		closedir(dir);
	return status;
}

/* "hits-guest-20240930.jsonl" is of hits-guest.jsonl, if there is such a log. */
static bool is_of_another_log(const struct sibling *sibling, const char *folder, const char *base)
{
	const struct cf_log_name *parsed = &sibling->parsed;
	size_t len = parsed->word_len;
	char *other;
	bool is;

	while (len > 0 && strchr("-_.+@", sibling->name[parsed->cut + len - 1]) != NULL)
		len--;
	if (parsed->word_len == 0 || len == 0 ||
	    asprintf(&other, "%.*s%.*s%s", (int)parsed->cut, base, (int)len,
	        sibling->name + parsed->cut, base + parsed->cut) < 0)
		return false;
	is = has_file(folder, other);
	free(other);
	return is;
}

static void drop_others(struct siblings *siblings, const char *folder, const char *base)
{
	size_t kept = 0;

	for (size_t i = 0; i < siblings->count; i++) {
		if (is_of_another_log(&siblings->items[i], folder, base))
			free(siblings->items[i].path);
		else
			siblings->items[kept++] = siblings->items[i];
	}
	siblings->count = kept;
}

static int by_begin(const void *left, const void *right)
{
	const struct sibling *a = left, *b = right;

	return (a->begins_us > b->begins_us) - (a->begins_us < b->begins_us);
}

static int by_number(const void *left, const void *right)
{
	const struct sibling *a = left, *b = right;

	return (a->parsed.number > b->parsed.number) - (a->parsed.number < b->parsed.number);
}

/* Numbers that rise with time are no rotation numbers: `dateformat .%V`, `.%Y`, `.%m%d`. */
static bool numbers_rise(struct siblings *siblings)
{
	const struct sibling *before = NULL;
	unsigned rise = 0, fall = 0;

	if (siblings->count > 1)
		qsort(siblings->items, siblings->count, sizeof *siblings->items, by_number);
	for (size_t i = 0; i < siblings->count; i++) {
		const struct sibling *sibling = &siblings->items[i];

		if (sibling->parsed.kind != CF_LOG_NAME_NUMBERED)
			continue;
		if (sibling->parsed.padded)
			return true;
		if (!sibling->is_first_line)
			continue;
		if (before != NULL && before->parsed.number != sibling->parsed.number) {
			rise += sibling->begins_us > before->begins_us;
			fall += sibling->begins_us < before->begins_us;
		}
		before = sibling;
	}
	return rise > fall;
}

/* Does the year-last date of any file tell which of the two pairs before it is the month? */
static bool month_is_first(const struct siblings *siblings)
{
	for (size_t i = 0; i < siblings->count; i++) {
		const struct cf_log_name *parsed = &siblings->items[i].parsed;

		if (parsed->kind == CF_LOG_NAME_DATED && parsed->year_last &&
		    (parsed->digits[2] > '1' ||
		        (parsed->digits[2] == '1' && parsed->digits[3] > '2')))
			return true;
	}
	return false;
}

static void make_keys(struct siblings *siblings)
{
	bool rise = numbers_rise(siblings), month_first = month_is_first(siblings), years = true;

	for (size_t i = 0; i < siblings->count; i++) {
		struct sibling *sibling = &siblings->items[i];
		struct cf_log_name *parsed = &sibling->parsed;
		const char *d = parsed->digits;

		if (parsed->kind == CF_LOG_NAME_NUMBERED && rise)
			parsed->kind = CF_LOG_NAME_DATED; /* without a year, then */
		if (parsed->kind == CF_LOG_NAME_DATED && !parsed->has_year)
			years = false;
		if (parsed->kind == CF_LOG_NAME_DATED && parsed->year_last)
			snprintf(sibling->key, sizeof sibling->key, "%.4s%.2s%.2s%s", d + 4,
			    month_first ? d : d + 2, month_first ? d + 2 : d, d + 8);
		else
			snprintf(sibling->key, sizeof sibling->key, "%s", d);
	}
	/* One order for all: by name, or by what the files say. */
	for (size_t i = 0; i < siblings->count; i++)
		siblings->items[i].parsed.has_year = years;
}

static int compare(const void *left, const void *right)
{
	const struct sibling *a = left, *b = right;
	int order = 0;

	if (a->parsed.kind != b->parsed.kind)
		return a->parsed.kind < b->parsed.kind ? -1 : 1;
	if (a->parsed.kind == CF_LOG_NAME_NUMBERED)
		order = by_number(b, a);
	else if (a->parsed.kind == CF_LOG_NAME_DATED && a->parsed.has_year)
		order = strcmp(a->key, b->key);
	else if (a->parsed.kind == CF_LOG_NAME_DATED)
		order = by_begin(a, b);
	if (order == 0 && a->parsed.kind == CF_LOG_NAME_DATED)
		order = strcmp(a->key, b->key);
	if (order == 0)
		order = strncmp(a->name, b->name,
		    a->parsed.plain_len < b->parsed.plain_len ? a->parsed.plain_len
		                                              : b->parsed.plain_len);
	return order != 0 ? order : (int)a->parsed.compressed - (int)b->parsed.compressed;
}

/* The plain file and what a compressor made, or was making, of it. */
static bool same_file(const struct sibling *a, const struct sibling *b)
{
	size_t a_len = (size_t)(a->name - a->path) + a->parsed.plain_len;
	size_t b_len = (size_t)(b->name - b->path) + b->parsed.plain_len;

	return a->parsed.compressed != b->parsed.compressed && a_len == b_len &&
	    memcmp(a->path, b->path, a_len) == 0;
}

/*
 * A scheme that was changed leaves files of both: numbers once, dates since, or the other way
 * round. By what their files say, the older kind comes first; dates do when nothing says.
 */
static void order_kinds(struct siblings *siblings)
{
	int64_t newest[2] = {INT64_MIN, INT64_MIN};
	size_t dated = 0, numbered = 0;
	struct sibling *turned;

	for (size_t i = 0; i < siblings->count; i++) {
		const struct sibling *sibling = &siblings->items[i];

		if (sibling->parsed.kind == CF_LOG_NAME_CURRENT)
			continue;
		dated += sibling->parsed.kind == CF_LOG_NAME_DATED;
		numbered += sibling->parsed.kind == CF_LOG_NAME_NUMBERED;
		if (sibling->begins_us > newest[sibling->parsed.kind])
			newest[sibling->parsed.kind] = sibling->begins_us;
	}
	if (dated == 0 || numbered == 0 ||
	    newest[CF_LOG_NAME_DATED] <= newest[CF_LOG_NAME_NUMBERED])
		return;
	turned = calloc(dated, sizeof *turned);
	if (turned == NULL)
		return; /* the other order is a guess as well */
	memcpy(turned, siblings->items, dated * sizeof *turned);
	memmove(siblings->items, siblings->items + dated, numbered * sizeof *turned);
	memcpy(siblings->items + numbered, turned, dated * sizeof *turned);
	free(turned);
}

static enum cf_status build_set(struct siblings *siblings, struct cf_log_set *set_out)
{
	struct cf_log_set set = {.paths = calloc(siblings->count + 1, sizeof *set.paths)};

	if (set.paths == NULL)
		return CF_ENOMEM;
	make_keys(siblings);
	if (siblings->count > 1)
		qsort(siblings->items, siblings->count, sizeof *siblings->items, compare);
	order_kinds(siblings);
	for (size_t i = 0; i < siblings->count; i++) {
		if (i > 0 && same_file(&siblings->items[i - 1], &siblings->items[i]))
			continue; /* the plain one came first */
		set.paths[set.count++] = siblings->items[i].path;
	}
	/* Looked at above until here: what was left out is freed now, the rest is the set's. */
	for (size_t i = 0, kept = 0; i < siblings->count; i++) {
		if (kept < set.count && siblings->items[i].path == set.paths[kept]) {
			siblings->items[i].path = NULL;
			kept++;
		}
	}
	*set_out = set;
	return CF_OK;
}

enum cf_status cf_log_set_find_also(
    const char *path, const char *olddir, struct cf_log_set *set_out)
{
	const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
	char *folder = strndup(path, (size_t)(base - path)), *other = NULL;
	struct siblings siblings = {.count = 0};
	enum cf_status status = folder == NULL ? CF_ENOMEM : CF_OK;

	if (status == CF_OK && olddir != NULL && asprintf(&other, "%s/", olddir) < 0) {
		other = NULL;
		status = CF_ENOMEM;
	}
	if (status == CF_OK)
		status = scan(&siblings, folder, base, true);
	if (status == CF_OK)
		status = scan_inside(&siblings, folder, base);
	if (status == CF_OK && other != NULL)
		status = scan(&siblings, other, base, false);
	if (status == CF_OK) {
		drop_others(&siblings, folder, base);
		status = build_set(&siblings, set_out);
	}
	free_siblings(&siblings);
	free(folder);
	free(other);
	return status;
}

enum cf_status cf_log_set_find(const char *path, struct cf_log_set *set_out)
{
	return cf_log_set_find_also(path, NULL, set_out);
}

void cf_log_set_done(struct cf_log_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->paths[i]);
	free(set->paths);
	*set = (struct cf_log_set){0};
}
