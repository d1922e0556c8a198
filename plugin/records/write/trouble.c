/* Once at its beginning, once at its end. */

#include "records/write/trouble.h"

#include <stdio.h>

#define QUIET_US (60 * INT64_C(1000000))

void cf_trouble_begin(struct cf_trouble *trouble, const struct cf_trouble_teller *teller,
    int64_t now_us, const char *what, const char *path, const char *why, const char *meanwhile)
{
	char text[512];

	trouble->times++;
	if (trouble->is_told || now_us < trouble->quiet_until_us)
		return;
	trouble->is_told = true;
	trouble->quiet_until_us = now_us + QUIET_US;
	(void)snprintf(text, sizeof text, "cannot write %s '%.250s': %.100s; %.100s", what, path,
	    why, meanwhile);
	if (teller->say != NULL)
		teller->say(teller->arg, text);
}

void cf_trouble_end(struct cf_trouble *trouble, const struct cf_trouble_teller *teller,
    const char *what, const char *path)
{
	char text[512];

	if (!trouble->is_told)
		return;
	trouble->is_told = false;
	(void)snprintf(text, sizeof text, "%s '%.250s' is written again, after %llu failures", what,
	    path, (unsigned long long)trouble->times);
	if (teller->say != NULL)
		teller->say(teller->arg, text);
}
