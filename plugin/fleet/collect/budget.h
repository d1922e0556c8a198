/*
 * Memory for what clients send: so many bytes at one time, whoever asks. One request may have more
 * when it is alone, so that the largest passes too. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct cf_budget {
	pthread_mutex_t lock;
	size_t most, used;
};

void cf_budget_init(struct cf_budget *budget, size_t most);
void cf_budget_done(struct cf_budget *budget);
/* had: what the caller holds already. False: not now. */
bool cf_budget_take(struct cf_budget *budget, size_t had, size_t more);
void cf_budget_give(struct cf_budget *budget, size_t bytes);
