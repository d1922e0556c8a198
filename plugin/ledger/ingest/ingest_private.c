/* What the files of an ingest ask its caller. */

#include "ledger/ingest/ingest_private.h"

void cf_ingest_notice(const struct cf_ingest *ingest, const char *text)
{
	if (ingest->options.notice != NULL)
		ingest->options.notice(ingest->options.arg, text);
}

bool cf_ingest_is_stopped(const struct cf_ingest *ingest)
{
	return ingest->options.stop != NULL && *ingest->options.stop != 0;
}
