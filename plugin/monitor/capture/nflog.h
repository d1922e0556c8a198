/*
 * What an NFLOG group needs besides libpcap: the kernel numbers what it hands over, so that what
 * it could not is known to the packet, and its queue is as large as asked.
 *
 * One thread a group. Source: linux/netfilter/nfnetlink_log.h, net/netfilter/nfnetlink_log.c.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at first. */
struct cf_nflog {
	bool begun;
	uint32_t next; /* the number that the next packet should have */
	uint64_t lost; /* numbers that never came: the queue was full */
};

/* True of "nflog" and "nflog:GROUP", as libpcap names them. */
bool cf_nflog_is_name(const char *interface);
/* True when rules log to one of them: then the exact counters of these belong to the run. */
bool cf_nflog_is_among(const char *const *interfaces, unsigned count);

/*
 * Has the kernel number the packets of the group that socket fd is bound to, and gives the socket a
 * queue of queue_mib. Needs CAP_NET_ADMIN. CF_EIO with *error.
 */
enum cf_status cf_nflog_open(struct cf_nflog *nflog, int fd, const char *interface,
    unsigned queue_mib, struct cf_error *error) CF_MUST_CHECK;

/* Takes the number of a packet (LINKTYPE_NFLOG); one without is not counted. */
void cf_nflog_count(struct cf_nflog *nflog, const uint8_t *data, size_t len);
