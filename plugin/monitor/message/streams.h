/*
 * Messages in TCP streams: finds where they begin, puts them together from segments in any order,
 * and has them read (TLS, HTTP/1, DNS over TCP).
 *
 * This is no general flow table. Of each direction of a connection it remembers where the next
 * message begins (16 bytes), and it holds bytes only while a message is unfinished:
 *
 *   position known   SYN seen, or a message ended here: a segment at the position is read in place,
 *                    one behind it waits for the hole to be filled
 *   position unknown the first bytes of a connection that was under way already wait, in case their
 *                    beginning comes late
 *   deaf             a body to the end of the connection: nothing in it is read
 *   done             nothing of ours, or all we wanted: only a segment that looks like the
 * beginning of a message is read
 *
 * A hole never stops what comes behind it: a segment that begins like a message is read as one,
 * hole or no hole, unless it lies within a body whose framing is known (RFC 9112 6.3), or comes
 * from the side that does not send such messages. Where nothing before it was read, it is marked
 * "unsure". A message can thus be reported twice. The first copy of a byte wins.
 */
#pragma once

#include "base/status.h"
#include "monitor/packet/observer.h"

struct cf_decoder;
struct cf_streams;

/* CF_ENOMEM. Buffers are reserved, not touched, until messages wait. */
enum cf_status cf_streams_new(struct cf_streams **streams_out) CF_MUST_CHECK;
void cf_streams_free(struct cf_streams *streams);

/*
 * Takes the TCP segment in decoder->packet, which has payload or a SYN; hash is cf_packet_hash() of
 * it. cf_streams_prefetch() with the same hash, some work earlier, saves waiting for memory.
 */
void cf_streams_segment(struct cf_streams *streams, struct cf_decoder *decoder, uint64_t hash);
void cf_streams_prefetch(const struct cf_streams *streams, uint64_t hash);

/* Reports what is known of, and forgets, messages that began before before_wall_us. */
void cf_streams_reap(
    struct cf_streams *streams, struct cf_decoder *decoder, int64_t before_wall_us);
