/* Steps of HTTP/2 in a TCP stream: its preface, and frame after frame (RFC 9113 3.4, 4.1). */
#pragma once

#include "monitor/message/stream_step.h"
#include "monitor/packet/observer.h"

struct cf_decoder;

/* The preface is at the beginning: from here on there are frames, or nothing that can be read. */
struct cf_step_result cf_step_http2_begin(
    struct cf_decoder *decoder, const struct cf_packet *packet);
/* A frame: those with headers are read whole and in order, for each needs the ones before. */
struct cf_step_result cf_step_http2(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes);
