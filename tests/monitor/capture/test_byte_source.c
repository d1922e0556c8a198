/* Capture files as bytes: plain, gzip and zstd read alike, and what is cut or broken is told. */

#include "monitor/capture/byte_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define PLAIN_BYTES 300000U

struct fixture {
	char path[32];
	uint8_t plain[PLAIN_BYTES], packed[PLAIN_BYTES * 2], got[PLAIN_BYTES + 1];
};

static void write_file(struct fixture *f, const void *data, size_t len)
{
	FILE *to = fopen(f->path, "wb");

	assert_non_null(to);
	assert_int_equal(fwrite(data, 1, len, to), len);
	assert_int_equal(fclose(to), 0);
}

static size_t pack_gzip(struct fixture *f, size_t from, size_t len, size_t at)
{
	z_stream z = {.next_in = f->plain + from,
	    .avail_in = (uInt)len,
	    .next_out = f->packed + at,
	    .avail_out = (uInt)(sizeof f->packed - at)};

	assert_int_equal(
	    deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return sizeof f->packed - z.avail_out;
}

static size_t pack_zstd(struct fixture *f)
{
	size_t len = ZSTD_compress(f->packed, sizeof f->packed, f->plain, PLAIN_BYTES, 1);

	assert_false(ZSTD_isError(len));
	return len;
}

/* All of the file in pieces of step bytes; the status that ended it. */
static enum cf_status read_all(struct fixture *f, size_t step, size_t *len_out)
{
	struct cf_byte_source *source = NULL;
	struct cf_error error = {0};
	enum cf_status status = cf_byte_source_open(f->path, &source, &error);
	size_t got = 1;

	*len_out = 0;
	while (status == CF_OK && got > 0) {
		size_t room = sizeof f->got - *len_out;

		status = cf_byte_source_read(
		    source, f->got + *len_out, room < step ? room : step, &got, &error);
		if (status == CF_OK)
			*len_out += got;
	}
	cf_byte_source_close(source);
	assert_int_equal(error.text[0] == '\0', status == CF_OK);
	return status;
}

static void expect_plain(struct fixture *f)
{
	static const size_t steps[] = {4093, PLAIN_BYTES + 1};
	size_t len;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		assert_int_equal(read_all(f, steps[i], &len), CF_OK);
		assert_int_equal(len, PLAIN_BYTES);
		assert_memory_equal(f->got, f->plain, PLAIN_BYTES);
	}
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	int fd;

	assert_non_null(f);
	strcpy(f->path, "byte-source-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	for (uint32_t i = 0, x = 1; i < PLAIN_BYTES; i++, x = x * 1103515245U + 12345U)
		f->plain[i] = (uint8_t)(x >> 28);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	free(f);
	return 0;
}

static void plain_gzip_and_zstd_read_alike(void **state)
{
	struct fixture *f = *state;

	write_file(f, f->plain, PLAIN_BYTES);
	expect_plain(f);
	write_file(f, f->packed, pack_gzip(f, 0, PLAIN_BYTES, 0));
	expect_plain(f);
	write_file(f, f->packed, pack_zstd(f));
	expect_plain(f);
}

static void gzip_files_joined_into_one_read_as_one(void **state)
{
	struct fixture *f = *state;
	size_t first = pack_gzip(f, 0, 100000, 0);

	write_file(f, f->packed, pack_gzip(f, 100000, PLAIN_BYTES - 100000, first));
	expect_plain(f);
}

static void cut_files_give_what_they_hold_and_never_more(void **state)
{
	struct fixture *f = *state;

	for (int kind = 0; kind < 2; kind++) {
		size_t whole = kind == 0 ? pack_gzip(f, 0, PLAIN_BYTES, 0) : pack_zstd(f), len;

		for (size_t cut = 0; cut < whole; cut += cut < 32 ? 1 : whole / 8) {
			write_file(f, f->packed, cut);
			(void)read_all(f, 4093, &len); /* an error, or the end: both are fine */
			assert_true(len < PLAIN_BYTES || cut + 16 > whole);
			if (cut >= 4) /* shorter ones are not known to be compressed */
				assert_memory_equal(f->got, f->plain, len);
		}
	}
}

static void broken_compressed_bytes_are_told(void **state)
{
	struct fixture *f = *state;
	size_t len, packed = pack_gzip(f, 0, PLAIN_BYTES, 0);

	memset(f->packed + packed / 2, 0xff, 64);
	write_file(f, f->packed, packed);
	assert_int_equal(read_all(f, 4093, &len), CF_EMALFORMED);
	packed = pack_zstd(f);
	memset(f->packed + 4, 0xff, 16);
	write_file(f, f->packed, packed);
	assert_int_equal(read_all(f, 4093, &len), CF_EMALFORMED);
}

static void a_missing_file_says_so(void **state)
{
	struct fixture *f = *state;
	size_t len;

	unlink(f->path);
	assert_int_equal(read_all(f, 1, &len), CF_EIO);
}

/* A small file that would unpack for hours: refused once it is out of all proportion. */
static void what_grows_beyond_all_measure_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cf_byte_source *source = NULL;
	struct cf_error error = {0};
	enum cf_status status;
	uint64_t total = 0;
	size_t got = 1, len = 0;
	ZSTD_CCtx *packer = ZSTD_createCCtx();
	ZSTD_outBuffer out = {.dst = f->packed, .size = sizeof f->packed};

	/* 2 GiB of zeros. */
	memset(f->plain, 0, PLAIN_BYTES);
	for (uint64_t done = 0; done < UINT64_C(2) << 30; done += PLAIN_BYTES) {
		ZSTD_inBuffer in = {.src = f->plain, .size = PLAIN_BYTES};

		while (in.pos < in.size)
			assert_false(
			    ZSTD_isError(ZSTD_compressStream2(packer, &out, &in, ZSTD_e_continue)));
	}
	{
		ZSTD_inBuffer in = {.src = f->plain, .size = 0};

		assert_int_equal(ZSTD_compressStream2(packer, &out, &in, ZSTD_e_end), 0);
	}
	ZSTD_freeCCtx(packer);
	len = out.pos;
	assert_in_range(len, 1, 200000);
	write_file(f, f->packed, len);
	status = cf_byte_source_open(f->path, &source, &error);
	while (status == CF_OK && got > 0) {
		status = cf_byte_source_read(source, f->got, PLAIN_BYTES, &got, &error);
		total += status == CF_OK ? got : 0;
	}
	cf_byte_source_close(source);
	assert_int_equal(status, CF_ETOOBIG);
	assert_non_null(strstr(error.text, "grows"));
	assert_in_range(total, 0, UINT64_C(1) << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(plain_gzip_and_zstd_read_alike, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        gzip_files_joined_into_one_read_as_one, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        cut_files_give_what_they_hold_and_never_more, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(broken_compressed_bytes_are_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_missing_file_says_so, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        what_grows_beyond_all_measure_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
