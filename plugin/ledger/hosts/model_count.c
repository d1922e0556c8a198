#include "ledger/hosts/model_count.h"

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
    struct cf_host_day *day, const struct cf_model_kind *kind, uint64_t n)
{
	bool is_rare = kind->is_excepted || kind->is_visit;
	struct cf_host_rare *rare = is_rare ? cf_model_rare(model, host) : NULL;

	if (is_rare && rare == NULL)
		return CF_ENOMEM;
	if (kind->is_excepted) {
		day->excepted += n;
		rare->excepted += n;
	} else if (kind->is_visit) {
		day->visits += n;
		rare->visits += n;
	} else if (kind->is_dependence) {
		day->hits += n;
		host->hits += n;
		*outcome_count(host, kind->outcome) += n;
		if (kind->outcome == CF_OUTCOME_BLOCKED_HERE)
			day->blocked += n;
	}
	return CF_OK;
}

static enum cf_status count_escapes(struct cf_model *model, struct cf_host *host,
    struct cf_host_day *day, const struct cf_model_kind *kind, uint64_t n)
{
	struct cf_host_rare *rare = cf_model_rare(model, host);

	if (rare == NULL)
		return CF_ENOMEM;
	day->escapes += n;
	rare->escapes += n;
	if (kind->is_lookup)
		rare->escaped_lookups += n;
	return CF_OK;
}

/* The host's entry for the day, made when its sums were read; another may have begun since. */
static struct cf_host_day *day_of(const struct cf_host *host, uint32_t day)
{
	size_t i = host->day_count;

	while (i > 0 && host->days[i - 1].day > day)
		i--;
	return i > 0 && host->days[i - 1].day == day ? &host->days[i - 1] : NULL;
}

enum cf_status cf_model_count(struct cf_model *model, uint32_t index, uint32_t day_number,
    uint32_t by, uint64_t n, bool of_escapes)
{
	struct cf_host *host = model->hosts[index];
	struct cf_host_day *day = day_of(host, day_number);
	struct cf_evidence *evidence = &host->evidence[by];
	const struct cf_model_kind *kind = &model->kinds[evidence->kind];

	if (day == NULL)
		return CF_EMALFORMED; /* cannot be: cf_model_episode_add() needs it */
	if (of_escapes) {
		evidence->escaped += n;
		return count_escapes(model, host, day, kind, n);
	}
	evidence->counted += n;
	return count_hits(model, host, day, kind, n);
}

void cf_model_recount(struct cf_model *model, uint32_t index, uint32_t day_number, uint32_t from,
    uint32_t to, uint64_t n)
{
	struct cf_host *host = model->hosts[index];
	struct cf_evidence *was = &host->evidence[from], *is = &host->evidence[to];
	const struct cf_model_kind *before = &model->kinds[was->kind];
	const struct cf_model_kind *after = &model->kinds[is->kind];
	struct cf_host_day *day = day_of(host, day_number);

	was->counted -= n;
	is->counted += n;
	if (!before->is_dependence)
		return;
	*outcome_count(host, before->outcome) -= n;
	*outcome_count(host, after->outcome) += n;
	if (day != NULL && before->outcome == CF_OUTCOME_BLOCKED_HERE)
		day->blocked -= n;
	if (day != NULL && after->outcome == CF_OUTCOME_BLOCKED_HERE)
		day->blocked += n;
}
