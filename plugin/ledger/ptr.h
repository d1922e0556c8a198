/*
 * Names of addresses that `curfew ledger ptr` asked the network for: LEDGER.ptr, one a line,
 * instant TAB addr@site TAB name ("" for asked, and there is none). A cache, not evidence: a host
 * that has no name of its own is shown by it. One thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_ptrs;

struct cf_ptr {
	int64_t asked_wall_s;
	const char *place; /* "10.0.0.5@berlin" */
	const char *name;
};

/* Reads the file beside ledger_path; none, or a damaged line, is fine: it is only a cache.
 * CF_ENOMEM. */
enum cf_status cf_ptrs_open(const char *ledger_path, struct cf_ptrs **ptrs_out) CF_MUST_CHECK;
void cf_ptrs_close(struct cf_ptrs *ptrs);

/* What is known of the place, or NULL. */
const struct cf_ptr *cf_ptrs_find(const struct cf_ptrs *ptrs, const char *addr, const char *site);

/* Adds or replaces; texts are copied. Writing is by cf_ptrs_save(). */
enum cf_status cf_ptrs_put(struct cf_ptrs *ptrs, const struct cf_ptr *ptr) CF_MUST_CHECK;

/* Replaces the file by rename. CF_EIO. */
enum cf_status cf_ptrs_save(
    const struct cf_ptrs *ptrs, const char *ledger_path, struct cf_error *error) CF_MUST_CHECK;
