/*
 * Plain and compressed files as one stream of bytes. One file: five ways of packing are thirty
 * lines each around the same buffers and the same limit.
 */

#include "records/read/source.h"

#include "base/limits.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#ifdef CF_HAVE_LZMA
#include <lzma.h>
#endif
#ifdef CF_HAVE_BZ2
#include <bzlib.h>
#endif

#define INPUT_BYTES 131072
/* Memory that an .xz file may ask for: `xz -9` makes files that need 65 MiB. zstd's window is
 * limited to 128 MiB by the library itself. */
#define XZ_BYTES UINT64_C(134217728)
/* How often a pipe is looked at for being told to stop. */
#define STOP_LOOK_MS 200

enum compression { PLAIN, GZIP, ZSTD, XZ, BZIP2 };

struct cf_source {
	int fd;
	const volatile int *stop; /* NULL: nobody stops us */
	enum compression compression;
	size_t at, filled; /* of input */
	bool at_end;
	bool inside; /* of a member or frame: the end now would be too early */
	uint64_t packed_bytes, unpacked_bytes;
	z_stream gzip;
	ZSTD_DStream *zstd;
#ifdef CF_HAVE_LZMA
	lzma_stream xz;
#endif
#ifdef CF_HAVE_BZ2
	bz_stream bzip2;
#endif
	unsigned char input[INPUT_BYTES];
};

/*
 * read() that can be told to stop while nothing comes: of a pipe, or a file system that is gone.
 * CF_EAGAIN when it was.
 */
static enum cf_status read_bytes(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	for (;;) {
		struct pollfd ready = {.fd = source->fd, .events = POLLIN};
		ssize_t got;

		if (source->stop != NULL && *source->stop != 0)
			return cf_error_set(error, CF_EAGAIN, "stopped");
		if (poll(&ready, 1, source->stop == NULL ? -1 : STOP_LOOK_MS) == 0)
			continue;
		got = read(source->fd, bytes, size);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return cf_error_set(error, CF_EIO, "cannot read: %s", strerror(errno));
		*got_out = (size_t)got;
		return CF_OK;
	}
}

/* Reads more input behind what is there. */
static enum cf_status fill(struct cf_source *source, struct cf_error *error)
{
	enum cf_status status;
	size_t got = 0;

	if (source->at == source->filled)
		source->at = source->filled = 0;
	if (source->filled == INPUT_BYTES)
		return CF_OK;
	status = read_bytes(
	    source, source->input + source->filled, INPUT_BYTES - source->filled, &got, error);
	if (status != CF_OK)
		return status;
	source->at_end = got == 0;
	source->filled += got;
	source->packed_bytes += got;
	return CF_OK;
}

/* What a file begins with, and what it then is. */
static const struct {
	unsigned char magic[6];
	unsigned char len;
	unsigned char compression; /* PLAIN: known, and not read */
	const char *name;
} kinds[] = {
    {{0x1f, 0x8b}, 2, GZIP, "gzip"},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, ZSTD, "zstd"},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, XZ, "xz"},
    {{'B', 'Z', 'h'}, 3, BZIP2, "bzip2"},
    {{0x04, 0x22, 0x4d, 0x18}, 4, PLAIN, "lz4"},
    {{0x02, 0x21, 0x4c, 0x18}, 4, PLAIN, "lz4"},
    {{0x1f, 0x9d}, 2, PLAIN, "compress"},
    {{0x1f, 0xa0}, 2, PLAIN, "compress"},
    {{0x5d, 0x00, 0x00}, 3, PLAIN, "lzma"},
    {{'L', 'Z', 'I', 'P'}, 4, PLAIN, "lzip"},
    {{0x89, 'L', 'Z', 'O'}, 4, PLAIN, "lzop"},
    {{'L', 'R', 'Z', 'I'}, 4, PLAIN, "lrzip"},
    {{'P', 'K', 3, 4}, 4, PLAIN, "zip"},
    {{'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}, 6, PLAIN, "7-Zip"},
    {{0xff, 0x06, 0x00, 0x00, 's', 'N'}, 6, PLAIN, "snappy"},
    {{0xce, 0xb2, 0xcf, 0x81}, 4, PLAIN, "brotli"},
};

static enum cf_status begin_xz(struct cf_source *source, struct cf_error *error)
{
#ifdef CF_HAVE_LZMA
	source->xz = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&source->xz, XZ_BYTES, LZMA_CONCATENATED) != LZMA_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory for liblzma");
	return CF_OK;
#else
	(void)source;
	return cf_error_set(error, CF_EUNSUPPORTED,
	    "compressed by xz, which is not read here (built without liblzma): unpack it first");
#endif
}

static enum cf_status begin_bzip2(struct cf_source *source, struct cf_error *error)
{
#ifdef CF_HAVE_BZ2
	if (BZ2_bzDecompressInit(&source->bzip2, 0, 0) != BZ_OK)
		return cf_error_set(error, CF_ENOMEM, "no memory for libbz2");
	return CF_OK;
#else
	(void)source;
	return cf_error_set(error, CF_EUNSUPPORTED,
	    "compressed by bzip2, which is not read here (built without libbz2): unpack it "
	    "first");
#endif
}

static enum cf_status begin_unpacking(struct cf_source *source, struct cf_error *error)
{
	switch (source->compression) {
	case GZIP:
		/* 15: the largest window; 16: with gzip's head. */
		if (inflateInit2(&source->gzip, 15 + 16) != Z_OK)
			return cf_error_set(error, CF_ENOMEM, "no memory for zlib");
		return CF_OK;
	case ZSTD:
		source->zstd = ZSTD_createDStream();
		if (source->zstd == NULL)
			return cf_error_set(error, CF_ENOMEM, "no memory for zstd");
		return CF_OK;
	case XZ:
		return begin_xz(source, error);
	case BZIP2:
		return begin_bzip2(source, error);
	case PLAIN:
		break;
	}
	return CF_OK;
}

static enum cf_status begin(struct cf_source *source, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	while (status == CF_OK && source->filled < sizeof kinds[0].magic && !source->at_end)
		status = fill(source, error);
	for (size_t i = 0; status == CF_OK && i < sizeof kinds / sizeof kinds[0]; i++) {
		if (source->filled < kinds[i].len ||
		    memcmp(source->input, kinds[i].magic, kinds[i].len) != 0)
			continue;
		if (kinds[i].compression == PLAIN)
			return cf_error_set(error, CF_EUNSUPPORTED,
			    "compressed by %s, which is not read: unpack it first", kinds[i].name);
		source->compression = (enum compression)kinds[i].compression;
		return begin_unpacking(source, error);
	}
	return status;
}

enum cf_status cf_source_open(
    int fd, const volatile int *stop, struct cf_source **source_out, struct cf_error *error)
{
	struct cf_source *source = malloc(sizeof *source);
	enum cf_status status;

	if (source == NULL) {
		close(fd);
		return cf_error_set(error, CF_ENOMEM, "no memory");
	}
	memset(source, 0, offsetof(struct cf_source, input));
	source->fd = fd;
	source->stop = stop;
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
#ifdef CF_HAVE_LZMA
	if (source->compression == XZ)
		lzma_end(&source->xz);
#endif
#ifdef CF_HAVE_BZ2
	if (source->compression == BZIP2)
		(void)BZ2_bzDecompressEnd(&source->bzip2); /* nothing to be done about it */
#endif
	close(source->fd);
	free(source);
}

static enum cf_status read_plain(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	size_t held = source->filled - source->at;

	if (held > 0) {
		held = held < size ? held : size;
		memcpy(bytes, source->input + source->at, held);
		source->at += held;
		*got_out = held;
		return CF_OK;
	}
	return read_bytes(source, bytes, size, got_out, error);
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

#ifdef CF_HAVE_LZMA
static enum cf_status step_xz(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	lzma_ret result;

	source->xz.next_in = source->input + source->at;
	source->xz.avail_in = source->filled - source->at;
	source->xz.next_out = bytes;
	source->xz.avail_out = size;
	/* Whether another stream follows shows at the file's end only. */
	result = lzma_code(&source->xz, source->at_end ? LZMA_FINISH : LZMA_RUN);
	source->at = source->filled - source->xz.avail_in;
	*got_out = size - source->xz.avail_out;
	source->inside = result != LZMA_STREAM_END;
	if (result == LZMA_MEMLIMIT_ERROR)
		return cf_error_set(error, CF_ETOOBIG, "xz: it takes more than 128 MiB to unpack");
	if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
		return cf_error_set(
		    error, CF_EMALFORMED, "damaged xz: liblzma says %d", (int)result);
	return CF_OK;
}
#endif

#ifdef CF_HAVE_BZ2
/* bzip2 joins members as gzip does. */
static enum cf_status step_bzip2(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	int result;

	source->bzip2.next_in = (char *)source->input + source->at;
	source->bzip2.avail_in = (unsigned)(source->filled - source->at);
	source->bzip2.next_out = bytes;
	source->bzip2.avail_out = (unsigned)size;
	result = BZ2_bzDecompress(&source->bzip2);
	source->at = source->filled - source->bzip2.avail_in;
	*got_out = size - source->bzip2.avail_out;
	source->inside = result != BZ_STREAM_END;
	if (result == BZ_STREAM_END) {
		(void)BZ2_bzDecompressEnd(&source->bzip2); /* begun anew for what may follow */
		source->bzip2 = (bz_stream){.next_in = NULL};
		return begin_bzip2(source, error);
	}
	if (result != BZ_OK)
		return cf_error_set(error, CF_EMALFORMED, "damaged bzip2: libbz2 says %d", result);
	return CF_OK;
}
#endif

static enum cf_status step(
    struct cf_source *source, void *bytes, size_t size, size_t *got_out, struct cf_error *error)
{
	switch (source->compression) {
	case GZIP:
		return step_gzip(source, bytes, size, got_out, error);
	case ZSTD:
		return step_zstd(source, bytes, size, got_out, error);
	case XZ:
#ifdef CF_HAVE_LZMA
		return step_xz(source, bytes, size, got_out, error);
#else
		break;
#endif
	case BZIP2:
#ifdef CF_HAVE_BZ2
		return step_bzip2(source, bytes, size, got_out, error);
#else
		break;
#endif
	case PLAIN:
		break;
	}
	return CF_EINTERNAL; /* it did not get past cf_source_open() */
}

/* Stops what would unpack for hours: no log shrinks so much. */
static enum cf_status check_growth(const struct cf_source *source, struct cf_error *error)
{
	if (source->unpacked_bytes <= CF_UNPACK_FREE_BYTES ||
	    source->unpacked_bytes / CF_UNPACK_LOG_FACTOR <= source->packed_bytes)
		return CF_OK;
	return cf_error_set(error, CF_ETOOBIG,
	    "it unpacks to more than %d times its size, as no log does", CF_UNPACK_LOG_FACTOR);
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
	if (source->stop != NULL && *source->stop != 0)
		return cf_error_set(error, CF_EAGAIN, "stopped");
	status = check_growth(source, error);
	while (*got_out == 0 && status == CF_OK) {
		if (source->at == source->filled && !source->at_end) {
			status = fill(source, error);
			if (status != CF_OK)
				break;
		}
		/* Inside, what was taken in may not have been given out yet. */
		if (source->at == source->filled && !source->inside)
			break;
		status = step(source, bytes, size, got_out, error);
		if (source->at == source->filled && source->at_end && *got_out == 0)
			break;
	}
	if (status == CF_OK && *got_out == 0 && source->inside)
		return cf_error_set(error, CF_EMALFORMED, "the compressed data ends early");
	source->unpacked_bytes += *got_out;
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
