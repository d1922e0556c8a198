/* A file, a pipe or a compressed file as one run of bytes. */

#include "monitor/capture/byte_source.h"

#include "base/input_file.h"
#include "base/limits.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef CF_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef CF_HAVE_ZSTD
#include <zstd.h>
#endif

/* Compressed bytes held at one time. */
#define INPUT_BYTES 65536U
/* How long a pipe may take to bring the first INPUT_BYTES, by which it is known. */
#define HEAD_WAIT_MS 2000

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct cf_byte_source {
	int fd;
	enum packing packing;
	char name[128];
	uint64_t used;
	uint64_t size;
	uint64_t unpacked; /* bytes given out */
	uint8_t head_sha256[CF_SHA256_BYTES];
	uint8_t *input; /* INPUT_BYTES; read but not given out: from at to len */
	size_t at;
	size_t len;
	bool packed_whole; /* the compressed stream came to a regular end */
#ifdef CF_HAVE_ZLIB
	z_stream inflate;
	bool inflate_ready;
#endif
#ifdef CF_HAVE_ZSTD
	ZSTD_DStream *unzstd;
#endif
};

/* Refills the input when all of it is used; len 0 afterwards means the end. */
static enum cf_status refill(struct cf_byte_source *source, struct cf_error *error)
{
	ssize_t got;

	if (source->at < source->len)
		return CF_OK;
	do
		got = read(source->fd, source->input, INPUT_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read '%s': %s", source->name, strerror(errno));
	source->at = 0;
	source->len = (size_t)got;
	source->used += (uint64_t)got;
	return CF_OK;
}

static enum cf_status start_gzip(struct cf_byte_source *source, struct cf_error *error)
{
#ifdef CF_HAVE_ZLIB
	if (inflateInit2(&source->inflate, 15 + 16) != Z_OK)
		return cf_error_set(
		    error, CF_ENOMEM, "cannot unpack '%s': no memory", source->name);
	source->inflate_ready = true;
	return CF_OK;
#else
	return cf_error_set(error, CF_EUNSUPPORTED,
	    "cannot unpack '%s': built without zlib; unpack it first", source->name);
#endif
}

static enum cf_status start_zstd(struct cf_byte_source *source, struct cf_error *error)
{
#ifdef CF_HAVE_ZSTD
	source->unzstd = ZSTD_createDStream();
	if (source->unzstd == NULL)
		return cf_error_set(
		    error, CF_ENOMEM, "cannot unpack '%s': no memory", source->name);
	return CF_OK;
#else
	return cf_error_set(error, CF_EUNSUPPORTED,
	    "cannot unpack '%s': built without libzstd; unpack it first", source->name);
#endif
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Reads the beginning: wanted bytes at least, however long they take, and the whole input buffer
 * unless that takes too long. A pipe may bring them one by one.
 */
static enum cf_status read_head(
    struct cf_byte_source *source, size_t wanted, struct cf_error *error)
{
	int64_t until_ms = now_ms() + HEAD_WAIT_MS;

	while (source->len < INPUT_BYTES) {
		struct pollfd ready = {.fd = source->fd, .events = POLLIN};
		int64_t left_ms = until_ms - now_ms();
		ssize_t got;

		if (source->len >= wanted && (left_ms <= 0 || poll(&ready, 1, (int)left_ms) <= 0))
			break;
		got = read(source->fd, source->input + source->len, INPUT_BYTES - source->len);
		if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
			(void)poll(&ready, 1, HEAD_WAIT_MS); /* the read finds out */
			continue;
		}
		if (got < 0)
			return cf_error_set(
			    error, CF_EIO, "cannot read '%s': %s", source->name, strerror(errno));
		if (got == 0)
			break;
		source->len += (size_t)got;
		source->used += (uint64_t)got;
	}
	if (cf_sha256(source->input, source->len, source->head_sha256) != CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot open '%s': no memory", source->name);
	return CF_OK;
}

/* Looks at the first bytes. */
static enum cf_status detect(struct cf_byte_source *source, struct cf_error *error)
{
	static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	enum cf_status status = read_head(source, sizeof zstd, error);

	if (status != CF_OK)
		return status;
	if (source->len >= sizeof gzip && memcmp(source->input, gzip, sizeof gzip) == 0)
		source->packing = PACKING_GZIP;
	else if (source->len >= sizeof zstd && memcmp(source->input, zstd, sizeof zstd) == 0)
		source->packing = PACKING_ZSTD;
	if (source->packing == PACKING_GZIP)
		return start_gzip(source, error);
	return source->packing == PACKING_ZSTD ? start_zstd(source, error) : CF_OK;
}

enum cf_status cf_byte_source_open(
    const char *path, struct cf_byte_source **source_out, struct cf_error *error)
{
	int fd;
	enum cf_status status = cf_input_open(path, &fd, error);

	return status != CF_OK ? status : cf_byte_source_take(fd, path, source_out, error);
}

enum cf_status cf_byte_source_take(
    int fd, const char *name, struct cf_byte_source **source_out, struct cf_error *error)
{
	struct cf_byte_source *source = calloc(1, sizeof *source);
	enum cf_status status;
	struct stat info;

	if (source == NULL || (source->input = malloc(INPUT_BYTES)) == NULL) {
		free(source);
		(void)close(fd); /* only opened */
		return cf_error_set(error, CF_ENOMEM, "cannot open '%s': no memory", name);
	}
	source->fd = fd;
	strncpy(source->name, name, sizeof source->name - 1);
	if (fstat(source->fd, &info) == 0 && S_ISREG(info.st_mode))
		source->size = (uint64_t)info.st_size;
	status = detect(source, error);
	if (status != CF_OK) {
		cf_byte_source_close(source);
		return status;
	}
	*source_out = source;
	return CF_OK;
}

void cf_byte_source_close(struct cf_byte_source *source)
{
	if (source == NULL)
		return;
#ifdef CF_HAVE_ZLIB
	if (source->inflate_ready)
		(void)inflateEnd(&source->inflate); /* cannot fail on a stream that was begun */
#endif
#ifdef CF_HAVE_ZSTD
	(void)ZSTD_freeDStream(source->unzstd); /* takes NULL */
#endif
	if (source->fd >= 0)
		(void)close(source->fd); /* only read from */
	free(source->input);
	free(source);
}

static enum cf_status read_plain(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error)
{
	ssize_t got;

	if (source->at < source->len) {
		size_t held = source->len - source->at;

		*len_out = held < size ? held : size;
		memcpy(buffer, source->input + source->at, *len_out);
		source->at += *len_out;
		return CF_OK;
	}
	do
		got = read(source->fd, buffer, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return cf_error_set(
		    error, CF_EIO, "cannot read '%s': %s", source->name, strerror(errno));
	source->used += (uint64_t)got;
	*len_out = (size_t)got;
	return CF_OK;
}

static enum cf_status bad_packing(const struct cf_byte_source *source, struct cf_error *error)
{
	return cf_error_set(error, CF_EMALFORMED, "cannot unpack '%s': %s", source->name,
	    source->at < source->len ? "bad compressed data" : "it ends too early");
}

#ifdef CF_HAVE_ZLIB
/* gzip allows several members one after another (RFC 1952 2.2). */
static enum cf_status read_gzip(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error)
{
	z_stream *inflater = &source->inflate;

	inflater->next_out = buffer;
	inflater->avail_out = (uInt)size;
	while (inflater->avail_out == size) {
		enum cf_status status = refill(source, error);
		int result;

		if (status != CF_OK)
			return status;
		if (source->at == source->len) {
			if (!source->packed_whole)
				return bad_packing(source, error);
			break;
		}
		if (source->packed_whole && inflateReset(inflater) != Z_OK)
			return bad_packing(source, error);
		source->packed_whole = false;
		inflater->next_in = source->input + source->at;
		inflater->avail_in = (uInt)(source->len - source->at);
		result = inflate(inflater, Z_NO_FLUSH);
		source->at = source->len - inflater->avail_in;
		if (result == Z_STREAM_END)
			source->packed_whole = true;
		else if (result != Z_OK && result != Z_BUF_ERROR)
			return bad_packing(source, error);
	}
	*len_out = size - inflater->avail_out;
	return CF_OK;
}
#endif

#ifdef CF_HAVE_ZSTD
static enum cf_status read_zstd(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error)
{
	ZSTD_outBuffer output = {.dst = buffer, .size = size};

	while (output.pos == 0) {
		enum cf_status status = refill(source, error);
		ZSTD_inBuffer input;
		size_t result;

		if (status != CF_OK)
			return status;
		if (source->at == source->len && source->packed_whole)
			break;
		input =
		    (ZSTD_inBuffer){.src = source->input, .size = source->len, .pos = source->at};
		result = ZSTD_decompressStream(source->unzstd, &output, &input);
		if (ZSTD_isError(result) || (source->len == 0 && output.pos == 0))
			return bad_packing(source, error);
		source->at = input.pos;
		source->packed_whole = result == 0;
	}
	*len_out = output.pos;
	return CF_OK;
}
#endif

/* Far more than any capture gives: somebody wants us to write zeros for hours. */
static bool expands_too_much(const struct cf_byte_source *source)
{
	return source->unpacked > CF_UNPACK_FREE_BYTES &&
	    source->unpacked / CF_UNPACK_CAPTURE_FACTOR > source->used;
}

static enum cf_status read_packed(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error)
{
	/* A packing without its library does not get past opening. */
#ifdef CF_HAVE_ZLIB
	if (source->packing == PACKING_GZIP)
		return read_gzip(source, buffer, size, len_out, error);
#endif
#ifdef CF_HAVE_ZSTD
	if (source->packing == PACKING_ZSTD)
		return read_zstd(source, buffer, size, len_out, error);
#endif
	return read_plain(source, buffer, size, len_out, error);
}

enum cf_status cf_byte_source_read(struct cf_byte_source *source, void *buffer, size_t size,
    size_t *len_out, struct cf_error *error)
{
	enum cf_status status;

	if (expands_too_much(source))
		return cf_error_set(error, CF_ETOOBIG,
		    "cannot unpack '%s': it grows more than %u-fold, as no capture does",
		    source->name, CF_UNPACK_CAPTURE_FACTOR);
	status = read_packed(source, buffer, size, len_out, error);
	if (status == CF_OK)
		source->unpacked += *len_out;
	return status;
}

void cf_byte_source_identity(
    const struct cf_byte_source *source, uint8_t head_sha256[CF_SHA256_BYTES], uint64_t *size_out)
{
	memcpy(head_sha256, source->head_sha256, CF_SHA256_BYTES);
	*size_out = source->size;
}

void cf_byte_source_progress(
    const struct cf_byte_source *source, uint64_t *used_out, uint64_t *size_out)
{
	*used_out = source->used;
	*size_out = source->size;
}
