/* What a loaded model says when it is asked. */

#include "ledger/model/model_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct cf_model_options *cf_model_options(const struct cf_model *model)
{
	return &model->options;
}

size_t cf_model_hosts(const struct cf_model *model, struct cf_host *const **hosts_out)
{
	*hosts_out = model->hosts;
	return model->host_count;
}

size_t cf_model_sensors(const struct cf_model *model, const struct cf_model_sensor **sensors_out)
{
	*sensors_out = model->sensors;
	return model->sensor_count;
}

const struct cf_model_kind *cf_model_kind(const struct cf_model *model, uint32_t kind)
{
	return &model->kinds[kind];
}

struct cf_coverage *cf_model_coverage(const struct cf_model *model)
{
	return model->coverage;
}

uint64_t cf_model_skipped_rows(const struct cf_model *model)
{
	return model->skipped_rows + cf_ledger_bad_rows(model->ledger);
}

const struct cf_actions *cf_model_actions(const struct cf_model *model)
{
	return model->actions;
}

const struct cf_host *cf_model_find(const struct cf_model *model, const char *selector)
{
	const struct cf_host *by_name = NULL;

	for (size_t i = 0; i < model->host_count; i++) {
		const struct cf_host *host = model->hosts[i];

		if (strcmp(host->id, selector) == 0 || strcmp(host->key, selector) == 0 ||
		    (host->is_network && strcmp(host->addr, selector) == 0) ||
		    (host->mac[0] != '\0' && strcasecmp(host->mac, selector) == 0))
			return host;
		if (host->name[0] != '\0' && strcasecmp(host->name, selector) == 0 &&
		    (by_name == NULL || host->last_minute > by_name->last_minute))
			by_name = host;
	}
	if (by_name != NULL)
		return by_name;
	const char *at = strrchr(selector, '@');
	const struct cf_host_identity *best = NULL;
	const struct cf_host *found = NULL;

	for (size_t i = 0; i < model->host_count; i++)
		for (size_t j = 0; j < model->hosts[i]->identity_count; j++) {
			const struct cf_host_identity *one = &model->hosts[i]->identities[j];
			size_t len = at == NULL ? strlen(selector) : (size_t)(at - selector);

			if (strlen(one->value) == len &&
			    strncasecmp(one->value, selector, len) == 0 &&
			    (at == NULL || strcmp(one->site, at + 1) == 0) &&
			    (best == NULL || one->to_minute > best->to_minute)) {
				best = one;
				found = model->hosts[i];
			}
		}
	return found;
}

void cf_progress_done(struct cf_progress *progress)
{
	free(progress->counts);
	free(progress->hits);
	free(progress->escapes);
	*progress = (struct cf_progress){0};
}

/* Each host at the end of each day since it was first seen. */
static void count_host(
    struct cf_model *model, const struct cf_host *host, struct cf_progress *progress)
{
	size_t known = 0;

	for (uint32_t i = 0; i < progress->day_count; i++) {
		uint32_t day = progress->first_day + i, end = (day + 1) * DAY_MINUTES;

		for (; known < host->day_count && host->days[known].day <= day; known++) {
			progress->hits[i] +=
			    host->days[known].found->hits + host->days[known].found->excepted;
			progress->escapes[i] += host->days[known].found->escapes;
		}
		if (known == 0)
			continue;
		if (end > model->at_minute)
			end = model->at_minute;
		struct cf_state_judgement judgement =
		    cf_state_judge(host, known, end, model->coverage, &model->options, false);
		enum cf_state state = judgement.state;

		if (state == CF_STATE_DEPENDENT && host->state == CF_STATE_EXCEPTED &&
		    i + 1 == progress->day_count)
			state = CF_STATE_EXCEPTED;
		progress->counts[i][state]++;
	}
}

enum cf_status cf_model_progress(struct cf_model *model, struct cf_progress *progress_out)
{
	struct cf_progress progress = {.first_day = UINT32_MAX};
	uint32_t last = model->at_minute > 0 ? (model->at_minute - 1) / DAY_MINUTES : 0;

	for (size_t i = 0; i < model->host_count; i++)
		if (model->hosts[i]->day_count > 0 &&
		    model->hosts[i]->days[0].day < progress.first_day)
			progress.first_day = model->hosts[i]->days[0].day;
	if (progress.first_day > last) {
		*progress_out = (struct cf_progress){0};
		return CF_OK;
	}
	progress.day_count = last - progress.first_day + 1;
	progress.counts = calloc(progress.day_count, sizeof *progress.counts);
	progress.hits = calloc(progress.day_count, sizeof *progress.hits);
	progress.escapes = calloc(progress.day_count, sizeof *progress.escapes);
	if (progress.counts == NULL || progress.hits == NULL || progress.escapes == NULL) {
		cf_progress_done(&progress);
		return CF_ENOMEM;
	}
	for (size_t i = 0; i < model->host_count; i++)
		count_host(model, model->hosts[i], &progress);
	*progress_out = progress;
	return CF_OK;
}
