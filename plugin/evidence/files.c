#include "evidence/files.h"

#include "base/file_writer.h"
#include "base/input_file.h"
#include "trust/crate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 1048576

void cf_evidence_tell(const struct cf_evidence_notices *notices, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES];
	va_list args;

	if (notices == NULL || notices->tell == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	notices->tell(notices->arg, text);
}

static enum cf_status complain(struct cf_error *error, const char *what, const char *path)
{
	return cf_error_set(error, CF_EIO, "cannot %s '%s': %s", what, path, strerror(errno));
}

enum cf_status cf_evidence_folder(
    const char *root, const char *name, char path[CF_PATH_BYTES], struct cf_error *error)
{
	if (snprintf(path, CF_PATH_BYTES, "%s/%s", root, name) >= CF_PATH_BYTES)
		errno = ENAMETOOLONG;
	else if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return CF_OK;
	return complain(error, "make", path);
}

enum cf_status cf_evidence_place_make(struct cf_evidence_place *place, struct cf_error *error)
{
	const char *tmp = getenv("TMPDIR");
	char top[CF_PATH_BYTES];
	enum cf_status status;

	place->top[0] = '\0';
	(void)snprintf(top, sizeof top, "%s/curfew-evidence-XXXXXX",
	    tmp == NULL || tmp[0] == '\0' ? "/var/tmp" : tmp);
	if (mkdtemp(top) == NULL)
		return complain(error, "make", top);
	memcpy(place->top, top, sizeof top);
	status = cf_evidence_folder(place->top, "evidence", place->root, error);
	if (status == CF_OK)
		status = cf_evidence_folder(place->top, "work", place->work, error);
	return status;
}

void cf_evidence_place_remove(
    const struct cf_evidence_place *place, const struct cf_evidence_notices *notices)
{
	if (place->top[0] != '\0' && cf_crate_remove(place->top) != CF_OK)
		cf_evidence_tell(notices, "cannot remove '%s'", place->top);
}

/* Copies left bytes; 0, or errno is set. */
static int copy_bytes(int from, int to, int64_t left)
{
	char *piece = malloc(PIECE_BYTES);
	int result = piece == NULL ? -1 : 0;

	while (result == 0 && left > 0) {
		size_t wanted = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		ssize_t got = read(from, piece, wanted);

		if (got < 0 || (got > 0 && !cf_write_all(to, piece, (size_t)got)))
			result = -1;
		else if (got == 0)
			break; /* cut meanwhile: what is there is what there is */
		left -= got;
	}
	free(piece);
	return result;
}

enum cf_status cf_evidence_copy(const char *from, const char *to, struct cf_error *error)
{
	struct stat about;
	enum cf_status status = CF_OK;
	int in = -1, out;

	if (access(from, F_OK) != 0)
		return CF_ENOTFOUND;
	if (cf_input_open(from, &in, error) != CF_OK)
		return CF_EIO;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (out < 0)
		status = complain(error, "write", to);
	else if (fstat(in, &about) != 0 || copy_bytes(in, out, about.st_size) != 0)
		status = complain(error, "copy", from);
	if (out >= 0 && close(out) != 0 && status == CF_OK)
		status = complain(error, "write", to);
	(void)close(in); /* only read */
	return status;
}
