#include "evidence/sayings.h"

#include <stdarg.h>
#include <stdio.h>

void cf_sayings_init(struct cf_sayings *sayings, cf_sayings_hear *hear, void *context)
{
	*sayings = (struct cf_sayings){.hear = hear, .context = context};
	(void)pthread_mutex_init(&sayings->lock, NULL); /* never fails for a plain one */
}

void cf_say(
    struct cf_sayings *sayings, enum cf_said said, const char *subject, const char *format, ...)
{
	char text[2 * CF_ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)pthread_mutex_lock(&sayings->lock);
	sayings->counts[said]++;
	sayings->hear(sayings->context, said, subject, text);
	(void)pthread_mutex_unlock(&sayings->lock);
}

enum cf_said cf_sayings_worst(const struct cf_sayings *sayings)
{
	return sayings->counts[CF_SAID_BAD] > 0    ? CF_SAID_BAD
	    : sayings->counts[CF_SAID_UNKNOWN] > 0 ? CF_SAID_UNKNOWN
	                                           : CF_SAID_GOOD;
}

void cf_sayings_done(struct cf_sayings *sayings)
{
	(void)pthread_mutex_destroy(&sayings->lock);
}
