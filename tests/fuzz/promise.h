/* What a fuzz target holds its reader to: a broken promise ends the process, which is the finding.
 */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

static inline void must(bool promise)
{
	if (!promise)
		abort();
}
