/* Tab-separated tables, cut in place. */

#include "compile/pack/tsv.h"

#include "base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): read() writes into text */
static enum cf_status read_all(int fd, char *text, size_t *size)
{
	size_t got = 0;

	while (got < *size) {
		ssize_t n = read(fd, text + got, *size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CF_EIO;
		if (n == 0)
			break; /* it shrank meanwhile */
		got += (size_t)n;
	}
	*size = got;
	return CF_OK;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to, by way of tsv->text */
enum cf_status cf_tsv_from_memory(struct cf_tsv *tsv, char *text, size_t size, const char *file,
    const char *const *columns, unsigned column_count)
{
	*tsv = (struct cf_tsv){
	    .text = text, .size = size, .columns = columns, .column_count = column_count};
	tsv->file = strdup(file);
	if (tsv->file == NULL) {
		cf_tsv_done(tsv);
		return CF_ENOMEM;
	}
	return CF_OK;
}

enum cf_status cf_tsv_open(struct cf_tsv *tsv, const char *path, const char *const *columns,
    unsigned column_count, struct cf_sha256 *digest)
{
	enum cf_status status;
	struct stat st;
	char *text = NULL;
	size_t size;
	int fd = -1;

	*tsv = (struct cf_tsv){.text = NULL};
	status = cf_input_open(path, &fd, NULL);
	if (status != CF_OK)
		return status;
	status = CF_EIO;
	if (fstat(fd, &st) != 0)
		goto out;
	status = CF_ETOOBIG;
	if (st.st_size > (off_t)CF_PACK_FILE_BYTES)
		goto out;
	size = (size_t)st.st_size;
	status = CF_ENOMEM;
	text = malloc(size + 1);
	if (text == NULL)
		goto out;
	status = read_all(fd, text, &size);
	if (status != CF_OK)
		goto out;
	if (digest != NULL)
		cf_sha256_update(digest, text, size);
	status = cf_tsv_from_memory(tsv, text, size, path, columns, column_count);
	text = NULL;
out:
	free(text);
	(void)close(fd); /* was only read */
	return status;
}

void cf_tsv_done(struct cf_tsv *tsv)
{
	free(tsv->text);
	free(tsv->file);
	*tsv = (struct cf_tsv){.text = NULL};
}

/* The next line without its end, terminated in place (the buffer has one byte more than size). */
static char *next_line(struct cf_tsv *tsv, size_t *len_out)
{
	char *line = tsv->text + tsv->at, *end;
	size_t left = tsv->size - tsv->at, len;

	if (left == 0)
		return NULL;
	tsv->line++;
	end = memchr(line, '\n', left);
	len = end == NULL ? left : (size_t)(end - line);
	tsv->at += end == NULL ? left : len + 1;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	*len_out = len;
	return line;
}

/* Cuts line into at most CF_TSV_COLUMNS + 1 cells; returns how many there are, or more than that.
 */
static unsigned cut(char *line, size_t len, const char *cells[], size_t lens[])
{
	unsigned count = 0;
	char *end = line + len;

	for (;;) {
		char *tab = memchr(line, '\t', (size_t)(end - line));
		size_t cell_len = (size_t)((tab == NULL ? end : tab) - line);

		if (count == CF_TSV_COLUMNS)
			return count + 1;
		line[cell_len] = '\0';
		if (cell_len == 1 && line[0] == '-')
			cell_len = 0, line[0] = '\0';
		cells[count] = line;
		lens[count++] = cell_len;
		if (tab == NULL)
			return count;
		line = tab + 1;
	}
}

static void take_header(
    struct cf_tsv *tsv, const char *const cells[], unsigned count, struct cf_diags *diags)
{
	char quoted[80];

	tsv->header_seen = true;
	for (unsigned i = 0; i < tsv->column_count; i++) {
		const char *have = i < count ? cells[i] : "";

		if (strcmp(have, tsv->columns[i]) == 0)
			continue;
		cf_diag_add(diags, CF_DIAG_ERROR, tsv->file, tsv->line, tsv->columns[i],
		    "the header's column %u is %s; expected '%s'", i + 1,
		    cf_quote(have, strlen(have), quoted, sizeof quoted), tsv->columns[i]);
		return;
	}
	if (count > tsv->column_count)
		cf_diag_add(diags, CF_DIAG_ERROR, tsv->file, tsv->line, NULL,
		    "the header has more than %u columns", tsv->column_count);
}

bool cf_tsv_next(struct cf_tsv *tsv, const char *cells[CF_TSV_COLUMNS], size_t lens[CF_TSV_COLUMNS],
    struct cf_diags *diags)
{
	size_t len, own_lens[CF_TSV_COLUMNS];
	unsigned count;
	char *line;

	if (lens == NULL)
		lens = own_lens;
	while ((line = next_line(tsv, &len)) != NULL) {
		if (len == 0 || line[0] == '#')
			continue;
		if (memchr(line, '\0', len) != NULL) {
			cf_diag_add(
			    diags, CF_DIAG_ERROR, tsv->file, tsv->line, NULL, "holds a zero byte");
			continue;
		}
		count = cut(line, len, cells, lens);
		if (!tsv->header_seen) {
			take_header(tsv, cells, count, diags);
			continue;
		}
		if (count == tsv->column_count)
			return true;
		cf_diag_add(diags, CF_DIAG_ERROR, tsv->file, tsv->line, NULL,
		    "has %s%u cells; expected %u parted by tabs ('-' for an empty one)",
		    count > CF_TSV_COLUMNS ? "at least " : "", count, tsv->column_count);
	}
	return false;
}
