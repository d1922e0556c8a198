#include "fleet/collect/visitors.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct cf_visitor {
	int fd;
	bool is_busy;
	time_t since_mono_s;
	struct cf_visitor *next, **before;
};

static time_t mono_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
	return now.tv_sec;
}

void cf_visitors_init(struct cf_visitors *visitors)
{
	visitors->first = NULL;
	pthread_mutex_init(&visitors->lock, NULL); /* cannot fail with default attributes */
}

void cf_visitors_done(struct cf_visitors *visitors)
{
	pthread_mutex_destroy(&visitors->lock);
}

struct cf_visitor *cf_visitors_add(struct cf_visitors *visitors, int fd)
{
	struct cf_visitor *visitor = calloc(1, sizeof *visitor);

	if (visitor == NULL)
		return NULL;
	visitor->fd = fd;
	visitor->since_mono_s = mono_s();
	pthread_mutex_lock(&visitors->lock);
	visitor->next = visitors->first;
	visitor->before = &visitors->first;
	if (visitor->next != NULL)
		visitor->next->before = &visitor->next;
	visitors->first = visitor;
	pthread_mutex_unlock(&visitors->lock);
	return visitor;
}

void cf_visitors_remove(struct cf_visitors *visitors, struct cf_visitor *visitor)
{
	if (visitor == NULL)
		return;
	pthread_mutex_lock(&visitors->lock);
	*visitor->before = visitor->next;
	if (visitor->next != NULL)
		visitor->next->before = visitor->before;
	pthread_mutex_unlock(&visitors->lock);
	free(visitor);
}

void cf_visitors_set_busy(struct cf_visitors *visitors, struct cf_visitor *visitor, bool is_busy)
{
	if (visitor == NULL)
		return;
	pthread_mutex_lock(&visitors->lock);
	visitor->is_busy = is_busy;
	visitor->since_mono_s = mono_s();
	pthread_mutex_unlock(&visitors->lock);
}

void cf_visitors_allow(struct cf_visitors *visitors, struct cf_visitor *visitor, unsigned seconds)
{
	if (visitor == NULL)
		return;
	pthread_mutex_lock(&visitors->lock);
	visitor->since_mono_s += (time_t)seconds;
	pthread_mutex_unlock(&visitors->lock);
}

unsigned cf_visitors_cut(struct cf_visitors *visitors, unsigned seconds)
{
	time_t now = mono_s();
	unsigned cut = 0;

	pthread_mutex_lock(&visitors->lock);
	for (struct cf_visitor *at = visitors->first; at != NULL; at = at->next) {
		if (at->is_busy || now - at->since_mono_s <= (time_t)seconds)
			continue;
		(void)shutdown(at->fd, SHUT_RDWR); /* else it is closed by itself */
		at->since_mono_s = now;
		cut++;
	}
	pthread_mutex_unlock(&visitors->lock);
	return cut;
}
