/* What a collector says, and who a connection is. */

#include "fleet/collect/collecting.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* Clients turned away that are told of, a minute. */
#define TELL_PER_MINUTE 10

void cf_collector_say(const struct cf_collector *collector, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut is as good */
	va_end(args);
	if (collector->options.say != NULL)
		collector->options.say(collector->options.arg, text);
}

bool cf_collector_may_tell(struct cf_collector *collector)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
	if (atomic_exchange(&collector->minute, (int)(now.tv_sec / 60)) != now.tv_sec / 60)
		atomic_store(&collector->told, 0);
	return atomic_fetch_add(&collector->told, 1) < TELL_PER_MINUTE;
}

struct cf_visitor *cf_collector_visitor(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}
