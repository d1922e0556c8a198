#include "fleet/collect/budget.h"

void cf_budget_init(struct cf_budget *budget, size_t most)
{
	budget->most = most;
	budget->used = 0;
	pthread_mutex_init(&budget->lock, NULL); /* cannot fail with default attributes */
}

void cf_budget_done(struct cf_budget *budget)
{
	pthread_mutex_destroy(&budget->lock);
}

bool cf_budget_take(struct cf_budget *budget, size_t had, size_t more)
{
	bool is_given;

	pthread_mutex_lock(&budget->lock);
	is_given = budget->used == had ||
	    (budget->used <= budget->most && more <= budget->most - budget->used);
	if (is_given)
		budget->used += more;
	pthread_mutex_unlock(&budget->lock);
	return is_given;
}

void cf_budget_give(struct cf_budget *budget, size_t bytes)
{
	pthread_mutex_lock(&budget->lock);
	budget->used -= bytes;
	pthread_mutex_unlock(&budget->lock);
}
