/* Folders and copies. */

#include "cli/evidence/evidence.h"

#include "base/input_file.h"
#include "cli/front/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 1048576

static int complain(const char *what, const char *path)
{
	fprintf(stderr, "curfew evidence: cannot %s '%s': %s\n", what, path, strerror(errno));
	return CMD_IO;
}

const char *cli_evidence_folder(const char *root, const char *name, char path[CF_PATH_BYTES])
{
	if (snprintf(path, CF_PATH_BYTES, "%s/%s", root, name) >= CF_PATH_BYTES)
		errno = ENAMETOOLONG;
	else if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return path;
	(void)complain("make", path);
	return NULL;
}

bool cli_evidence_temporary(char path[CF_PATH_BYTES])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(path, CF_PATH_BYTES, "%s/curfew-evidence-XXXXXX",
	    tmp == NULL || tmp[0] == '\0' ? "/var/tmp" : tmp);
	if (mkdtemp(path) != NULL)
		return true;
	(void)complain("make", path);
	return false;
}

/* Copies left bytes; 0, or errno is set. */
static int copy_bytes(int from, int to, int64_t left)
{
	char *piece = malloc(PIECE_BYTES);
	int result = piece == NULL ? -1 : 0;

	while (result == 0 && left > 0) {
		size_t wanted = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
		ssize_t got = read(from, piece, wanted);

		if (got > 0 && write(to, piece, (size_t)got) != got)
			result = -1;
		else if (got < 0)
			result = -1;
		else if (got == 0)
			break; /* cut meanwhile: what is there is what there is */
		left -= got;
	}
	free(piece);
	return result;
}

int cli_evidence_copy(const char *from, const char *to)
{
	struct stat about;
	struct cf_error error;
	int in = -1, out, code = CMD_OK;

	if (access(from, F_OK) != 0)
		return CMD_FOUND;
	if (cf_input_open(from, &in, &error) != CF_OK) {
		fprintf(stderr, "curfew evidence: %s\n", error.text);
		return CMD_IO;
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (out < 0)
		code = complain("write", to);
	else if (fstat(in, &about) != 0 || copy_bytes(in, out, about.st_size) != 0)
		code = complain("copy", from);
	if (out >= 0 && close(out) != 0 && code == CMD_OK)
		code = complain("write", to);
	(void)close(in); /* only read */
	return code;
}
