/* Plain, gzip and zstd files as one stream of bytes. */

#include "records/read/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define INPUT_BYTES 131072
/* A frame that wants a larger window than this (2^27) is refused: zstd's own default. */

enum compression { PLAIN, GZIP, ZSTD };

struct cf_source {
	int fd;
	enum compression compression;
	size_t at, filled; /* of input */
	bool at_end;
	bool inside; /* of a member or frame: the end now would be too early */
	z_stream gzip;
	ZSTD_DStream *zstd;
	unsigned char input[INPUT_BYTES];
};

/* Reads more input behind what is there. */
static enum cf_status fill(struct cf_source *source, struct cf_error *error)
{
	ssize_t got;

	if (source->at == source->filled)
		source->at = source->filled = 0;
	if (source->filled == INPUT_BYTES)
		return CF_OK;
	do
		got =
		    read(source->fd, source->input + source->filled, INPUT_BYTES - source->filled);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return cf_error_set(error, CF_EIO, "cannot read: %s", strerror(errno));
	source->at_end = got == 0;
	source->filled += (size_t)got;
	return CF_OK;
}

static enum cf_status begin(struct cf_source *source, struct cf_error *error)
{
	static const unsigned char gzip_magic[] = {0x1f, 0x8b},
	                           zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	enum cf_status status = CF_OK;

	while (status == CF_OK && source->filled < 4 && !source->at_end)
		status = fill(source, error);
	if (status != CF_OK)
		return status;
	if (source->filled >= 2 && memcmp(source->input, gzip_magic, 2) == 0) {
		source->compression = GZIP;
		/* 15: the largest window; 16: with gzip's head. */
		if (inflateInit2(&source->gzip, 15 + 16) != Z_OK)
			return cf_error_set(error, CF_ENOMEM, "no memory for zlib");
	} else if (source->filled >= 4 && memcmp(source->input, zstd_magic, 4) == 0) {
		source->compression = ZSTD;
		source->zstd = ZSTD_createDStream();
		if (source->zstd == NULL)
			return cf_error_set(error, CF_ENOMEM, "no memory for zstd");
	}
	return CF_OK;
}

enum cf_status cf_source_open(int fd, struct cf_source **source_out, struct cf_error *error)
{
	struct cf_source *source = malloc(sizeof *source);
	enum cf_status status;

	if (source == NULL) {
		close(fd);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	memset(source, 0, offsetof(struct cf_source, input));
	source->fd = fd;
	status = begin(source, error);
	if (status != CF_OK) {
		cf_source_close(source);
		return status;
	}
	*source_out = source;
	return CF_OK;
}

void cf_source_close(struct cf_source *source)
{
	if (source == NULL)
		return;
	if (source->compression == GZIP)
		(void)inflateEnd(&source->gzip); /* nothing to be done about it */
	ZSTD_freeDStream(source->zstd);
	close(source->fd);
	free(source);
}

static enum cf_status read_plain(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	size_t held = source->filled - source->at;
	ssize_t got;

	if (held > 0) {
		held = held < size ? held : size;
		memcpy(bytes, source->input + source->at, held);
		source->at += held;
		*got_out = held;
		return CF_OK;
	}
	do
		got = read(source->fd, bytes, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return cf_error_set(error, CF_EIO, "cannot read: %s", strerror(errno));
	*got_out = (size_t)got;
	return CF_OK;
}

/* One step of zlib; *got_out may be 0 without the end being there. */
static enum cf_status step_gzip(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	int result;

	if (!source->inside && source->input[source->at] == 0) {
		source->at++; /* padding behind the last member, as tape tools leave it */
		return CF_OK;
	}
	source->gzip.next_in = source->input + source->at;
	source->gzip.avail_in = (unsigned)(source->filled - source->at);
	source->gzip.next_out = bytes;
	source->gzip.avail_out = (unsigned)size;
	result = inflate(&source->gzip, Z_NO_FLUSH);
	source->at = source->filled - source->gzip.avail_in;
	*got_out = size - source->gzip.avail_out;
	source->inside = result != Z_STREAM_END;
	if (result == Z_STREAM_END)
		(void)inflateReset(&source->gzip); /* cannot fail on an open stream */
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return cf_error_set(error, CF_EMALFORMED, "damaged gzip: %s",
		    source->gzip.msg == NULL ? "bad data" : source->gzip.msg);
	return CF_OK;
}

static enum cf_status step_zstd(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	ZSTD_inBuffer in = {.src = source->input, .size = source->filled, .pos = source->at};
	ZSTD_outBuffer out = {.dst = bytes, .size = size};
	size_t result = ZSTD_decompressStream(source->zstd, &out, &in);

	source->at = in.pos;
	*got_out = out.pos;
	if (ZSTD_isError(result))
		return cf_error_set(
		    error, CF_EMALFORMED, "damaged zstd: %s", ZSTD_getErrorName(result));
	source->inside = result != 0;
	return CF_OK;
}

enum cf_status cf_source_read(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	*got_out = 0;
	if (size > INPUT_BYTES)
		size = INPUT_BYTES;
	if (source->compression == PLAIN)
		return read_plain(source, bytes, size, got_out, error);
	while (*got_out == 0 && status == CF_OK) {
		if (source->at == source->filled) {
			status = fill(source, error);
			if (status != CF_OK || source->at_end)
				break;
		}
		status = source->compression == GZIP
		    ? step_gzip(source, bytes, size, got_out, error)
		    : step_zstd(source, bytes, size, got_out, error);
	}
	if (status == CF_OK && *got_out == 0 && source->inside)
		return cf_error_set(error, CF_EMALFORMED, "the compressed data ends early");
	return status;
}

enum cf_status cf_source_seek(struct cf_source *source, uint64_t offset)
{
	if (lseek(source->fd, (off_t)offset, SEEK_SET) < 0)
		return CF_EIO;
	source->at = source->filled = 0;
	return CF_OK;
}

bool cf_source_is_compressed(const struct cf_source *source)
{
	return source->compression != PLAIN;
}

int cf_source_fd(const struct cf_source *source)
{
	return source->fd;
}
