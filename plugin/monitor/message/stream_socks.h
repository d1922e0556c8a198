/* Steps of SOCKS in a TCP stream: what a client asks a proxy for by name. */
#pragma once

#include "monitor/message/stream_step.h"
#include "monitor/packet/observer.h"

struct cf_decoder;

/* The longest SOCKS 4 request that is read, bytes. */
#define CF_SOCKS4_BYTES 512

/* SOCKS 5 (RFC 1928): greeting, then the request; TLS may come behind. */
struct cf_step_result cf_step_socks5(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes);

/* SOCKS 4 and 4a: port, address, user, and for 0.0.0.x a name. */
struct cf_step_result cf_step_socks4(struct cf_decoder *decoder, const struct cf_packet *packet,
    const struct cf_stream_view *view, struct cf_slice bytes);
