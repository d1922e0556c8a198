/*
 * Leases as claims in a hit log, where the ledger finds them. Privacy is the policy's: pseudonyms
 * in the sensors' logs, pseudonyms here. One thread.
 */
#pragma once

#include "monitor/leases/leases.h"
#include "records/write/log.h"

struct cf_lease_import {
	/* The caller's. */
	const char *log_path; /* NULL: the image's, else the default */
	const char *log_default;
	const char *image_path; /* its privacy settings are kept to; need not be there */
	const char *sensor;
	uint16_t vlan;
	int64_t at_wall_s; /* nothing is known later than this */
	/* What came of it. */
	struct cf_log *log;
	struct cf_producer *producer;
	unsigned written;
};

/* Opens the log. As cf_image_open(), cf_log_open(); CF_ENOMEM. End it in any case. */
enum cf_status cf_lease_import_begin(
    struct cf_lease_import *import, struct cf_error *error) CF_MUST_CHECK;

/* Writes one lease; a cf_lease_found whose arg is the import. */
void cf_lease_import_take(void *arg, const struct cf_lease *lease);

/* Closes the log. CF_EIO when something could not be written. */
enum cf_status cf_lease_import_end(
    struct cf_lease_import *import, struct cf_error *error) CF_MUST_CHECK;
