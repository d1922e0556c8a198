/*
 * What lies in the folder of fetched packs, which update/pack_update.h draws: paths, and what the
 * pack in use says of itself. Any thread.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"
#include "trust/statement.h"

/* A signature is four lines. */
#define CF_UPDATE_SIGNATURE_BYTES 4096

/* "FOLDER/.packs/NAME" and an ending; returns path. Cut, it cannot be opened, which is said. */
const char *cf_update_path(
    const char *folder, const char *name, const char *ending, char path[CF_PATH_BYTES]);

/* The folder in .packs/ that the link leads to; "" when to none. */
void cf_update_linked(const char *folder, const char *name, char linked[CF_PATH_BYTES]);

/* status, with "cannot WHAT 'PATH'" and errno in *error. */
enum cf_status cf_update_failed(
    const char *path, const char *what, enum cf_status status, struct cf_error *error);

/* The statement of the fetched pack in use in folder; CF_ENOTFOUND when none was fetched. */
enum cf_status cf_update_statement(const char *folder, const char *name,
    struct cf_statement *statement_out, struct cf_error *error) CF_MUST_CHECK;
