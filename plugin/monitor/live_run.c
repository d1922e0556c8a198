/* What the parts of a live run tell people. */

#include "monitor/live_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void cf_live_say(struct cf_live_run *run, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	run->live->say(run->live->arg, text);
}

/* Lines come whole: each was written at once. */
void cf_live_take_totals(struct cf_live_run *run)
{
	char text[4 * sizeof run->edge];
	ssize_t len = run->live->totals_fd < 0 ? 0 : read(run->live->totals_fd, text, sizeof text);
	const char *end, *begin;

	if (len <= 0 || text[len - 1] != '\n')
		return;
	end = text + len - 1;
	begin = memrchr(text, '\n', (size_t)(end - text));
	begin = begin == NULL ? text : begin + 1;
	if ((size_t)(end - begin) >= sizeof run->edge)
		return;
	pthread_mutex_lock(&run->links_lock);
	memcpy(run->edge, begin, (size_t)(end - begin));
	run->edge[end - begin] = '\0';
	pthread_mutex_unlock(&run->links_lock);
}
