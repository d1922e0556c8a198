#include "report/gap_costs.h"

#include "base/array.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

static int by_cost(const void *a, const void *b)
{
	const struct cf_gap_cost *x = a, *y = b;

	if (x->hosts != y->hosts)
		return x->hosts > y->hosts ? -1 : 1;
	if (x->from_minute != y->from_minute)
		return x->from_minute < y->from_minute ? -1 : 1;
	return (x->to_minute > y->to_minute) - (x->to_minute < y->to_minute);
}

/* The first sensor that saw the host and has a gap, or did not watch yet, in the stretch. */
static void find_reason(
    struct cf_model *model, const struct cf_host *host, struct cf_gap_cost *cost)
{
	struct cf_coverage *coverage = cf_model_coverage(model);
	const struct cf_model_sensor *sensors;
	size_t count = cf_model_sensors(model, &sensors);

	for (size_t i = 0; i < count && cost->sensor == NULL; i++) {
		const struct cf_span *gaps;
		bool saw = false;

		for (size_t d = 0; d < host->day_count && !saw; d++)
			saw = cf_coverage_set_has(coverage, host->days[d].set, (uint32_t)i);
		size_t gap_count = cf_coverage_gaps(coverage, (uint32_t)i, &gaps);

		for (size_t g = 0; g < gap_count && saw; g++)
			if (gaps[g].from_minute < cost->to_minute &&
			    gaps[g].to_minute > cost->from_minute) {
				cost->reason = gaps[g].reason;
				break;
			}
		if (!saw || (cost->reason == NULL && sensors[i].first_minute < cost->to_minute))
			continue;
		cost->sensor = sensors[i].name;
		cost->source = sensors[i].source;
		if (cost->reason == NULL)
			cost->reason = "did not watch yet";
	}
	if (cost->sensor == NULL)
		cost->sensor = cost->source = "";
	if (cost->reason == NULL)
		cost->reason = "no heartbeat";
}

static enum cf_status add_host(struct cf_model *model, const struct cf_host *host,
    struct cf_map *map, size_t *size, struct cf_gap_costs *costs)
{
	uint32_t key[2] = {host->watch->from_minute, host->watch->to_minute}, at;
	bool added;
	struct cf_gap_cost *items =
	    cf_array_grow(costs->items, costs->count, 1, size, sizeof *items);

	if (items == NULL)
		return CF_ENOMEM;
	costs->items = items;
	if (cf_map_add(map, key, sizeof key, (uint32_t)costs->count, &at, &added) != CF_OK)
		return CF_ENOMEM;
	if (added) {
		items[costs->count] =
		    (struct cf_gap_cost){.from_minute = key[0], .to_minute = key[1]};
		find_reason(model, host, &items[costs->count++]);
	}
	items[at].hosts++;
	return CF_OK;
}

enum cf_status cf_gap_costs_find(struct cf_model *model, struct cf_gap_costs *costs_out)
{
	struct cf_gap_costs costs = {0};
	struct cf_map *map = cf_map_new();
	struct cf_host *const *hosts;
	size_t count = cf_model_hosts(model, &hosts), size = 0;
	enum cf_status status = map == NULL ? CF_ENOMEM : CF_OK;

	for (size_t i = 0; i < count && status == CF_OK; i++) {
		costs.by_dns_alone += hosts[i]->by_dns_alone;
		costs.several += hosts[i]->state == CF_STATE_UNKNOWN &&
		    hosts[i]->lack == CF_LACK_WATCHED && !hosts[i]->is_clean_but;
		if (hosts[i]->is_clean_but)
			status = add_host(model, hosts[i], map, &size, &costs);
	}
	cf_map_free(map);
	if (status != CF_OK) {
		free(costs.items);
		return status;
	}
	if (costs.count > 1)
		qsort(costs.items, costs.count, sizeof *costs.items, by_cost);
	*costs_out = costs;
	return CF_OK;
}

void cf_gap_costs_done(struct cf_gap_costs *costs)
{
	free(costs->items);
	*costs = (struct cf_gap_costs){0};
}
