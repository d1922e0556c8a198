/*
 * The packet decoder: frames in, observations out (observer.h).
 *
 * One decoder belongs to one thread. It owns all its tables, bounded by base/limits.h and allocated
 * in cf_decoder_new(); decoding allocates nothing and reads no clock: time is the packets' own. A
 * flow whose two directions go to different decoders is still decoded, each direction for itself.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/counters.h"
#include "monitor/packet/observer.h"

#include <stdint.h>

struct cf_decoder;

/*
 * A new decoder that reports to *observer (copied). seed keys the hash tables: give it random bits
 * where the traffic is hostile, any constant where results must repeat. CF_ENOMEM.
 */
enum cf_status cf_decoder_new(const struct cf_observer *observer, uint64_t seed,
    struct cf_decoder **decoder_out) CF_MUST_CHECK;
/* Frees without reporting what is unfinished; NULL is fine. */
void cf_decoder_free(struct cf_decoder *decoder);

/*
 * Decodes one frame of captured bytes at data that was wire_bytes long. link_type is a LINKTYPE_ or
 * DLT_ number (libpcap's pcap_datalink()); interface comes back in struct cf_packet. captured may
 * be 0. Never fails: what cannot be read is counted.
 */
void cf_decoder_packet(struct cf_decoder *decoder, int link_type, uint32_t interface,
    int64_t at_wall_us, const uint8_t *data, size_t captured, size_t wire_bytes);

/*
 * A frame that will be given soon: has the memory fetched that decoding it will look at, so that
 * several frames wait for it at the same time. A hint that changes nothing but time.
 */
void cf_decoder_expect(
    const struct cf_decoder *decoder, int link_type, const uint8_t *data, size_t captured);

/*
 * Gives up handshakes and datagrams that waited too long by at_wall_us, reporting what is known of
 * them. Call it about once a second of packet time or of idling.
 */
void cf_decoder_reap(struct cf_decoder *decoder, int64_t at_wall_us);

/* Reports what is known of everything unfinished, and forgets it: at the end of the last file. */
void cf_decoder_flush(struct cf_decoder *decoder);

const struct cf_decoder_counters *cf_decoder_counters_get(const struct cf_decoder *decoder);
