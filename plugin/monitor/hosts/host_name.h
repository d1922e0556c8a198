/*
 * The names that hosts give themselves, as they are kept: one spelling a host, whichever protocol
 * it was read from. Pure; any thread.
 */
#pragma once

#include "base/limits.h"
#include "monitor/packet/observer.h"

/*
 * A copy without last dots, blanks and zeros; printable ASCII and UTF-8 (RFC 3629) stay, other
 * bytes become '?'; cut at the buffer's end, between characters. Empty for a name that is made to
 * be thrown away (records/form/identity.h).
 */
void cf_host_name_copy(char name[CF_HOST_NAME_BYTES], struct cf_slice from);
