/* One case for each client, in a four-way table. */

#include "monitor/evidence/bypass.h"

#include <stdlib.h>
#include <string.h>

#define WAYS     4
#define US_PER_S INT64_C(1000000)

struct cf_bypass {
	uint64_t seed;
	cf_bypass_found *found;
	void *arg;
	unsigned used;
	uint64_t evicted;
	int64_t reaped_wall_us;
	int64_t due_wall_us; /* none is over before */
	struct cf_bypass_case of[CF_BYPASS_CLIENTS];
};

enum cf_status cf_bypass_new(
    uint64_t seed, cf_bypass_found *found, void *arg, struct cf_bypass **bypass_out)
{
	struct cf_bypass *bypass = calloc(1, sizeof *bypass);

	if (bypass == NULL)
		return CF_ENOMEM;
	bypass->seed = seed;
	bypass->due_wall_us = INT64_MAX;
	bypass->found = found;
	bypass->arg = arg;
	*bypass_out = bypass;
	return CF_OK;
}

void cf_bypass_free(struct cf_bypass *bypass)
{
	free(bypass);
}

static uint64_t hash(uint64_t seed, const struct cf_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->bytes, 8);
	memcpy(&low, addr->bytes + 8, 8);
	high = (high ^ seed ^ (low << 17 | low >> 47)) * UINT64_C(0x9e3779b97f4a7c15);
	return high ^ high >> 31;
}

/*
 * Is the sequence a finding? One fallback question after a visible failure is; without one, a
 * pair like 8.8.8.8 and 1.1.1.1 is what many people configure: it takes three to make a sequence.
 */
static bool is_finding(const struct cf_bypass_case *one)
{
	if (one->step_count == 0 || one->cause == CF_BYPASS_ANSWERED)
		return false;
	return one->cause != CF_BYPASS_NOTHING_SEEN || one->step_count > 2;
}

static void finish(struct cf_bypass *bypass, struct cf_bypass_case *one)
{
	if (is_finding(one))
		bypass->found(bypass->arg, one);
	one->used = false;
	bypass->used--;
}

static int64_t heard_wall_us(const struct cf_bypass_case *one)
{
	int64_t heard =
	    one->asked_wall_us > one->failed_wall_us ? one->asked_wall_us : one->failed_wall_us;

	return heard > one->last_wall_us ? heard : one->last_wall_us;
}

/* When it is over if nothing more is heard. */
static int64_t over_wall_us(const struct cf_bypass_case *one)
{
	int64_t quiet_s = one->step_count > 0 ? CF_BYPASS_QUIET_S : CF_BYPASS_WINDOW_S;

	return heard_wall_us(one) + quiet_s * US_PER_S;
}

/* A case is new, or has come to where it is over earlier. */
static void note_due(struct cf_bypass *bypass, const struct cf_bypass_case *one)
{
	if (over_wall_us(one) < bypass->due_wall_us)
		bypass->due_wall_us = over_wall_us(one);
}

static struct cf_bypass_case *find(
    struct cf_bypass *bypass, const struct cf_addr *client, bool create)
{
	uint64_t slot = hash(bypass->seed, client) % (CF_BYPASS_CLIENTS / WAYS) * WAYS;
	struct cf_bypass_case *ways = &bypass->of[slot], *victim = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		if (ways[i].used && cf_addr_equal(&ways[i].client, client))
			return &ways[i];
		if (victim == NULL ||
		    (victim->used &&
		        (!ways[i].used || heard_wall_us(&ways[i]) < heard_wall_us(victim))))
			victim = &ways[i];
	}
	if (!create)
		return NULL;
	if (victim->used) {
		bypass->evicted++;
		finish(bypass, victim);
	}
	memset(victim, 0, sizeof *victim);
	bypass->used++;
	victim->used = true;
	victim->client = *client;
	return victim;
}

void cf_bypass_asked(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, const struct cf_name *name, int64_t at_wall_us)
{
	struct cf_bypass_case *one = find(bypass, client, true);

	/* In the middle of a sequence the client's own resolver is often asked again: no news. */
	if (one->step_count > 0)
		return;
	if (one->cause > CF_BYPASS_UNANSWERED && one->cause < CF_BYPASS_ANSWERED)
		return; /* one failure is enough to wait for the fallback */
	one->cause = CF_BYPASS_UNANSWERED;
	one->resolver = *resolver;
	one->asked_wall_us = at_wall_us;
	memcpy(one->name_wire, name->wire, name->wire_len);
	note_due(bypass, one);
}

void cf_bypass_answered(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, enum cf_bypass_cause cause, uint16_t ede, int64_t at_wall_us)
{
	struct cf_bypass_case *one = find(bypass, client, true);

	if (one->step_count > 0)
		return;
	/* A and AAAA are asked side by side: NODATA for one of them does not make a block. */
	if (cause == CF_BYPASS_NODATA && one->cause == CF_BYPASS_ANSWERED)
		return;
	one->cause = cause;
	one->ede = ede;
	one->resolver = *resolver;
	one->failed_wall_us = at_wall_us;
	note_due(bypass, one);
}

void cf_bypass_fallback(struct cf_bypass *bypass, const struct cf_addr *client,
    const struct cf_addr *resolver, uint32_t order, const struct cf_name *name, int64_t at_wall_us)
{
	struct cf_bypass_case *one = find(bypass, client, true);

	if (one->step_count == 0) {
		int64_t since_us = at_wall_us - heard_wall_us(one);

		if (heard_wall_us(one) == 0 || since_us > CF_BYPASS_WINDOW_S * US_PER_S ||
		    (one->cause == CF_BYPASS_UNANSWERED &&
		        at_wall_us - one->asked_wall_us < CF_DNS_PATIENCE_S * US_PER_S)) {
			one->cause = CF_BYPASS_NOTHING_SEEN;
			one->resolver = (struct cf_addr){0};
		}
		one->first_wall_us = at_wall_us;
		memcpy(one->name_wire, name->wire, name->wire_len);
	}
	one->last_wall_us = at_wall_us;
	one->question_count++;
	for (unsigned i = 0; i < one->step_count; i++)
		if (cf_addr_equal(&one->step[i], resolver))
			return;
	if (one->step_count == CF_BYPASS_STEPS)
		return;
	one->step[one->step_count] = *resolver;
	one->step_order[one->step_count++] = order;
	note_due(bypass, one);
}

void cf_bypass_escaped(struct cf_bypass *bypass, const struct cf_addr *client, int64_t at_wall_us)
{
	struct cf_bypass_case *one = find(bypass, client, false);

	if (one == NULL || one->step_count == 0)
		return;
	one->answered_count++;
	one->last_wall_us = at_wall_us;
}

bool cf_bypass_knows(struct cf_bypass *bypass, const struct cf_addr *addr)
{
	return find(bypass, addr, false) != NULL;
}

void cf_bypass_reap(struct cf_bypass *bypass, int64_t now_wall_us)
{
	/* Time may also start over, as from one capture file to the next. */
	bool started_over = now_wall_us < bypass->reaped_wall_us - CF_BYPASS_WINDOW_S * US_PER_S;

	bypass->reaped_wall_us = now_wall_us;
	if (bypass->used == 0 || (now_wall_us <= bypass->due_wall_us && !started_over))
		return;
	bypass->due_wall_us = INT64_MAX;
	for (unsigned i = 0; i < CF_BYPASS_CLIENTS; i++) {
		struct cf_bypass_case *one = &bypass->of[i];

		if (!one->used)
			continue;
		if (now_wall_us > over_wall_us(one) || started_over)
			finish(bypass, one);
		else
			note_due(bypass, one);
	}
}

void cf_bypass_flush(struct cf_bypass *bypass)
{
	for (unsigned i = 0; i < CF_BYPASS_CLIENTS; i++)
		if (bypass->of[i].used)
			finish(bypass, &bypass->of[i]);
}

uint64_t cf_bypass_evicted(const struct cf_bypass *bypass)
{
	return bypass->evicted;
}

const char *cf_bypass_cause_text(enum cf_bypass_cause cause)
{
	static const char *const text[] = {
	    [CF_BYPASS_NOTHING_SEEN] = "not seen",
	    [CF_BYPASS_UNANSWERED] = "unanswered",
	    [CF_BYPASS_NXDOMAIN] = "nxdomain",
	    [CF_BYPASS_NODATA] = "nodata",
	    [CF_BYPASS_REFUSED] = "refused",
	    [CF_BYPASS_SERVFAIL] = "servfail",
	    [CF_BYPASS_SINKHOLED] = "sinkhole",
	    [CF_BYPASS_EDE] = "blocked by extended error",
	    [CF_BYPASS_ANSWERED] = "answered",
	};

	return text[cause];
}

bool cf_bypass_in_order(const struct cf_bypass_case *found)
{
	for (unsigned i = 1; i < found->step_count; i++)
		if (found->step_order[i] < found->step_order[i - 1])
			return false;
	return true;
}
