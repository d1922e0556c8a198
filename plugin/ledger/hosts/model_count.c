#include "ledger/hosts/model_count.h"

#include "base/check.h"
#include "ledger/hosts/model_host.h"

/* Where hits of this outcome are counted. */
static uint64_t *outcome_count(struct cf_host *host, enum cf_hit_outcome outcome)
{
	switch (outcome) {
	case CF_OUTCOME_BLOCKED_HERE:
		return &host->blocked;
	case CF_OUTCOME_ANSWERED_HERE:
		return &host->answered;
	case CF_OUTCOME_REFUSED_ELSEWHERE:
		return &host->refused;
	case CF_OUTCOME_UNANSWERED:
		return &host->unanswered;
	case CF_OUTCOME_OBSERVED:
	case CF_HIT_OUTCOMES:
		break;
	}
	return &host->observed;
}

static enum cf_status count_hits(struct cf_model *model, struct cf_host *host,
    struct cf_day_found *found, const struct cf_model_kind *kind, uint64_t n)
{
	bool is_rare = kind->is_excepted || kind->is_visit;
	struct cf_host_rare *rare = is_rare ? cf_model_rare(model, host) : NULL;

	if (is_rare && rare == NULL)
		return CF_ENOMEM;
	if (kind->is_excepted) {
		found->excepted += n;
		rare->excepted += n;
	} else if (kind->is_visit) {
		found->visits += n;
		rare->visits += n;
	} else if (kind->is_dependence) {
		found->hits += n;
		host->hits += n;
		*outcome_count(host, kind->outcome) += n;
		if (kind->outcome == CF_OUTCOME_BLOCKED_HERE)
			found->blocked += n;
	}
	return CF_OK;
}

static enum cf_status count_escapes(struct cf_model *model, struct cf_host *host,
    struct cf_day_found *found, const struct cf_model_kind *kind, uint64_t n)
{
	struct cf_host_rare *rare = cf_model_rare(model, host);

	if (rare == NULL)
		return CF_ENOMEM;
	found->escapes += n;
	rare->escapes += n;
	if (kind->is_lookup)
		rare->escaped_lookups += n;
	return CF_OK;
}

/* What was found of the host on the day, whose entry was made when its sums were read; another may
 * have begun since. NULL without memory. */
static struct cf_day_found *found_on(
    struct cf_model *model, const struct cf_host *host, uint32_t day)
{
	size_t i = host->day_count;

	while (i > 0 && host->days[i - 1].day > day)
		i--;
	if (!cf_check(i > 0 && host->days[i - 1].day == day))
		return NULL; /* cannot be: cf_model_episode_add() needs it */
	return cf_model_found(model, &host->days[i - 1]);
}

enum cf_status cf_model_count(struct cf_model *model, uint32_t index, uint32_t day_number,
    uint32_t by, uint64_t n, bool of_escapes)
{
	struct cf_host *host = model->hosts[index];
	struct cf_day_found *found = found_on(model, host, day_number);
	struct cf_evidence *evidence = &host->evidence[by];
	const struct cf_model_kind *kind = &model->kinds[evidence->kind];

	if (found == NULL)
		return CF_ENOMEM;
	if (of_escapes) {
		evidence->escaped += n;
		return count_escapes(model, host, found, kind, n);
	}
	evidence->counted += n;
	return count_hits(model, host, found, kind, n);
}

void cf_model_recount(struct cf_model *model, uint32_t index, uint32_t day_number, uint32_t from,
    uint32_t to, uint64_t n)
{
	struct cf_host *host = model->hosts[index];
	struct cf_evidence *was = &host->evidence[from], *is = &host->evidence[to];
	const struct cf_model_kind *before = &model->kinds[was->kind];
	const struct cf_model_kind *after = &model->kinds[is->kind];
	struct cf_day_found *found = found_on(model, host, day_number);

	was->counted -= n;
	is->counted += n;
	if (!before->is_dependence)
		return;
	*outcome_count(host, before->outcome) -= n;
	*outcome_count(host, after->outcome) += n;
	if (found != NULL && before->outcome == CF_OUTCOME_BLOCKED_HERE)
		found->blocked -= n;
	if (found != NULL && after->outcome == CF_OUTCOME_BLOCKED_HERE)
		found->blocked += n;
}
