/* The search for a pack. */

#include "compile/pack/pack_place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool cf_pack_place(const char *lists, const char *vendor, char path[CF_PATH_BYTES])
{
	char about[CF_PATH_BYTES + 16];

	for (;;) {
		size_t len = strcspn(lists, ":");
		int needed = snprintf(path, CF_PATH_BYTES, "%.*s/%s", (int)len, lists, vendor);

		if (needed < 0 || needed >= CF_PATH_BYTES)
			path[0] = '\0'; /* nothing is there, and the reader says so */
		(void)snprintf(about, sizeof about, "%s/pack.yaml", path); /* fits */
		if (path[0] != '\0' && access(about, F_OK) == 0)
			return true;
		if (lists[len] == '\0')
			return false;
		lists += len + 1;
	}
}
