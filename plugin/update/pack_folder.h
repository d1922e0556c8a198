/*
 * Paths in the folder of fetched packs, which update/pack_update.h draws. Only pack_*.c includes
 * it.
 */
#pragma once

#include "update/pack_update.h"

/* A signature is four lines. */
#define CF_UPDATE_SIGNATURE_BYTES 4096

/* "FOLDER/.packs/NAME" and an ending; returns path. Cut, it cannot be opened, which is said. */
const char *cf_update_path(
    const struct cf_update_options *options, const char *ending, char path[CF_PATH_BYTES]);

/* The folder in .packs/ that the link leads to; "" when to none. */
void cf_update_linked(const struct cf_update_options *options, char folder[CF_PATH_BYTES]);

/* status, with "cannot WHAT 'PATH'" and errno in *error. */
enum cf_status cf_update_failed(
    const char *path, const char *what, enum cf_status status, struct cf_error *error);
