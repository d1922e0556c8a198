/*
 * Packets from a network interface through libpcap (TPACKET_V3 on Linux): opened with privileges,
 * read without. Never sends.
 *
 * `nflog:GROUP` is a group of the kernel's packet log instead of an interface (nfnetlink_log).
 *
 * A capture belongs to one thread at a time. Several captures of one interface may share its
 * packets by fanout: the kernel hands both directions of a flow to the same one.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_capture;
struct sock_filter;

struct cf_capture_options {
	const char *interface;
	unsigned buffer_mib;
	bool promiscuous;
	unsigned fanout_index; /* 0 for the first of fanout_count captures, and so on */
	unsigned fanout_count; /* 1: no fanout */
	uint16_t
	    *fanout_group; /* shared by the captures of one interface; the first one fills it */
};

struct cf_capture_stats {
	uint64_t kernel_drops; /* the ring was full */
	uint64_t iface_drops;  /* the interface's own count */
};

/* What can come in through an interface at all. */
enum cf_link {
	CF_LINK_UP,
	CF_LINK_NO_CARRIER, /* set up, but nothing at the other end */
	CF_LINK_DOWN,       /* set down */
	CF_LINK_GONE,       /* no such interface any more, or another one of that name */
};

/* "up" "no_carrier" "down" "gone"; static. */
const char *cf_link_text(enum cf_link link);

/* CF_EIO with *error filled: no such interface, no permission ... */
enum cf_status cf_capture_open(const struct cf_capture_options *options,
    struct cf_capture **capture_out, struct cf_error *error) CF_MUST_CHECK;
void cf_capture_close(struct cf_capture *capture);

int cf_capture_link_type(const struct cf_capture *capture);

/* True when it reads a packet log, where silence is the rule. */
bool cf_capture_is_log(const struct cf_capture *capture);

/* The interface's state at this moment; `any` and a packet log are always up. Any thread. */
enum cf_link cf_capture_link(const struct cf_capture *capture);

/*
 * Attaches a classic BPF program in the kernel and locks it there. CF_EIO with *error filled when
 * the kernel refuses: nothing is filtered in user space instead.
 */
enum cf_status cf_capture_filter(struct cf_capture *capture, const struct sock_filter *code,
    unsigned length, struct cf_error *error) CF_MUST_CHECK;

/*
 * After cf_capture_read() failed: listens again on an interface that has come back under its name.
 * False while it has not, or when the capture shares its packets with others (fanout), which the
 * kernel does not undo. Allowed in the sandbox, with cf_capture_fd() named there.
 */
bool cf_capture_rejoin(struct cf_capture *capture);
int cf_capture_fd(const struct cf_capture *capture);

/* One packet; data lives until the function returns. */
typedef void cf_capture_packet(void *arg, int64_t at_wall_us, const uint8_t *data,
    uint32_t captured_bytes, uint32_t wire_bytes);

/*
 * Waits up to wait_ms for packets and hands over what is there, at most about one block of the
 * ring. *count_out is their number, 0 when none came. CF_EIO: the interface is gone; *error says
 * so.
 */
enum cf_status cf_capture_read(struct cf_capture *capture, int wait_ms, cf_capture_packet *packet,
    void *arg, unsigned *count_out, struct cf_error *error) CF_MUST_CHECK;

/* Totals since opening. In the capture's own thread. */
void cf_capture_stats(struct cf_capture *capture, struct cf_capture_stats *stats_out);
