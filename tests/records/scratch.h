/* A folder for one test, and reading files back. */
#pragma once

#include <stddef.h>

/* Makes a new folder and returns its path; removed with all files by scratch_remove(). */
char *scratch_make(void);
void scratch_remove(char *folder);
/* "folder/name"; to be freed. */
char *scratch_path(const char *folder, const char *name);

/* The file as text, terminated; NULL when it is not there. To be freed. */
char *scratch_read(const char *path, size_t *len_out);
void scratch_write(const char *path, const char *bytes, size_t len);

/* How often needle stands in text. */
unsigned scratch_count(const char *text, const char *needle);
/* The sum of the numbers behind `"count":`. */
unsigned long scratch_sum_counts(const char *text);
