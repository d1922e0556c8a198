/*
 * The lease file of a DHCP server as it lies on a disk: read whole, never mapped, for the server
 * goes on writing; with the files that Kea sets aside. One thread.
 */
#pragma once

#include "monitor/leases/leases.h"

struct cf_lease_files {
	struct cf_leases_report report;
	unsigned siblings; /* files that Kea had set aside */
};

/*
 * Reads the file at path, in the format given or the one that shows, and tells each lease, in order
 * of time. CF_EIO: it cannot be read, or is no regular file; CF_EUNSUPPORTED: its format does not
 * show; CF_ENOMEM. Places that are wrong are left out and counted in files_out->report.
 */
enum cf_status cf_lease_files_read(const char *path, enum cf_lease_format format,
    cf_lease_found *found, void *arg, struct cf_lease_files *files_out,
    struct cf_error *error) CF_MUST_CHECK;
