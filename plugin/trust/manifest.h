/*
 * The digests of the files of a folder, as `sha256sum` writes and checks them: 64 digits, two
 * blanks, the path; one file a line, sorted. The manifest itself and its signature are not in it.
 * One thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>

#define CF_MANIFEST_NAME      "MANIFEST"
#define CF_MANIFEST_SIGNATURE "MANIFEST.minisig"

/* Digests what lies below folder. *text_out is the caller's, terminated. As cf_crate_walk(). */
enum cf_status cf_manifest_make(
    const char *folder, char **text_out, size_t *len_out, struct cf_error *error) CF_MUST_CHECK;

enum cf_manifest_fault {
	CF_MANIFEST_CHANGED,  /* other bytes than the manifest says */
	CF_MANIFEST_MISSING,  /* named and not there */
	CF_MANIFEST_UNLISTED, /* there and not named */
};

/*
 * Holds what lies below folder against a manifest; fault is called for each difference, sorted by
 * path. *files_out: how many agree. CF_EMALFORMED: a line that is none, or out of order; as
 * cf_crate_walk().
 */
enum cf_status cf_manifest_check(const char *folder, const char *text, size_t len,
    void (*fault)(void *context, enum cf_manifest_fault kind, const char *path), void *context,
    size_t *files_out, struct cf_error *error) CF_MUST_CHECK;
