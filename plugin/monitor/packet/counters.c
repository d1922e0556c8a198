/* The counters' names. */

#include "monitor/packet/counters.h"

const char *cf_decode_counter_text(enum cf_decode_counter counter)
{
	static const char *const texts[CF_COUNT_MAX] = {
	    [CF_COUNT_FRAMES] = "frames",
	    [CF_COUNT_FRAME_BYTES] = "frame_bytes",
	    [CF_COUNT_FRAMES_CUT] = "frames_cut",
	    [CF_COUNT_LINK_UNKNOWN] = "link_unknown",
	    [CF_COUNT_LINK_MALFORMED] = "link_malformed",
	    [CF_COUNT_NOT_IP] = "not_ip",
	    [CF_COUNT_IP_PACKETS] = "ip_packets",
	    [CF_COUNT_IP_MALFORMED] = "ip_malformed",
	    [CF_COUNT_TRANSPORT_MALFORMED] = "transport_malformed",
	    [CF_COUNT_TUNNELS_UNREAD] = "tunnels_unread",
	    [CF_COUNT_UNREAD_GRE] = "unread_gre",
	    [CF_COUNT_UNREAD_IPSEC] = "unread_ipsec",
	    [CF_COUNT_UNREAD_L2TP3] = "unread_l2tp3",
	    [CF_COUNT_UNREAD_IP] = "unread_ip",
	    [CF_COUNT_UNREAD_UDP] = "unread_udp",
	    [CF_COUNT_UNREAD_VPN] = "unread_vpn",
	    [CF_COUNT_UNREAD_MACSEC] = "unread_macsec",
	    [CF_COUNT_UNREAD_ETHER] = "unread_ether",
	    [CF_COUNT_UNREAD_WIFI] = "unread_wifi",
	    [CF_COUNT_TUNNEL_TOO_DEEP] = "tunnel_too_deep",
	    [CF_COUNT_FRAGMENTS] = "fragments",
	    [CF_COUNT_FRAGMENTS_REFUSED] = "fragments_refused",
	    [CF_COUNT_FRAGMENTS_EVICTED] = "fragments_evicted",
	    [CF_COUNT_FRAGMENTS_EXPIRED] = "fragments_expired",
	    [CF_COUNT_STREAMS_EVICTED] = "streams_evicted",
	    [CF_COUNT_TAILS_EVICTED] = "tails_evicted",
	    [CF_COUNT_STREAMS_EXPIRED] = "streams_expired",
	    [CF_COUNT_STREAMS_TOO_LONG] = "streams_too_long",
	    [CF_COUNT_POSITIONS_EVICTED] = "positions_evicted",
	    [CF_COUNT_OPENINGS_EVICTED] = "openings_evicted",
	    [CF_COUNT_DNS_MESSAGES] = "dns_messages",
	    [CF_COUNT_DNS_MALFORMED] = "dns_malformed",
	    [CF_COUNT_TLS_HELLOS] = "tls_hellos",
	    [CF_COUNT_TLS_MALFORMED] = "tls_malformed",
	    [CF_COUNT_QUIC_INITIALS] = "quic_initials",
	    [CF_COUNT_QUIC_HELLOS] = "quic_hellos",
	    [CF_COUNT_QUIC_UNOPENED] = "quic_unopened",
	    [CF_COUNT_QUIC_EVICTED] = "quic_evicted",
	    [CF_COUNT_QUIC_MALFORMED] = "quic_malformed",
	    [CF_COUNT_HTTP_REQUESTS] = "http_requests",
	    [CF_COUNT_HTTP_RESPONSES] = "http_responses",
	    [CF_COUNT_HTTP_FIELDS_LEFT_OUT] = "http_fields_left_out",
	    [CF_COUNT_HTTP2_EVICTED] = "http2_evicted",
	    [CF_COUNT_HTTP2_LOST] = "http2_lost",
	    [CF_COUNT_SOCKS_REQUESTS] = "socks_requests",
	};

	return counter < CF_COUNT_MAX ? texts[counter] : "";
}
