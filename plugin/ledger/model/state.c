#include "ledger/model/state.h"

#define DAY_MINUTES 1440u

const char *cf_state_text(enum cf_state state)
{
	static const char *const texts[CF_STATES] = {
	    "bypassing", "dependent", "migrating", "excepted", "visited", "unknown", "clean"};

	return (unsigned)state < CF_STATES ? texts[state] : "?";
}

const char *cf_hit_outcome_text(enum cf_hit_outcome outcome)
{
	static const char *const texts[CF_HIT_OUTCOMES] = {
	    "blocked", "answered", "refused elsewhere", "not answered", "observed only"};

	return (unsigned)outcome < CF_HIT_OUTCOMES ? texts[outcome] : "?";
}

/* What the days before the instant say. Minutes; 0 where there was nothing. */
struct history {
	uint32_t hit, excepted, escape, visit; /* the last of each in the window */
	uint32_t alive_from;                   /* seen again and again from here to the instant */
	uint32_t alive_before;                 /* the last sign of life before that; 0 none */
	uint32_t before;                       /* the last of any before the window */
	uint32_t set;                          /* sensors that saw it in the window */
};

static int16_t last_of(const struct cf_day_found *found)
{
	int16_t last =
	    found->hit_last > found->excepted_last ? found->hit_last : found->excepted_last;

	last = last > found->escape_last ? last : found->escape_last;
	return last > found->visit_last ? last : found->visit_last;
}

static void note_last(uint32_t *minute, uint32_t base, int16_t last)
{
	if (*minute == 0 && last >= 0)
		*minute = base + (uint32_t)last;
}

/* Walks backwards; stops where the window ends, or where the signs of life do when looking back. */
static struct history look_back(const struct cf_host *host, size_t day_count, uint32_t at_minute,
    uint32_t from_minute, struct cf_coverage *coverage, const struct cf_model_options *options,
    bool past_window)
{
	struct history history = {.alive_from = at_minute};
	bool alive = true;

	for (size_t i = day_count; i > 0; i--) {
		const struct cf_host_day *day = &host->days[i - 1];
		uint32_t base = day->day * DAY_MINUTES;
		bool in_window = base + DAY_MINUTES > from_minute;

		if (!in_window &&
		    (!alive ||
		        (!past_window &&
		            history.alive_from <= from_minute + options->alive_minutes)))
			break;
		if (in_window) {
			note_last(&history.hit, base, day->found->hit_last);
			note_last(&history.excepted, base, day->found->excepted_last);
			note_last(&history.escape, base, day->found->escape_last);
			note_last(&history.visit, base, day->found->visit_last);
			history.set = cf_coverage_set_union(coverage, history.set, day->set);
		} else if (last_of(day->found) >= 0) {
			/* The hit itself is the last sign of life that matters. */
			history.before = base + (uint32_t)last_of(day->found);
			if (alive && history.alive_from - history.before <= options->alive_minutes)
				history.alive_from = history.before + 1;
			break;
		}
		if (!alive || day->alive_last < 0)
			continue;
		if (history.alive_from > base + (uint32_t)day->alive_last &&
		    history.alive_from - (base + (uint32_t)day->alive_last) >
		        options->alive_minutes) {
			alive = false;
			history.alive_before = base + (uint32_t)day->alive_last;
		} else
			history.alive_from = base + (uint32_t)day->alive_first;
	}
	if (history.hit < from_minute)
		history.hit = 0;
	if (history.excepted < from_minute)
		history.excepted = 0;
	if (history.escape < from_minute)
		history.escape = 0;
	if (history.visit < from_minute)
		history.visit = 0;
	return history;
}

/* Something was seen in the window, but not lately. */
static struct cf_state_judgement judge_quiet(const struct cf_host *host,
    const struct history *history, uint32_t covered_from, const struct cf_model_options *options)
{
	uint32_t last = history->hit > history->excepted ? history->hit : history->excepted;
	struct cf_state_judgement judgement = {.since_minute = last, .set = history->set};

	if (host->is_network) {
		/* Others of it were seen alive since, which says nothing of the one that asked. */
		judgement.state =
		    history->hit >= history->excepted ? CF_STATE_DEPENDENT : CF_STATE_EXCEPTED;
		judgement.why =
		    "a network, not one host: who asked last may be gone, or only quiet";
	} else if (history->alive_from > last + options->alive_minutes) {
		judgement.state =
		    history->hit >= history->excepted ? CF_STATE_DEPENDENT : CF_STATE_EXCEPTED;
		judgement.why = "not seen alive since its last hit";
	} else if (covered_from > last + options->tolerance_minutes) {
		judgement.state =
		    history->hit >= history->excepted ? CF_STATE_DEPENDENT : CF_STATE_EXCEPTED;
		judgement.why = "nobody watched all the time since its last hit";
	} else {
		judgement.state = CF_STATE_MIGRATING;
		judgement.why = "alive and watched, and quiet since its last hit";
	}
	return judgement;
}

/* What keeps a host without any hit from being clean. */
static enum cf_lack find_lack(const struct cf_host *host, const struct history *history,
    uint32_t from, uint32_t covered_from, const struct cf_model_options *options,
    struct cf_state_judgement *judgement)
{
	if (host->is_network)
		return CF_LACK_MASKED;
	if (history->alive_from > from + options->alive_minutes) {
		if (host->last_minute == 0)
			return CF_LACK_ALIVE;
		judgement->silent_from = history->alive_before;
		judgement->silent_to = history->alive_from;
		return history->alive_before == 0 && host->first_minute >= from ? CF_LACK_NEW
		                                                                : CF_LACK_SILENT;
	}
	if (history->set == 0)
		return CF_LACK_SENSOR;
	return covered_from > from + options->tolerance_minutes ? CF_LACK_WATCHED : CF_LACK_NOTHING;
}

static const char *lack_text(enum cf_lack lack)
{
	static const char *const texts[] = {"", "never seen alive", "first seen within the window",
	    "not seen alive throughout the window", "no sensor that watches saw it",
	    "not watched throughout the window",
	    "a network, not one host: its addresses are truncated"};

	return texts[lack];
}

struct cf_state_judgement cf_state_judge(const struct cf_host *host, size_t day_count,
    uint32_t at_minute, struct cf_coverage *coverage, const struct cf_model_options *options,
    bool with_since)
{
	uint32_t from =
	    at_minute > options->window_minutes ? at_minute - options->window_minutes : 0;
	uint32_t recent =
	    at_minute > options->recent_minutes ? at_minute - options->recent_minutes : 0;
	struct history history =
	    look_back(host, day_count, at_minute, from, coverage, options, with_since);
	struct cf_state_judgement judgement = {.state = CF_STATE_UNKNOWN};

	if (history.escape > 0)
		return (struct cf_state_judgement){.state = CF_STATE_BYPASSING,
		    .since_minute = history.escape,
		    .set = history.set,
		    .why = "vendor traffic got through after the cut-off"};
	if (history.hit >= recent && history.hit > 0)
		return (struct cf_state_judgement){.state = CF_STATE_DEPENDENT,
		    .since_minute = history.hit,
		    .set = history.set,
		    .why = "asks for the vendor's services"};
	if (history.excepted >= recent && history.excepted > 0)
		return (struct cf_state_judgement){.state = CF_STATE_EXCEPTED,
		    .since_minute = history.excepted,
		    .set = history.set,
		    .why = "asks for the vendor's services, by an exception"};
	uint32_t covered_from = cf_coverage_since(
	    coverage, history.set, at_minute, options->tolerance_minutes, options->lag_minutes);

	judgement.set = history.set;
	if (history.hit > 0 || history.excepted > 0)
		return judge_quiet(host, &history, covered_from, options);
	judgement.lack = find_lack(host, &history, from, covered_from, options, &judgement);
	if (history.visit > 0) {
		judgement.state = CF_STATE_VISITED;
		judgement.since_minute = history.visit;
		judgement.why = "opened the vendor's web site, which is no dependence";
	} else if (judgement.lack != CF_LACK_NOTHING) {
		judgement.why = lack_text(judgement.lack);
	} else {
		judgement.state = CF_STATE_CLEAN;
		judgement.since_minute =
		    history.alive_from > covered_from ? history.alive_from : covered_from;
		if (history.before >= judgement.since_minute)
			judgement.since_minute = history.before + 1;
		judgement.why = "alive, watched, and nothing found for the whole window";
	}
	return judgement;
}
