/*
 * The packet decoder: frames in, observations out (observer.h).
 *
 * One decoder belongs to one thread. It owns all its tables, bounded by base/limits.h and allocated
 * in cf_decoder_new(); decoding allocates nothing and reads no clock: time is the packets' own. A
 * flow whose two directions go to different decoders is still decoded, each direction for itself.
 */
#pragma once

#include "base/status.h"
#include "monitor/decode/observer.h"

#include <stdint.h>

struct cf_decoder;

/* What went wrong or was given up, by reason. cf_decode_counter_text() names each for heartbeats.
 */
enum cf_decode_counter {
	CF_COUNT_FRAMES,              /* frames given to the decoder */
	CF_COUNT_FRAME_BYTES,         /* their bytes on the wire */
	CF_COUNT_FRAMES_CUT,          /* frames longer on the wire than captured */
	CF_COUNT_LINK_UNKNOWN,        /* link type that is not decoded */
	CF_COUNT_LINK_MALFORMED,      /* link header runs past the frame */
	CF_COUNT_NOT_IP,              /* another protocol than IP or ARP; not an error */
	CF_COUNT_IP_PACKETS,          /* innermost IP packets */
	CF_COUNT_IP_MALFORMED,        /* impossible IP header */
	CF_COUNT_TRANSPORT_MALFORMED, /* TCP, UDP or ICMP header runs past the packet */
	/* Packets in tunnels that are not read: all of them, and of which kind. */
	CF_COUNT_TUNNELS_UNREAD,
	CF_COUNT_UNREAD_GRE,   /* of a type or version that is not known */
	CF_COUNT_UNREAD_IPSEC, /* ESP, by itself or in UDP */
	CF_COUNT_UNREAD_L2TP3, /* version 3 over IP, whose cookies nobody announces */
	CF_COUNT_UNREAD_IP,    /* another IP protocol that carries packets */
	CF_COUNT_UNREAD_UDP, /* on a tunnel's UDP port, encrypted or of a kind that is not known */
	CF_COUNT_UNREAD_VPN, /* WireGuard, OpenVPN */
	CF_COUNT_UNREAD_MACSEC,     /* encrypted */
	CF_COUNT_UNREAD_ETHER,      /* behind an EtherType that carries frames */
	CF_COUNT_UNREAD_WIFI,       /* 802.11 data, encrypted */
	CF_COUNT_TUNNEL_TOO_DEEP,   /* more than CF_TUNNEL_DEPTH headers in each other */
	CF_COUNT_FRAGMENTS,         /* IP fragments seen */
	CF_COUNT_FRAGMENTS_REFUSED, /* impossible or overlapping past the bounds */
	CF_COUNT_FRAGMENTS_EVICTED, /* unfinished datagram dropped for a newer one */
	CF_COUNT_FRAGMENTS_EXPIRED, /* unfinished datagram older than CF_FRAGMENT_LIFE_S */
	CF_COUNT_STREAMS_EVICTED,   /* unfinished message dropped for a newer one */
	CF_COUNT_TAILS_EVICTED, /* bytes without a beginning dropped for newer ones; not an error */
	CF_COUNT_STREAMS_EXPIRED,   /* unfinished message older than CF_STREAM_LIFE_S */
	CF_COUNT_STREAMS_TOO_LONG,  /* message longer than CF_STREAM_BYTES, or in too many pieces */
	CF_COUNT_POSITIONS_EVICTED, /* place in a TCP stream forgotten for a newer one */
	CF_COUNT_OPENINGS_EVICTED, /* connection that only ever had a SYN, likewise; not an error */
	CF_COUNT_DNS_MESSAGES,
	CF_COUNT_DNS_MALFORMED,
	CF_COUNT_TLS_HELLOS,
	CF_COUNT_TLS_MALFORMED,
	CF_COUNT_QUIC_INITIALS, /* client Initials opened */
	CF_COUNT_QUIC_HELLOS,
	CF_COUNT_QUIC_UNOPENED, /* long-header packets that no key of ours opens */
	CF_COUNT_QUIC_EVICTED,  /* unfinished handshake dropped for a newer one */
	CF_COUNT_QUIC_MALFORMED,
	CF_COUNT_HTTP_REQUESTS,
	CF_COUNT_HTTP_RESPONSES,
	CF_COUNT_SOCKS_REQUESTS, /* by name */
	CF_COUNT_MAX
};

struct cf_decoder_counters {
	uint64_t at[CF_COUNT_MAX];
};

/* "fragments_evicted" and the like; static storage. */
const char *cf_decode_counter_text(enum cf_decode_counter counter);

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
