/* What the decoder counted, by reason; docs and heartbeats name each by its text. Plain numbers. */
#pragma once

#include <stdint.h>

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
	CF_COUNT_HTTP_FIELDS_LEFT_OUT, /* heads with more fields than are looked at */
	CF_COUNT_SOCKS_REQUESTS,       /* by name */
	CF_COUNT_HTTP2_EVICTED,        /* HTTP/2 connection given up for a newer one */
	CF_COUNT_HTTP2_LOST,           /* ... whose headers could not be read any more */
	CF_COUNT_MAX
};

struct cf_decoder_counters {
	uint64_t at[CF_COUNT_MAX];
};

/* "fragments_evicted" and the like; static storage. */
const char *cf_decode_counter_text(enum cf_decode_counter counter);
