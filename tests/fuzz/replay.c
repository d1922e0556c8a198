/* Feeds every file of the corpus folders given to a fuzz target, and every file cut at some
 * lengths. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Bytes of one file that are read; corpora are small. */
#define FILE_BYTES (1 << 20)
/* Truncated lengths tried per file. */
#define CUTS 64

static int replay_file(const char *path)
{
	uint8_t *data = malloc(FILE_BYTES), *exact;
	FILE *from = fopen(path, "re");
	size_t len, step;

	if (data == NULL || from == NULL) {
		fprintf(stderr, "cannot read '%s'\n", path);
		exit(1);
	}
	len = fread(data, 1, FILE_BYTES, from);
	(void)fclose(from); /* was only read */
	step = len / CUTS + 1;
	for (size_t cut = len;; cut = cut > step ? cut - step : 0) {
		/* Exactly as long as it claims, so that a sanitizer sees the first byte behind it.
		 */
		exact = malloc(cut == 0 ? 1 : cut);
		if (exact == NULL)
			exit(1);
		memcpy(exact, data, cut);
		(void)LLVMFuzzerTestOneInput(exact, cut); /* always 0 */
		free(exact);
		if (cut == 0)
			break;
	}
	free(data);
	return 1;
}

static int replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	int files = 0;

	if (dir == NULL) {
		fprintf(stderr, "cannot read folder '%s'\n", folder);
		exit(1);
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		files += replay_file(path);
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++)
		files += replay_folder(argv[i]);
	printf("%d files replayed\n", files);
	return files > 0 ? 0 : 1;
}
