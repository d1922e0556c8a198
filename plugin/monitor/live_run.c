/* What the parts of a live run tell people. */

#include "monitor/live_run.h"

#include <stdarg.h>
#include <stdio.h>

void cf_live_say(struct cf_live_run *run, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	run->live->say(run->live->arg, text);
}
