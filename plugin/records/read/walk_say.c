#include "records/read/walk_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void cf_walk_say(cf_walk_say_fn *say, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int len;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0) {
		say("no memory");
		return;
	}
	say(text);
	free(text);
}
