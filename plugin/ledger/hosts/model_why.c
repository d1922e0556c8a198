/* How much was watched over each host, and the true reason for its state in words. */

#include "ledger/model/model_private.h"

#include "base/array.h"
#include "base/instant.h"

#include <stdio.h>
#include <string.h>

/* "2024-11-24 20:10" */
#define MINUTE_TEXT_BYTES 17

static const char *minute_text(uint32_t minute, char text[MINUTE_TEXT_BYTES])
{
	char instant[CF_INSTANT_TEXT_BYTES];

	cf_instant_format((int64_t)minute * 60, instant);
	snprintf(text, MINUTE_TEXT_BYTES, "%.10s %.5s", instant, instant + 11);
	return text;
}

static void say_unwatched(
    const struct cf_coverage_lack *watch, const char *before, char *text, size_t size)
{
	char from[MINUTE_TEXT_BYTES], to[MINUTE_TEXT_BYTES];
	uint32_t minutes = watch->to_minute - watch->from_minute;

	minute_text(watch->from_minute, from);
	minute_text(watch->to_minute, to);
	if (watch->stretches == 1)
		snprintf(text, size, "%s%u min from %s to %s, when nobody watched", before, minutes,
		    from, to);
	else
		snprintf(text, size,
		    "%s%u min in %u stretches when nobody watched, the longest from %s to %s",
		    before, watch->lacking_minutes, watch->stretches, from, to);
}

/* The words for what keeps a host from being clean. */
static void say_lack(const struct cf_host *host, const struct cf_state_judgement *judgement,
    uint32_t at_minute, char *text, size_t size)
{
	char from[MINUTE_TEXT_BYTES], to[MINUTE_TEXT_BYTES];

	switch (judgement->lack) {
	case CF_LACK_NEW:
		snprintf(text, size, "first seen at %s, within the window",
		    minute_text(host->first_minute, from));
		break;
	case CF_LACK_SILENT:
		if (judgement->silent_from == 0 || judgement->silent_to >= at_minute)
			snprintf(text, size, "not seen alive since %s",
			    minute_text(host->last_minute, from));
		else
			snprintf(text, size, "not seen alive from %s to %s",
			    minute_text(judgement->silent_from, from),
			    minute_text(judgement->silent_to, to));
		break;
	case CF_LACK_WATCHED:
		say_unwatched(host->watch, "clean but for ", text, size);
		break;
	case CF_LACK_NOTHING:
	case CF_LACK_ALIVE:
	case CF_LACK_SENSOR:
	case CF_LACK_MASKED:
		snprintf(text, size, "%s", judgement->why);
		break;
	}
}

/* The monitors of a set alone. UINT32_MAX without memory. */
static uint32_t monitors_of(struct cf_model *model, uint32_t set)
{
	uint32_t monitors = 0;

	for (size_t i = 0; i < model->sensor_count; i++)
		if (cf_coverage_set_has(model->coverage, set, (uint32_t)i) &&
		    !cf_source_is_resolver(
		        model->sensors[i].source, strlen(model->sensors[i].source)))
			monitors = cf_coverage_set_add(model->coverage, monitors, (uint32_t)i);
	return monitors;
}

static struct cf_coverage_lack lack_of(struct cf_model *model, uint32_t set, uint32_t from_minute)
{
	const struct cf_model_options *options = &model->options;

	return cf_coverage_find_lack(model->coverage, set, from_minute, model->at_minute,
	    options->tolerance_minutes, options->lag_minutes);
}

/* Of one set over the window, found once; NULL without memory. */
static const struct model_watch *watch_of(struct cf_model *model, uint32_t set)
{
	uint32_t at = model->at_minute, window = model->options.window_minutes, room = 0;
	uint32_t from = at > window ? at - window : 0;
	struct model_watch **known;

	if (set >= model->watch_count) {
		uint32_t more = set + 1 - model->watch_count;
		struct model_watch **watches = cf_array_grow(
		    model->watches, model->watch_count, more, &model->watch_size, sizeof *watches);

		if (watches == NULL)
			return NULL;
		memset(watches + model->watch_count, 0, more * sizeof *watches);
		model->watches = watches;
		model->watch_count = set + 1;
	}
	known = &model->watches[set];
	if (*known != NULL)
		return *known;
	struct model_watch *watch = cf_model_pool_grow(&model->watch_pool, NULL, 0, &room);
	uint32_t monitors = watch == NULL ? UINT32_MAX : monitors_of(model, set);

	if (monitors == UINT32_MAX)
		return NULL;
	*watch = (struct model_watch){.lack = lack_of(model, set, from),
	    .by_dns_alone = lack_of(model, monitors, from).stretches > 0};
	*known = watch;
	return watch;
}

enum cf_status cf_model_say_why(
    struct cf_model *model, struct cf_host *host, const struct cf_state_judgement *judgement)
{
	char text[240] = "";
	const struct model_watch *watch =
	    judgement->set == UINT32_MAX ? NULL : watch_of(model, judgement->set);

	if (watch == NULL)
		return CF_ENOMEM;
	host->watch = &watch->lack;
	host->by_dns_alone = host->state == CF_STATE_CLEAN && watch->by_dns_alone;
	host->why = judgement->why;
	host->lack = judgement->lack;
	host->is_clean_but = host->state == CF_STATE_UNKNOWN && host->lack == CF_LACK_WATCHED &&
	    host->watch->stretches == 1;
	if (host->by_dns_alone)
		host->why = "clean as far as DNS shows: alive, its resolver watched, and nothing "
		            "found for the whole window";
	if (host->state != CF_STATE_UNKNOWN)
		return CF_OK;
	say_lack(host, judgement, model->at_minute, text, sizeof text);
	const char *why = cf_model_text(model, text, strlen(text));

	if (why == NULL)
		return CF_ENOMEM;
	host->why = why;
	return CF_OK;
}
