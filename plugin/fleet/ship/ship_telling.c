/* What a shipper says, and how it stands. */

#include "fleet/ship/shipper_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define PAUSE_NS 200000000L
/* Between two looks at how much is unread. */
#define LEFT_US (10 * CF_SHIP_SECOND)
/* Writers that are told of. */
#define TOLD 64

const char *cf_ship_state_text(enum cf_ship_state state)
{
	static const char *const texts[] = {"goes", "forked", "beyond", "refused"};

	return texts[state];
}

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now); /* cannot fail on Linux */
	return (int64_t)now.tv_sec * CF_SHIP_SECOND + now.tv_nsec / 1000;
}

int64_t cf_shipper_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

bool cf_shipper_is_stopped(const struct cf_shipper *shipper)
{
	return shipper->gave_up || (shipper->options->stop != NULL && *shipper->options->stop != 0);
}

void cf_shipper_say(const struct cf_shipper *shipper, const char *format, ...)
{
	char text[CF_ERROR_TEXT_BYTES + 512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut is as good */
	va_end(args);
	if (shipper->options->say != NULL)
		shipper->options->say(shipper->options->arg, text);
}

int64_t cf_shipper_wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

void cf_shipper_report(struct cf_shipper *shipper, bool is_done)
{
	const struct cf_ship_writer *told[TOLD];
	struct cf_ship_report now = {.writers = told,
	    .collector = shipper->collector == NULL ? "" : shipper->collector,
	    .trouble = shipper->trouble,
	    .plain_bytes = shipper->plain_bytes,
	    .wire_bytes = shipper->wire_bytes,
	    .is_done = is_done};
	int64_t now_us = cf_shipper_mono_us();

	if (shipper->options->report == NULL ||
	    (!is_done && now_us - shipper->reported_mono_us < CF_SHIP_SECOND))
		return;
	shipper->reported_mono_us = now_us;
	/* Files are looked at for it, some hundred when much is behind. */
	for (size_t i = 0; i < shipper->options->log_count; i++) {
		if (is_done || now_us - shipper->left_mono_us >= LEFT_US)
			shipper->logs[i].left_bytes = cf_log_queue_left(shipper->logs[i].queue);
		now.unshipped_bytes += shipper->logs[i].left_bytes;
	}
	if (now_us - shipper->left_mono_us >= LEFT_US)
		shipper->left_mono_us = now_us;
	for (size_t i = 0; i < shipper->ship_count; i++) {
		now.unshipped_bytes += shipper->ships[i]->len;
		if (now.count < TOLD)
			told[now.count++] = &shipper->ships[i]->told;
	}
	shipper->options->report(shipper->options->arg, &now);
}

void cf_shipper_pause(struct cf_shipper *shipper)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	cf_shipper_report(shipper, false);
	(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
}
