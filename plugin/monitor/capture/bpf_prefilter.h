/*
 * The kernel prefilter: a classic BPF program, made from the image, that passes what can matter and
 * drops the bulk in the kernel. Opt-in (`curfew monitor --prefilter`), for links that are too fast.
 *
 * Passed, whatever the ports of the other end: packets from and to listed networks and our
 * sinkhole; DNS, encrypted DNS, DHCP, NetBIOS, mDNS, LLMNR, SSDP; the products' LAN ports;
 * everything that is not IP (ARP), NDP, IP fragments, tunnels as a whole; TCP with SYN, FIN or RST;
 * TLS handshake records, what follows them towards port 443, HTTP requests and the beginning of
 * answers, everything towards port 80; QUIC packets with a long header; TCP payloads of less than
 * 16 bytes.
 *
 * Up to three VLAN tags, three MPLS labels, PPPoE, IPv4 options, and three IPv6 extension headers
 * are looked through. Pure; any thread.
 */
#pragma once

#include "base/status.h"
#include "image/image.h"
#include "monitor/capture/bpf_asm.h"

/* What the filter cannot see, as heartbeats state it. */
#define CF_PREFILTER_BLIND \
	"not seen: tls hellos in pieces off port 443, http headers in pieces off port 80, later " \
	"pieces of certificates, quiet hosts"

struct cf_prefilter {
	struct sock_filter code[BPF_MAXINSNS];
	unsigned length;
};

/*
 * The program for frames of link_type (a DLT_ number). CF_EUNSUPPORTED: only Ethernet can be
 * filtered; CF_ETOOBIG: the program does not fit the kernel's limit; CF_ENOMEM. *error is filled.
 */
enum cf_status cf_prefilter_build(const struct cf_image *image, int link_type,
    struct cf_prefilter *prefilter_out, struct cf_error *error) CF_MUST_CHECK;
