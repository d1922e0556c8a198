/*
 * The folder that an evidence is made or unpacked in: folders, copies, whom to tell of what is left
 * out. One thread each.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"

/* Who hears of what does not end the work: a pack that is not here, say. tell may be NULL. */
struct cf_evidence_notices {
	void (*tell)(void *arg, const char *text); /* text may hold foreign text */
	void *arg;
};

void cf_evidence_tell(const struct cf_evidence_notices *notices, const char *format, ...)
    CF_PRINTF(2, 3);

/* Makes PATH/NAME, of mode 0750, unless it is there. CF_EIO, with *error. */
enum cf_status cf_evidence_folder(const char *root, const char *name, char path[CF_PATH_BYTES],
    struct cf_error *error) CF_MUST_CHECK;

/* A new folder for temporary files, 0700, in TMPDIR or /var/tmp, with two folders in it: what goes
 * into an evidence, or came out of one, and what does not. */
struct cf_evidence_place {
	char top[CF_PATH_BYTES], root[CF_PATH_BYTES], work[CF_PATH_BYTES];
};

/* CF_EIO, with *error; remove it in any case. */
enum cf_status cf_evidence_place_make(
    struct cf_evidence_place *place, struct cf_error *error) CF_MUST_CHECK;
/* With all that is in it; when that fails, notices hear of it. */
void cf_evidence_place_remove(
    const struct cf_evidence_place *place, const struct cf_evidence_notices *notices);

/*
 * Copies a regular file as it is now; a log that grows meanwhile is cut where it began.
 * CF_ENOTFOUND without a word in *error: it is not there; CF_EIO.
 */
enum cf_status cf_evidence_copy(
    const char *from, const char *to, struct cf_error *error) CF_MUST_CHECK;
