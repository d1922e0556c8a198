/*
 * AS numbers of addresses from a MaxMind DB file (GeoLite2-ASN, DB-IP ASN Lite, or the pack's own
 * small one). A reader may be used by any number of threads; it never allocates after opening.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* An organisation's name as kept; longer ones are cut. */
#define CF_ASN_ORG_BYTES 96

struct cf_asn_db;

/*
 * Opens the file at path. CF_EIO or CF_EMALFORMED with *error (may be NULL) filled; also when the
 * database holds no autonomous_system_number at all (another kind of database).
 */
enum cf_status cf_asn_open(
    const char *path, struct cf_asn_db **db_out, struct cf_error *error) CF_MUST_CHECK;
void cf_asn_close(struct cf_asn_db *db);

/* The number that originates addr; org (may be NULL) gets its name or "". False when not known. */
bool cf_asn_find(const struct cf_asn_db *db, const struct cf_addr *addr, uint32_t *asn_out,
    char org[CF_ASN_ORG_BYTES]);
