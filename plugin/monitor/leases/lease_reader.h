/*
 * What the readers of lease files share, for monitor/leases/lease*.c alone:
 * lines out of the text, words of a line, and where a lease goes once it is read. One thread.
 */
#pragma once

#include "monitor/leases/lease_journal.h"

/* A line longer than this, its terminator included, is no lease file's. */
#define CF_LEASE_LINE_BYTES 4096

struct cf_lease_reader {
	const char *at, *end; /* of the text, which is borrowed */
	unsigned line;        /* the one read last, from 1 */
	struct cf_lease_journal *journal;
	enum cf_status status; /* CF_ENOMEM, once there was none */
	struct cf_leases_report report;
};

/*
 * The next line without its end, terminated; one too long is reported and empty. False at the end
 * of the text.
 */
bool cf_lease_next_line(struct cf_lease_reader *reader, char line[CF_LEASE_LINE_BYTES]);

/* Counts what cannot be read; the first keeps its line and reason (static text). */
void cf_lease_bad(struct cf_lease_reader *reader, unsigned line, const char *reason);

/* Puts a row into the journal; one that says nothing there is counted as ignored. */
void cf_lease_row(
    struct cf_lease_reader *reader, enum cf_lease_row_kind kind, const struct cf_lease *lease);

/* "01:02:0a" or "01020a" into bytes; their number, 0 when it is not such or more than size. */
unsigned cf_lease_hex(const char *text, uint8_t *bytes, unsigned size);

/* Six bytes in hex. False, and the lease as it was, for anything else. */
bool cf_lease_mac(const char *text, struct cf_lease *lease);

/* Seconds since 1970 or of a duration, up to the year 9999. False, and *seconds_out untouched. */
bool cf_lease_seconds(const char *text, int64_t *seconds_out);

/* Without its last dot, cut to what a host's name may have. */
void cf_lease_name(struct cf_lease *lease, const char *name);

/* The three formats: each reads to the end of the text. */
void cf_leases_dhcpd(struct cf_lease_reader *reader);
void cf_leases_kea(struct cf_lease_reader *reader);
void cf_leases_dnsmasq(struct cf_lease_reader *reader);
