/*
 * Who is connected, and since when something is expected of him: a client that is too slow - with
 * its handshake, its head, its body - is cut off, whatever it still sends. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_visitor;

struct cf_visitors {
	pthread_mutex_t lock;
	struct cf_visitor *first;
};

void cf_visitors_init(struct cf_visitors *visitors);
void cf_visitors_done(struct cf_visitors *visitors);
/* NULL without memory. The descriptor stays the caller's, until cf_visitors_remove(). */
struct cf_visitor *cf_visitors_add(struct cf_visitors *visitors, int fd);
void cf_visitors_remove(struct cf_visitors *visitors, struct cf_visitor *visitor);
/* It has said what it wants and waits for us; or is to speak again from now on. */
void cf_visitors_set_busy(struct cf_visitors *visitors, struct cf_visitor *visitor, bool is_busy);
/* It may take so much longer to speak: much is to come. */
void cf_visitors_allow(struct cf_visitors *visitors, struct cf_visitor *visitor, unsigned seconds);
/* Cuts off who has been expected to speak for longer; how many they were. */
unsigned cf_visitors_cut(struct cf_visitors *visitors, unsigned seconds);
