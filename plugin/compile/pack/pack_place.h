/*
 * Where a vendor's pack lies: the first of several folders that has one, so that a site's own pack
 * goes before one that was fetched, and that before the one that was installed.
 *
 * Folders are written one after the other with ':' between them, as in PATH. Reads the file
 * system; any thread.
 */
#pragma once

#include "base/limits.h"

#include <stdbool.h>

/*
 * Writes the folder of vendor's pack to path. False when no folder of lists has one; path is then
 * where the last would have it, for messages.
 */
bool cf_pack_place(const char *lists, const char *vendor, char path[CF_PATH_BYTES]);
