/*
 * NetBIOS names (RFC 1002) that hosts claim for themselves: registrations, refreshes and answers on
 * port 137, and the source of datagrams on port 138. Pure; any thread.
 */
#pragma once

#include "base/addr.h"
#include "monitor/packet/observer.h"

#include <stdbool.h>

/* Fifteen characters and terminator; trailing blanks are left out. */
#define CF_NETBIOS_BYTES 16

struct cf_netbios {
	char name[CF_NETBIOS_BYTES];
	struct cf_addr addr; /* that claims it */
};

/* False when the message claims no unique workstation or server name. */
bool cf_nbns_read(struct cf_slice message, struct cf_netbios *netbios_out);
bool cf_nbdgm_read(struct cf_slice message, struct cf_netbios *netbios_out);
