/* The reporting side of cf_check(). */

#include "base/check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The one mutable global of the project: a broken promise is reported from places that have no
 * state to hang a handler on. Written once at start, read when something is already wrong.
 */
static _Atomic(cf_check_handler *) installed;

void cf_check_set_handler(cf_check_handler *handler)
{
	atomic_store(&installed, handler);
}

bool cf_check_failed(const char *expression, const char *file, int line)
{
	cf_check_handler *handler = atomic_load(&installed);

	if (handler != NULL) {
		handler(expression, file, line);
		return false;
	}
	fprintf(stderr, "curfew: broken promise '%s' (%s:%d)\n", expression, file, line);
	abort();
}
