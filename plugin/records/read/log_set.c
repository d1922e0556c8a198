/* The files of a rotated log, oldest first. */

#include "records/read/log_set.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * age orders: files with a date come first by their date, then numbered ones from the highest down,
 * then the log itself.
 */
struct sibling {
	char *path;
	char stamp[24]; /* digits of the date or number; "" for the log itself */
	enum { DATED, NUMBERED, CURRENT } sort;
	bool compressed;
};

static bool is_digits(const char *text, size_t len)
{
	return len > 0 && strspn(text, "0123456789-") >= len && text[0] != '-';
}

/* Length of name without .gz or .zst. */
static size_t plain_length(const char *name, bool *compressed_out)
{
	size_t len = strlen(name);

	*compressed_out = true;
	if (len > 3 && strcmp(name + len - 3, ".gz") == 0)
		return len - 3;
	if (len > 4 && strcmp(name + len - 4, ".zst") == 0)
		return len - 4;
	*compressed_out = false;
	return len;
}

/* Is name a file of the set of base? Fills everything but the path. */
static bool match(const char *name, const char *base, struct sibling *sibling)
{
	size_t base_len = strlen(base), len = plain_length(name, &sibling->compressed), from,
	       to = len;
	const char *dot = strrchr(base, '.');

	sibling->stamp[0] = '\0';
	sibling->sort = CURRENT;
	if (len == base_len && memcmp(name, base, len) == 0)
		return true;
	if (len > base_len && memcmp(name, base, base_len) == 0) {
		sibling->sort = name[base_len] == '.' ? NUMBERED : DATED;
		if (name[base_len] != '.' && name[base_len] != '-')
			return false;
		from = base_len + 1;
	} else {
		/* logrotate's "extension": hits.jsonl becomes hits-20240930.jsonl. */
		size_t stem_len = dot == NULL ? 0 : (size_t)(dot - base),
		       tail_len = base_len - stem_len;

		if (dot == NULL || len <= base_len + 1 || memcmp(name, base, stem_len) != 0 ||
		    name[stem_len] != '-' || memcmp(name + len - tail_len, dot, tail_len) != 0)
			return false;
		sibling->sort = DATED;
		from = stem_len + 1;
		to = len - tail_len;
	}
	if (!is_digits(name + from, to - from) || to - from >= sizeof sibling->stamp)
		return false;
	memcpy(sibling->stamp, name + from, to - from);
	sibling->stamp[to - from] = '\0';
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct sibling *a = left, *b = right;

	if (a->sort != b->sort)
		return a->sort < b->sort ? -1 : 1;
	if (a->sort == NUMBERED) {
		unsigned long x = strtoul(a->stamp, NULL, 10), y = strtoul(b->stamp, NULL, 10);

		if (x != y)
			return x > y ? -1 : 1;
	} else if (strcmp(a->stamp, b->stamp) != 0) {
		return strcmp(a->stamp, b->stamp);
	}
	return (int)a->compressed - (int)b->compressed;
}

static bool same_place(const struct sibling *a, const struct sibling *b)
{
	return a->sort == b->sort && strcmp(a->stamp, b->stamp) == 0;
}

static void free_siblings(struct sibling *siblings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(siblings[i].path);
	free(siblings);
}

/* Moves the paths into a set; of a plain file and a compressed one of the same name the plain
 * stays. */
static enum cf_status build_set(struct sibling *siblings, size_t count, struct cf_log_set *set_out)
{
	struct cf_log_set set = {.paths = calloc(count + 1, sizeof *set.paths)};

	if (set.paths == NULL)
		return CF_ENOMEM;
	if (count > 1)
		qsort(siblings, count, sizeof *siblings, compare);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && same_place(&siblings[i - 1], &siblings[i]))
			continue;
		set.paths[set.count++] = siblings[i].path;
		siblings[i].path = NULL;
	}
	*set_out = set;
	return CF_OK;
}

static enum cf_status add(struct sibling **siblings, size_t *count, struct sibling *sibling,
    const char *folder, const char *name)
{
	struct sibling *grown = realloc(*siblings, (*count + 1) * sizeof *grown);

	if (grown == NULL)
		return CF_ENOMEM;
	*siblings = grown;
	if (asprintf(&sibling->path, "%s%s", folder, name) < 0)
		return CF_ENOMEM;
	grown[(*count)++] = *sibling;
	return CF_OK;
}

enum cf_status cf_log_set_find(const char *path, struct cf_log_set *set_out)
{
	const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
	char *folder = strndup(path, (size_t)(base - path));
	DIR *dir = folder == NULL ? NULL : opendir(folder[0] == '\0' ? "." : folder);
	struct sibling *siblings = NULL;
	size_t count = 0;
	enum cf_status status = folder == NULL ? CF_ENOMEM : CF_OK;
	const struct dirent *entry;

	if (status == CF_OK && dir == NULL)
		status = CF_EIO;
	while (status == CF_OK && (entry = readdir(dir)) != NULL) {
		struct sibling sibling;

		if (match(entry->d_name, base, &sibling))
			status = add(&siblings, &count, &sibling, folder, entry->d_name);
	}
	if (status == CF_OK)
		status = build_set(siblings, count, set_out);
	free_siblings(siblings, count);
	if (dir != NULL)
		closedir(dir);
	free(folder);
	return status;
}

void cf_log_set_done(struct cf_log_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->paths[i]);
	free(set->paths);
	*set = (struct cf_log_set){0};
}
