/*
 * QUIC Initial packets (RFC 9000 17.2, RFC 9001): opens them and puts the ClientHello together from
 * CRYPTO frames, in whatever order and number of packets they come.
 *
 * One struct cf_quic belongs to one decoder. Handshakes that fit one packet, as most do, leave no
 * state.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

struct cf_decoder;
struct cf_quic;

/* CF_ENOMEM. */
enum cf_status cf_quic_new(struct cf_quic **quic_out) CF_MUST_CHECK;
void cf_quic_free(struct cf_quic *quic);

/* Looks at the UDP payload of decoder->packet and reports a ClientHello that it completes. */
void cf_quic_datagram(struct cf_quic *quic, struct cf_decoder *decoder);

/* Handshakes begun and neither finished nor given up. */
unsigned cf_quic_waiting(const struct cf_quic *quic);

/* Reports and forgets handshakes that began before before_wall_us. */
void cf_quic_reap(struct cf_quic *quic, struct cf_decoder *decoder, int64_t before_wall_us);
