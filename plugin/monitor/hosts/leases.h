/*
 * Lease files of DHCP servers: ISC dhcpd, Kea's memfile (CSV, v4 and v6), dnsmasq. They say which
 * address had which MAC and name, from when to when, in times that no sensor saw.
 *
 * The files are other programs' and may be damaged: what cannot be read is counted with a reason.
 * Pure; any thread; strings handed over live until the callback returns.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "monitor/decode/observer.h"

#include <stdbool.h>
#include <stdint.h>

enum cf_lease_format {
	CF_LEASES_AUTO = 0, /* told by the first lines */
	CF_LEASES_DHCPD,
	CF_LEASES_KEA,
	CF_LEASES_DNSMASQ,
};

struct cf_lease {
	struct cf_addr addr;
	bool has_mac;
	uint8_t mac[6];
	int64_t from_wall_s; /* 0: the file does not say */
	int64_t to_wall_s;   /* when it ends or ended; INT64_MAX never */
	char name[CF_HOST_NAME_BYTES];
	uint8_t client_id[CF_CLIENT_ID_BYTES];
	unsigned client_id_bytes;
	unsigned line; /* where it begins, from 1 */
};

struct cf_leases_report {
	enum cf_lease_format format; /* as found */
	unsigned leases, ignored;    /* ignored: free, declined or abandoned ones */
	unsigned bad;
	unsigned first_bad_line;
	const char *first_bad_reason; /* static; NULL none */
};

typedef void cf_lease_found(void *arg, const struct cf_lease *lease);

/* "isc-dhcpd" "kea" "dnsmasq"; AUTO for other words. */
enum cf_lease_format cf_lease_format_parse(const char *text);
const char *cf_lease_format_text(enum cf_lease_format format);

/*
 * Reads the whole file in text. CF_EUNSUPPORTED: the format cannot be told. A file with bad lines
 * is read as far as it goes, CF_OK; *report_out says what was left out.
 */
enum cf_status cf_leases_read(struct cf_slice text, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_leases_report *report_out) CF_MUST_CHECK;
