/*
 * Frame Streams, the reader's side: bytes as they come in, whole frames out. A stream of somebody
 * who is connected greets first and wants answers; a file, or a writer that was told to speak one
 * way, begins with START.
 *
 *   writer: READY -> ...        START -> frame frame ... STOP -> ...
 *   reader:          <- ACCEPT                                   <- FINISH
 *
 * The control frames are libfstrm's to read and make. Memory is bounded: one frame of at most
 * CF_TAP_FRAME_BYTES. A stream belongs to one thread. Source: the Frame Streams specification
 * (farsightsec/fstrm, fstrm/control.h).
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_frames;

/* One frame; payload lives until the callback returns. */
typedef void cf_frame_taken(void *arg, const uint8_t *payload, size_t len);

/* CF_ENOMEM. */
enum cf_status cf_frames_new(
    cf_frame_taken *taken, void *arg, struct cf_frames **frames_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_frames_free(struct cf_frames *frames);

/*
 * The next bytes of the stream. CF_EMALFORMED (no frame stream, or of something else than dnstap),
 * CF_ETOOBIG (a frame that is too long), with *error filled: what follows cannot be read. Bytes
 * behind the end are CF_EMALFORMED.
 */
enum cf_status cf_frames_feed(struct cf_frames *frames, const uint8_t *bytes, size_t len,
    struct cf_error *error) CF_MUST_CHECK;

/* What is to be sent to the writer, and forgets it; *len_out 0: nothing. Until the next feed. */
const uint8_t *cf_frames_reply(struct cf_frames *frames, size_t *len_out);

/* START was read: frames may come. */
bool cf_frames_begun(const struct cf_frames *frames);
/* STOP was read. */
bool cf_frames_ended(const struct cf_frames *frames);
/* Nothing is half read: a file may end here. */
bool cf_frames_between(const struct cf_frames *frames);
