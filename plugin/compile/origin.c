/* The end of a path. */

#include "compile/origin.h"

#include <string.h>

const char *cf_origin(const char *path, enum cf_origin_kind kind)
{
	const char *at = path + strlen(path);
	unsigned slashes = 0;

	while (at > path && (at[-1] != '/' || slashes < (unsigned)kind)) {
		slashes += at[-1] == '/';
		at--;
	}
	return at;
}
