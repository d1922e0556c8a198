/* Frame Streams: greeting, frames in any pieces, and everything that is none. */

#include "base/limits.h"
#include "tap/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TYPE "protobuf:dnstap.Dnstap"

struct fixture {
	struct cf_frames *frames;
	struct cf_error error;
	unsigned taken;
	size_t bytes, last_len;
	uint8_t last[64];
};

static void on_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct fixture *f = arg;

	f->taken++;
	f->bytes += len;
	f->last_len = len;
	memcpy(f->last, payload, len < sizeof f->last ? len : sizeof f->last);
}

static int setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof fixture);
	*state = &fixture;
	return cf_frames_new(on_frame, &fixture, &fixture.frames) == CF_OK ? 0 : -1;
}

static int teardown(void **state)
{
	cf_frames_free(((struct fixture *)*state)->frames);
	return 0;
}

static size_t put32(uint8_t *at, size_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
	return 4;
}

/* A control frame of that type; content NULL for none. */
static size_t put_control(uint8_t *at, uint32_t type, const char *content)
{
	size_t content_len = content == NULL ? 0 : strlen(content), len = 0;

	len += put32(at + len, 0);
	len += put32(at + len, content == NULL ? 4 : 12 + content_len);
	len += put32(at + len, type);
	if (content == NULL)
		return len;
	len += put32(at + len, 1);
	len += put32(at + len, content_len);
	memcpy(at + len, content, content_len);
	return len + content_len;
}

static size_t put_frame(uint8_t *at, const char *payload)
{
	size_t len = put32(at, strlen(payload));

	memcpy(at + len, payload, strlen(payload));
	return len + strlen(payload);
}

static size_t whole_stream(uint8_t *at, bool greets)
{
	size_t len = greets ? put_control(at, 4, TYPE) : 0;

	len += put_control(at + len, 2, TYPE);
	len += put_frame(at + len, "one");
	len += put_frame(at + len, "two and more");
	return len + put_control(at + len, 3, NULL);
}

static void a_stream_may_come_in_any_pieces(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[512];
	size_t len = whole_stream(bytes, true);

	for (size_t piece = 1; piece <= len; piece++) {
		f->taken = 0;
		for (size_t at = 0; at < len; at += piece)
			assert_int_equal(cf_frames_feed(f->frames, bytes + at,
			                     len - at < piece ? len - at : piece, &f->error),
			    CF_OK);
		assert_int_equal(f->taken, 2);
		assert_memory_equal(f->last, "two and more", 12);
		assert_true(cf_frames_ended(f->frames));
		cf_frames_free(f->frames);
		assert_int_equal(cf_frames_new(on_frame, f, &f->frames), CF_OK);
	}
}

static void a_greeting_is_answered_and_so_is_the_end(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[512], accept[128], finish[16];
	size_t greeting = put_control(bytes, 4, TYPE), len, got;
	const uint8_t *reply;

	assert_int_equal(cf_frames_feed(f->frames, bytes, greeting, &f->error), CF_OK);
	reply = cf_frames_reply(f->frames, &got);
	len = put_control(accept, 1, TYPE);
	assert_int_equal(got, len);
	assert_memory_equal(reply, accept, len);
	assert_false(cf_frames_begun(f->frames));
	len = whole_stream(bytes, false);
	assert_int_equal(cf_frames_feed(f->frames, bytes, len, &f->error), CF_OK);
	reply = cf_frames_reply(f->frames, &got);
	len = put_control(finish, 5, NULL);
	assert_int_equal(got, len);
	assert_memory_equal(reply, finish, len);
	(void)cf_frames_reply(f->frames, &got);
	assert_int_equal(got, 0);
}

static void a_file_is_not_answered(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[512];
	size_t len = whole_stream(bytes, false), got;

	assert_true(cf_frames_between(f->frames));
	assert_int_equal(cf_frames_feed(f->frames, bytes, len, &f->error), CF_OK);
	(void)cf_frames_reply(f->frames, &got);
	assert_int_equal(got, 0);
	assert_int_equal(f->taken, 2);
	assert_true(cf_frames_between(f->frames));
	assert_int_equal(cf_frames_feed(f->frames, bytes, 1, &f->error), CF_EMALFORMED);
}

static void refuse(struct fixture *f, const uint8_t *bytes, size_t len, enum cf_status status)
{
	f->taken = 0;
	assert_int_equal(cf_frames_feed(f->frames, bytes, len, &f->error), status);
	assert_true(f->error.text[0] != '\0');
	assert_int_equal(f->taken, 0);
	cf_frames_free(f->frames);
	assert_int_equal(cf_frames_new(on_frame, f, &f->frames), CF_OK);
}

static void what_is_no_stream_of_dnstap_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[1024];
	size_t len;

	refuse(f, (const uint8_t *)"GET / HTTP/1.1\r\n", 16, CF_EMALFORMED);
	len = put_control(bytes, 4, "protobuf:something.Else");
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put_control(bytes, 2, "protobuf:something.Else");
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put_control(bytes, 3, NULL); /* the end before the beginning */
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put_control(bytes, 77, NULL);
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put32(bytes, 0);
	len += put32(bytes + len, 513); /* longer than any control frame */
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put32(bytes, 0);
	len += put32(bytes + len, 0);
	refuse(f, bytes, len, CF_EMALFORMED);
	len = put_control(bytes, 4, TYPE);
	len += put_control(bytes + len, 4, TYPE); /* greets twice */
	refuse(f, bytes, len, CF_EMALFORMED);
}

static void frames_are_bounded(void **state)
{
	static const uint8_t nothing[4096];
	struct fixture *f = *state;
	uint8_t bytes[128];
	size_t len = put_control(bytes, 2, TYPE);

	len += put32(bytes + len, CF_TAP_FRAME_BYTES);
	assert_int_equal(cf_frames_feed(f->frames, bytes, len, &f->error), CF_OK);
	for (size_t left = CF_TAP_FRAME_BYTES; left > 0; left -= sizeof nothing) {
		assert_false(cf_frames_between(f->frames));
		assert_int_equal(
		    cf_frames_feed(f->frames, nothing, sizeof nothing, &f->error), CF_OK);
	}
	assert_int_equal(f->taken, 1);
	assert_int_equal(f->last_len, CF_TAP_FRAME_BYTES);
	len = put32(bytes, CF_TAP_FRAME_BYTES + 1);
	assert_int_equal(cf_frames_feed(f->frames, bytes, len, &f->error), CF_ETOOBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_stream_may_come_in_any_pieces, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        a_greeting_is_answered_and_so_is_the_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_file_is_not_answered, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_is_no_stream_of_dnstap_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(frames_are_bounded, setup, teardown),
	};

	_Static_assert(CF_TAP_FRAME_BYTES % 4096 == 0, "fed in such pieces");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
