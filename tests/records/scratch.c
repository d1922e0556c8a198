/* Scratch folders for tests. */

#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *scratch_make(void)
{
	const char *base = getenv("TMPDIR");
	char *folder;

	if (asprintf(&folder, "%s/curfew-test-XXXXXX", base == NULL ? "/tmp" : base) < 0 ||
	    mkdtemp(folder) == NULL)
		abort();
	return folder;
}

void scratch_remove(char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0); /* rmdir below tells */
	if (dir != NULL)
		closedir(dir);
	if (rmdir(folder) != 0)
		perror(folder);
	free(folder);
}

char *scratch_path(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	return path;
}

char *scratch_read(const char *path, size_t *len_out)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t len = 0, room = 65536, got;

	if (file == NULL)
		return NULL;
	do {
		if (text == NULL || room - len < 65536)
			text = realloc(text, (room *= 2) + 1);
		if (text == NULL)
			abort();
		got = fread(text + len, 1, room - len, file);
		len += got;
	} while (got > 0);
	fclose(file);
	text[len] = '\0';
	if (len_out != NULL)
		*len_out = len;
	return text;
}

void scratch_write(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		abort();
}

unsigned scratch_count(const char *text, const char *needle)
{
	unsigned found = 0;

	for (; (text = strstr(text, needle)) != NULL; text += strlen(needle))
		found++;
	return found;
}

unsigned long scratch_sum_counts(const char *text)
{
	unsigned long sum = 0;

	for (; (text = strstr(text, "\"count\":")) != NULL; text += 8)
		sum += strtoul(text + 8, NULL, 10);
	return sum;
}
