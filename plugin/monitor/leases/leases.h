/*
 * Lease files of DHCP servers: ISC dhcpd (v4, v6), Kea's memfile (CSV, v4 and v6), dnsmasq. They
 * say which address had which MAC and name, from when to when and why no longer, in times that no
 * sensor saw. They are journals: later rows end what earlier ones say (lease_journal.h).
 *
 * The files are other programs' and may be damaged: what cannot be read is counted with a reason.
 * Pure; any thread; strings handed over live until the callback returns.
 */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "base/status.h"
#include "monitor/packet/observer.h"

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
	uint8_t end;         /* enum cf_identity_end: why then */
	char name[CF_HOST_NAME_BYTES];
	uint8_t client_id[CF_CLIENT_ID_BYTES];
	unsigned client_id_bytes;
	unsigned line; /* where it begins, from 1 */
};

struct cf_leases_report {
	enum cf_lease_format format; /* as found */
	unsigned leases, ignored;    /* ignored: rows about addresses that nobody had */
	unsigned bad;
	unsigned first_bad_line;
	const char *first_bad_reason; /* static; NULL none */
};

typedef void cf_lease_found(void *arg, const struct cf_lease *lease);

/* "isc-dhcpd" "kea" "dnsmasq"; AUTO for other words. */
enum cf_lease_format cf_lease_format_parse(const char *text);
const char *cf_lease_format_text(enum cf_lease_format format);

/* The format of a file by its first lines; AUTO when they do not show it, or there are none. */
enum cf_lease_format cf_leases_guess(struct cf_slice text);

/* One journal, in one file or in several that follow each other (Kea's clean-up leaves such). */
struct cf_leases;

/* found gets each lease once it is known when it ended, the rest at cf_leases_finish(). CF_ENOMEM.
 */
enum cf_status cf_leases_new(
    cf_lease_found *found, void *arg, struct cf_leases **leases_out) CF_MUST_CHECK;
void cf_leases_free(struct cf_leases *leases);

/*
 * Reads the whole file in text, the next of the journal; an empty one says nothing.
 * CF_EUNSUPPORTED: the format cannot be told. A file with bad lines is read as far as it goes,
 * CF_OK; the report says what was left out. CF_ENOMEM.
 */
enum cf_status cf_leases_take(
    struct cf_leases *leases, struct cf_slice text, enum cf_lease_format format) CF_MUST_CHECK;
void cf_leases_finish(struct cf_leases *leases, struct cf_leases_report *report_out);

/* All of that for a journal in one file. */
enum cf_status cf_leases_read(struct cf_slice text, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_leases_report *report_out) CF_MUST_CHECK;
