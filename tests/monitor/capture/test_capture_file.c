/* Capture files written here byte by byte, read back; and files that are broken. */

#include "packets.h"

#include "monitor/capture/capture_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct bytes file;
static int memory_fd;

static int start(void **state)
{
	(void)state;
	memory_fd = memfd_create("capture", MFD_CLOEXEC);
	file.len = 0;
	return memory_fd < 0;
}

static int stop(void **state)
{
	(void)state;
	return close(memory_fd);
}

/* Integers of the file in either byte order. */
static void put_32(uint32_t value, bool big)
{
	put32(&file, big ? value : __builtin_bswap32(value));
}

static void put_16(unsigned value, bool big)
{
	put16(&file, big ? value : (value & 0xff) << 8 | value >> 8);
}

static enum cf_status open_file(struct cf_capture_file **capture_out)
{
	struct cf_error error;
	char path[64];

	assert_int_equal(ftruncate(memory_fd, 0), 0);
	assert_int_equal(pwrite(memory_fd, file.at, file.len, 0), file.len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", memory_fd);
	return cf_capture_file_open(path, capture_out, &error);
}

static void pcap_is_read_in_every_byte_order_and_clock(void **state)
{
	static const struct {
		uint32_t magic;
		bool nanoseconds;
		unsigned extra;
	} kinds[] = {{0xa1b2c3d4, false, 0}, {0xa1b23c4d, true, 0}, {0xa1b2cd34, false, 8}};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bool big = i % 2 == 1;
		struct cf_capture_file *capture;
		struct cf_error error;
		struct cf_frame frame;

		file.len = 0;
		put_32(kinds[i / 2].magic, big);
		put_32(big ? 0x00020004 : 0x00040002, big);
		put_32(0, big);
		put_32(0, big);
		put_32(65535, big);
		put_32(113, big);
		for (uint32_t n = 1; n <= 2; n++) {
			put_32(1700000000, big);
			put_32(kinds[i / 2].nanoseconds ? 5000 : 5, big);
			put_32(n, big);
			put_32(n + 10, big);
			put(&file, "12345678", kinds[i / 2].extra);
			put(&file, "xy", n);
		}
		assert_int_equal(open_file(&capture), CF_OK);
		for (uint32_t n = 1; n <= 2; n++) {
			assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_OK);
			assert_int_equal(frame.link_type, 113);
			assert_true(frame.at_wall_us == 1700000000000005);
			assert_int_equal(frame.captured_bytes, n);
			assert_int_equal(frame.wire_bytes, n + 10);
			assert_memory_equal(frame.data, "xy", n);
		}
		assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_ENOTFOUND);
		cf_capture_file_close(capture);
	}
}

/* A pcapng block around body. */
static void put_block(uint32_t type, const struct bytes *body, bool big)
{
	size_t padded = (body->len + 3) & ~(size_t)3;

	put_32(type, big);
	put_32((uint32_t)padded + 12, big);
	put(&file, body->at, body->len);
	put(&file, "\0\0\0", padded - body->len);
	put_32((uint32_t)padded + 12, big);
}

/* What put_16() and put_32() appended since from, taken off the file again. */
static void take_body(size_t from, struct bytes *body)
{
	body->len = 0;
	put(body, file.at + from, file.len - from);
	file.len = from;
}

static void put_interface(unsigned link_type, unsigned resolution, bool big)
{
	static struct bytes body;
	size_t from = file.len;

	put_16(link_type, big);
	put_16(0, big);
	put_32(0, big);
	put_16(9, big); /* if_tsresol */
	put_16(1, big);
	put8(&file, resolution);
	put(&file, "\0\0\0", 3);
	put_32(0, big);
	take_body(from, &body);
	put_block(1, &body, big);
}

static void put_packet(uint32_t interface, uint64_t units, const char *text, bool big)
{
	static struct bytes body;
	size_t from = file.len;

	put_32(interface, big);
	put_32((uint32_t)(units >> 32), big);
	put_32((uint32_t)units, big);
	put_32((uint32_t)strlen(text), big);
	put_32(100, big);
	put(&file, text, strlen(text));
	take_body(from, &body);
	put_block(6, &body, big);
}

static void put_section(bool big)
{
	static struct bytes body;
	size_t from = file.len;

	put_32(0x1a2b3c4d, big);
	put_16(1, big);
	put_16(0, big);
	put_32(0xffffffff, big);
	put_32(0xffffffff, big);
	take_body(from, &body);
	put_block(0x0a0d0d0a, &body, big);
}

static void expect_frame(struct cf_capture_file *capture, int link_type, uint32_t interface,
    int64_t at_wall_us, const char *text)
{
	struct cf_error error;
	struct cf_frame frame;

	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_OK);
	assert_int_equal(frame.link_type, link_type);
	assert_int_equal(frame.interface, interface);
	assert_true(frame.at_wall_us == at_wall_us);
	assert_int_equal(frame.captured_bytes, strlen(text));
	assert_int_equal(frame.wire_bytes, 100);
	assert_memory_equal(frame.data, text, strlen(text));
}

static void pcapng_keeps_interfaces_sections_and_clocks_apart(void **state)
{
	static struct bytes body;
	struct cf_capture_file *capture;
	struct cf_error error;
	struct cf_frame frame;

	(void)state;
	put_section(false);
	put_interface(1, 9, false);
	put_interface(101, 0x8a, false); /* 2^-10 s */
	body.len = 0;
	put(&body, "whatever", 8);
	put_block(0x0badcafe, &body, false);
	put_packet(0, 1700000000123456789u, "one", false);
	put_packet(1, UINT64_C(1700000000) * 1024 + 512, "two", false);
	put_packet(7, 0, "no such interface", false);
	put_section(true);
	put_interface(113, 6, true);
	put_packet(0, 1700000000000007u, "three", true);
	assert_int_equal(open_file(&capture), CF_OK);
	expect_frame(capture, 1, 0, 1700000000123456, "one");
	expect_frame(capture, 101, 1, 1700000000500000, "two");
	expect_frame(capture, 113, 0, 1700000000000007, "three");
	/* A packet without an interface is not left out in silence. */
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_EMALFORMED);
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_ENOTFOUND);
	cf_capture_file_close(capture);
}

static void many_interfaces_are_read_and_unknown_ones_are_said(void **state)
{
	struct cf_capture_file *capture;
	struct cf_error error = {.text = ""};
	struct cf_frame frame;

	(void)state;
	put_section(false);
	for (unsigned i = 0; i < 1500; i++)
		put_interface(i == 1499 ? 101 : 1, 6, false);
	put_packet(1499, 5000000, "last", false);
	put_packet(1500, 5000000, "none", false);
	put_packet(0, 5000000, "first", false);
	assert_int_equal(open_file(&capture), CF_OK);
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_OK);
	assert_int_equal(frame.interface, 1499);
	assert_int_equal(frame.link_type, 101);
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_OK);
	assert_int_equal(frame.interface, 0);
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_EMALFORMED);
	assert_non_null(strstr(error.text, "1 packet"));
	assert_int_equal(cf_capture_file_next(capture, &frame, &error), CF_ENOTFOUND);
	cf_capture_file_close(capture);
}

static void every_cut_of_a_file_ends_in_order(void **state)
{
	size_t whole;

	(void)state;
	put_section(false);
	put_interface(1, 6, false);
	put_packet(0, 1, "one", false);
	put_packet(0, 2, "two", false);
	whole = file.len;
	for (size_t len = 0; len < whole; len++) {
		struct cf_capture_file *capture;
		struct cf_error error;
		struct cf_frame frame;
		unsigned frames = 0;
		enum cf_status status;

		file.len = len;
		status = open_file(&capture);
		if (status == CF_OK) {
			while ((status = cf_capture_file_next(capture, &frame, &error)) == CF_OK)
				frames++;
			cf_capture_file_close(capture);
		}
		assert_int_equal(frames, len < whole - 36 ? 0 : 1);
		assert_true(status == CF_EMALFORMED || status == CF_ENOTFOUND);
	}
}

/* Frames of the file read in batches of at most room; how it ended comes back. */
static enum cf_status count_batches(unsigned room, unsigned *frames_out, uint32_t *sum_out)
{
	struct cf_capture_file *capture;
	struct cf_error error;
	struct cf_frame frames[8];
	unsigned count;
	enum cf_status status;

	*frames_out = 0;
	*sum_out = 0;
	assert_int_equal(open_file(&capture), CF_OK);
	while ((status = cf_capture_file_batch(capture, frames, room, &count, &error)) == CF_OK) {
		assert_in_range(count, 1, room);
		for (unsigned i = 0; i < count; i++) {
			*sum_out = *sum_out * 31 + (uint32_t)frames[i].captured_bytes;
			for (size_t at = 0; at < frames[i].captured_bytes; at++)
				*sum_out = *sum_out * 31 + frames[i].data[at];
		}
		*frames_out += count;
	}
	cf_capture_file_close(capture);
	return status;
}

static void batches_hold_the_frames_of_single_calls(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		file.len = 0;
		put_section(big);
		put_interface(1, 6, big);
		for (unsigned i = 0; i < 20; i++)
			put_packet(0, i, i % 2 == 0 ? "some" : "more bytes", big);
		put_section(!big); /* whose byte order is not the last one's */
		put_interface(1, 6, !big);
		put_packet(0, 1, "one", !big);
		put_packet(7, 1, "of no interface", !big);
		put_packet(0, 2, "two", !big);
		for (unsigned cut = 0; cut < 120; cut++) {
			unsigned alone, together;
			uint32_t alone_sum, together_sum;
			enum cf_status status = count_batches(1, &alone, &alone_sum);

			assert_true(alone > 15);
			assert_int_equal(count_batches(8, &together, &together_sum), status);
			assert_int_equal(together, alone);
			assert_int_equal(together_sum, alone_sum);
			file.len--;
		}
	}
}

static void what_is_no_capture_is_refused(void **state)
{
	struct cf_capture_file *capture;

	(void)state;
	put(&file, "This is text, and long enough to be read as a header.", 53);
	assert_int_equal(open_file(&capture), CF_EMALFORMED);
	file.len = 0;
	assert_int_equal(open_file(&capture), CF_EMALFORMED);
}

static void missing_file_says_so(void **state)
{
	struct cf_capture_file *capture;
	struct cf_error error;

	(void)state;
	assert_int_equal(cf_capture_file_open("no/such/file", &capture, &error), CF_EIO);
	assert_string_equal(error.text, "cannot open 'no/such/file': No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        pcap_is_read_in_every_byte_order_and_clock, start, stop),
	    cmocka_unit_test_setup_teardown(
	        pcapng_keeps_interfaces_sections_and_clocks_apart, start, stop),
	    cmocka_unit_test_setup_teardown(
	        many_interfaces_are_read_and_unknown_ones_are_said, start, stop),
	    cmocka_unit_test_setup_teardown(every_cut_of_a_file_ends_in_order, start, stop),
	    cmocka_unit_test_setup_teardown(batches_hold_the_frames_of_single_calls, start, stop),
	    cmocka_unit_test_setup_teardown(what_is_no_capture_is_refused, start, stop),
	    cmocka_unit_test(missing_file_says_so),
	};

	return cmocka_run_group_tests_name("capture_file", tests, NULL, NULL);
}
