/* Problems made safe to print, and files that are only looked at. */

#include "doctor/findings.h"

#include "report/render/safe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cf_doctor_problem(struct cf_doctor *doctor, const char *format, ...)
{
	char text[sizeof doctor->problems[0]];
	va_list args;

	doctor->degraded = true;
	if (doctor->problem_count == CF_DOCTOR_PROBLEMS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* Names, paths and messages of files that others write are in it. */
	(void)cf_safe_text(text, strlen(text), doctor->problems[doctor->problem_count++],
	    sizeof doctor->problems[0]);
}

char *cf_doctor_read_file(const char *path, size_t max, size_t *len_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	FILE *from;
	char *text = NULL;
	long size;

	if (fd < 0)
		return NULL;
	/* A pipe or a device would be waited for. */
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || (from = fdopen(fd, "r")) == NULL) {
		close(fd);
		errno = EINVAL;
		return NULL;
	}
	if (fseek(from, 0, SEEK_END) == 0 && (size = ftell(from)) >= 0 && (size_t)size <= max &&
	    fseek(from, 0, SEEK_SET) == 0)
		text = malloc((size_t)size + 1);
	if (text != NULL) {
		*len_out = fread(text, 1, (size_t)size, from);
		text[*len_out] = '\0';
	}
	(void)fclose(from); /* was only read */
	return text;
}
