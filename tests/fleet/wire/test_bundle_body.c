/* fleet/wire/bundle_body.h: a log of the real writer passes, and nothing that was done to it does.
 */

#include "fleet/wire/bundle_body.h"

#include "fleet_log.h"

#include "base/limits.h"
#include "records/form/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

#define MINUTES 5

struct log {
	char *lines;
	size_t len;
	struct cf_bundle_name name;
};

/* Five minutes and a stop record: six seals or so, named as they are. */
static struct log make(void)
{
	struct log log = {.len = 0};
	char path[] = "/tmp/bundle-XXXXXX";
	FILE *file;
	int fd = mkstemp(path);
	struct cf_record *record = calloc(1, sizeof *record);

	assert_true(fd >= 0 && record != NULL);
	(void)close(fd);
	fleet_log_write(path, "edge-01", "resolver", 0, MINUTES, true);
	file = fopen(path, "r");
	assert_non_null(file);
	log.lines = malloc(1 << 20);
	assert_non_null(log.lines);
	log.len = fread(log.lines, 1, 1 << 20, file);
	fclose(file);
	(void)unlink(path);
	for (char *at = log.lines, *end; at < log.lines + log.len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(log.lines + log.len - at));
		assert_int_equal(cf_record_parse(at, (size_t)(end - at), record), CF_LINE_OK);
		if (record->seal.sha256.len == 0)
			continue;
		if (log.name.from_seq == 0) {
			log.name.from_seq = log.name.oldest = record->seal.seq;
			memcpy(log.name.prev, record->seal.prev.data, record->seal.prev.len);
		}
		log.name.to_seq = record->seal.seq;
		memcpy(log.name.sha256, record->seal.sha256.data, record->seal.sha256.len);
		memcpy(log.name.run, record->seal.run.data, record->seal.run.len);
	}
	(void)strcpy(log.name.writer.sensor, "edge-01");
	(void)strcpy(log.name.writer.source, "resolver");
	free(record);
	return log;
}

static enum cf_status check(const struct log *log)
{
	int64_t first = 0, last = 0;
	struct cf_error error;
	enum cf_status status =
	    cf_bundle_body_check(&log->name, log->lines, log->len, &first, &last, &error);

	if (status == CF_OK)
		assert_true(first / 1000000 == FLEET_LOG_START_S && last > first);
	return status;
}

static void a_log_of_the_writer_passes(void **state)
{
	struct log log = make();
	uint8_t *packed;
	size_t packed_len, len, plain;
	char *lines;
	struct cf_error error;

	(void)state;
	assert_true(log.name.from_seq == 1 && log.name.to_seq > MINUTES - 1);
	assert_int_equal(check(&log), CF_OK);
	assert_int_equal(cf_bundle_body_pack(log.lines, log.len, &packed, &packed_len), CF_OK);
	assert_int_equal(cf_bundle_body_plain_bytes(packed, packed_len, &plain, &error), CF_OK);
	assert_int_equal(plain, log.len);
	assert_int_equal(cf_bundle_body_unpack(packed, packed_len, &lines, &len, &error), CF_OK);
	assert_int_equal(len, log.len);
	assert_memory_equal(lines, log.lines, len);
	free(lines);
	free(packed);
	free(log.lines);
}

static void a_changed_byte_anywhere_is_refused(void **state)
{
	struct log log = make();

	(void)state;
	for (size_t i = 0; i < log.len; i += 7) {
		log.lines[i] ^= 1;
		assert_int_equal(check(&log), CF_EINVALID);
		log.lines[i] ^= 1;
	}
	free(log.lines);
}

static void a_cut_or_longer_log_is_refused(void **state)
{
	struct log log = make(), cut = log;

	(void)state;
	for (cut.len = 0; cut.len < log.len; cut.len += 1 + cut.len % 13)
		assert_int_equal(check(&cut), CF_EINVALID);
	cut.lines = malloc(2 * log.len);
	assert_non_null(cut.lines);
	memcpy(cut.lines, log.lines, log.len);
	memcpy(cut.lines + log.len, log.lines, log.len);
	cut.len = 2 * log.len;
	assert_int_equal(check(&cut), CF_EINVALID);
	free(cut.lines);
	free(log.lines);
}

static void a_name_of_something_else_is_refused(void **state)
{
	struct log log = make(), other = log;

	(void)state;
	other.name.writer.sensor[0] = 'f';
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.to_seq++;
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.to_seq--;
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.from_seq++;
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.prev[3] = '1';
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.sha256[3] = other.name.sha256[3] == '1' ? '2' : '1';
	assert_int_equal(check(&other), CF_EINVALID);
	other = log;
	other.name.run[20] = other.name.run[20] == '1' ? '2' : '1';
	assert_int_equal(check(&other), CF_EINVALID);
	free(log.lines);
}

/* A frame that claims much, one that does not say, two of them, and one that is cut. */
static void a_body_is_measured_before_it_is_unpacked(void **state)
{
	const size_t zeros_len = 4u << 20;
	char *zeros = calloc(1, zeros_len);
	uint8_t packed[8192], stream[256];
	struct cf_error error;
	size_t len, plain;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_inBuffer in = {.src = "curfew", .size = 6};
	ZSTD_outBuffer out = {.dst = stream, .size = sizeof stream};

	(void)state;
	assert_true(zeros != NULL && context != NULL);
	len = ZSTD_compress(packed, sizeof packed, zeros, zeros_len, 3);
	assert_false(ZSTD_isError(len));
	assert_int_equal(cf_bundle_body_plain_bytes(packed, len, &plain, &error), CF_ETOOBIG);
	while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0)
		;
	assert_int_equal(cf_bundle_body_plain_bytes(stream, out.pos, &plain, &error), CF_OK);
	len = ZSTD_compress(packed, sizeof packed, "a line\n", 7, 3);
	assert_int_equal(cf_bundle_body_plain_bytes(packed, len, &plain, &error), CF_OK);
	memcpy(packed + len, packed, len);
	assert_int_equal(
	    cf_bundle_body_plain_bytes(packed, 2 * len, &plain, &error), CF_EMALFORMED);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(
		    cf_bundle_body_plain_bytes(packed, cut, &plain, &error), CF_EMALFORMED);
	/* The size in the header is a promise that the content does not keep. */
	packed[5]++;
	if (cf_bundle_body_plain_bytes(packed, len, &plain, &error) == CF_OK) {
		char *lines;

		assert_int_equal(
		    cf_bundle_body_unpack(packed, len, &lines, &plain, &error), CF_EMALFORMED);
	}
	ZSTD_freeCCtx(context);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_log_of_the_writer_passes),
	    cmocka_unit_test(a_changed_byte_anywhere_is_refused),
	    cmocka_unit_test(a_cut_or_longer_log_is_refused),
	    cmocka_unit_test(a_name_of_something_else_is_refused),
	    cmocka_unit_test(a_body_is_measured_before_it_is_unpacked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
