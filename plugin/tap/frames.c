/* A frame's head says how much is to be gathered next; then it is looked at. */

#include "tap/frames.h"

#include "base/bytes.h"
#include "base/limits.h"

#include <fstrm.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_TYPE "protobuf:dnstap.Dnstap"
#define HEAD_BYTES   4U

enum phase { GREETING, BEFORE_START, RUNNING, ENDED };
enum part { HEAD, CONTROL_HEAD, CONTROL, FRAME };

struct cf_frames {
	cf_frame_taken *taken;
	void *arg;
	struct fstrm_control *control;
	enum phase phase;
	enum part part;
	bool answers; /* the writer greeted */
	size_t have, need;
	size_t reply_len;
	uint8_t reply[2 * FSTRM_CONTROL_FRAME_LENGTH_MAX];
	uint8_t bytes[CF_TAP_FRAME_BYTES]; /* of the part that is gathered; touched where used */
};

static void expect(struct cf_frames *frames, enum part part, size_t need)
{
	frames->part = part;
	frames->need = need;
	frames->have = 0;
}

enum cf_status cf_frames_new(cf_frame_taken *taken, void *arg, struct cf_frames **frames_out)
{
	struct cf_frames *frames = malloc(sizeof *frames);

	if (frames == NULL)
		return CF_ENOMEM;
	frames->taken = taken;
	frames->arg = arg;
	frames->control = fstrm_control_init();
	frames->phase = GREETING;
	frames->answers = false;
	frames->reply_len = 0;
	expect(frames, HEAD, HEAD_BYTES);
	*frames_out = frames;
	return CF_OK;
}

void cf_frames_free(struct cf_frames *frames)
{
	if (frames == NULL)
		return;
	fstrm_control_destroy(&frames->control);
	free(frames);
}

/* Puts a control frame behind what is to be sent; there is room, for each comes once. */
static void answer(struct cf_frames *frames, fstrm_control_type type)
{
	size_t room = sizeof frames->reply - frames->reply_len;
	struct fstrm_control *control = fstrm_control_init();

	if (fstrm_control_set_type(control, type) == fstrm_res_success &&
	    (type != FSTRM_CONTROL_ACCEPT ||
	        fstrm_control_add_field_content_type(control, (const uint8_t *)CONTENT_TYPE,
	            strlen(CONTENT_TYPE)) == fstrm_res_success) &&
	    fstrm_control_encode(control, frames->reply + frames->reply_len, &room,
	        FSTRM_CONTROL_FLAG_WITH_HEADER) == fstrm_res_success)
		frames->reply_len += room;
	fstrm_control_destroy(&control);
}

/* What a control frame brings the stream to. False where it has no place. */
static bool turn(struct cf_frames *frames, fstrm_control_type type)
{
	if (type == FSTRM_CONTROL_READY && frames->phase == GREETING) {
		frames->answers = true;
		frames->phase = BEFORE_START;
		answer(frames, FSTRM_CONTROL_ACCEPT);
	} else if (type == FSTRM_CONTROL_START && frames->phase < RUNNING) {
		frames->phase = RUNNING;
	} else if (type == FSTRM_CONTROL_STOP && frames->phase == RUNNING) {
		frames->phase = ENDED;
		if (frames->answers)
			answer(frames, FSTRM_CONTROL_FINISH);
	} else {
		return false;
	}
	return true;
}

static enum cf_status on_control(struct cf_frames *frames, struct cf_error *error)
{
	fstrm_control_type type;

	if (fstrm_control_decode(frames->control, frames->bytes, frames->need, 0) !=
	        fstrm_res_success ||
	    fstrm_control_get_type(frames->control, &type) != fstrm_res_success)
		return cf_error_set(error, CF_EMALFORMED, "no control frame where one begins");
	if ((type == FSTRM_CONTROL_READY || type == FSTRM_CONTROL_START) &&
	    fstrm_control_match_field_content_type(frames->control, (const uint8_t *)CONTENT_TYPE,
	        strlen(CONTENT_TYPE)) != fstrm_res_success)
		return cf_error_set(error, CF_EMALFORMED, "frames of something else than dnstap");
	if (!turn(frames, type))
		return cf_error_set(error, CF_EMALFORMED, "control frame %s out of place",
		    fstrm_control_type_to_str(type));
	expect(frames, HEAD, HEAD_BYTES);
	return CF_OK;
}

/* A length: of a frame, or 0 before a control frame. */
static enum cf_status on_head(struct cf_frames *frames, struct cf_error *error)
{
	struct cf_bytes head = cf_bytes_make(frames->bytes, HEAD_BYTES);
	uint32_t len = cf_bytes_be32(&head);

	if (frames->part == CONTROL_HEAD) {
		if (len == 0 || len > FSTRM_CONTROL_FRAME_LENGTH_MAX)
			return cf_error_set(
			    error, CF_EMALFORMED, "no control frame where one begins");
		expect(frames, CONTROL, len);
	} else if (len == 0) {
		expect(frames, CONTROL_HEAD, HEAD_BYTES);
	} else if (frames->phase != RUNNING) {
		return cf_error_set(error, CF_EMALFORMED, "no frame stream");
	} else if (len > CF_TAP_FRAME_BYTES) {
		return cf_error_set(error, CF_ETOOBIG, "a frame of %lu bytes", (unsigned long)len);
	} else {
		expect(frames, FRAME, len);
	}
	return CF_OK;
}

static enum cf_status on_part(struct cf_frames *frames, struct cf_error *error)
{
	switch (frames->part) {
	case HEAD:
	case CONTROL_HEAD:
		return on_head(frames, error);
	case CONTROL:
		return on_control(frames, error);
	case FRAME:
		frames->taken(frames->arg, frames->bytes, frames->need);
		expect(frames, HEAD, HEAD_BYTES);
		return CF_OK;
	}
	return CF_OK;
}

enum cf_status cf_frames_feed(
    struct cf_frames *frames, const uint8_t *bytes, size_t len, struct cf_error *error)
{
	enum cf_status status = CF_OK;

	while (len > 0 && status == CF_OK) {
		size_t part = frames->need - frames->have;

		if (frames->phase == ENDED)
			return cf_error_set(error, CF_EMALFORMED, "bytes behind the end");
		if (part > len)
			part = len;
		memcpy(frames->bytes + frames->have, bytes, part);
		frames->have += part;
		bytes += part;
		len -= part;
		if (frames->have == frames->need)
			status = on_part(frames, error);
	}
	return status;
}

const uint8_t *cf_frames_reply(struct cf_frames *frames, size_t *len_out)
{
	*len_out = frames->reply_len;
	frames->reply_len = 0;
	return frames->reply;
}

bool cf_frames_begun(const struct cf_frames *frames)
{
	return frames->phase >= RUNNING;
}

bool cf_frames_ended(const struct cf_frames *frames)
{
	return frames->phase == ENDED;
}

bool cf_frames_between(const struct cf_frames *frames)
{
	return frames->part == HEAD && frames->have == 0;
}
