/* One query, and what people said of sites and plans. */

#include "report/fleet.h"

#include "base/array.h"
#include "ledger/action.h"
#include "ledger/store/rows.h"
#include "ledger/upkeep/planned.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

struct cf_fleet {
	struct cf_fleet_options options;
	struct cf_actions *actions;
	struct cf_array sensors;
	struct cf_doc *texts; /* owns copies of the rows' texts */
	size_t troubled;
};

enum column {
	NAME,
	SOURCE,
	SEALED_US,
	NEWEST_DAY,
	LOST,
	IMAGE,
	IMAGE_US,
	VERSION,
	RECEIPT_US,
	TAKEN_S,
	TO_SEQ,
	UNSHIPPED,
	FORKS,
	FORK_S,
};

static const char *text_of(struct cf_fleet *fleet, const struct cf_row *row, int column)
{
	const char *text = cf_row_text(row, column);

	return text == NULL ? "" : cf_doc_text(fleet->texts, text);
}

/* The site last given to it by hand. */
static const char *site_of(const struct cf_fleet *fleet, const char *sensor)
{
	for (size_t i = cf_actions_count(fleet->actions); i > 0; i--) {
		const struct cf_ledger_action *action = cf_actions_get(fleet->actions, i - 1);

		if (strcmp(action->verb, "site") == 0 &&
		    !cf_actions_is_undone(fleet->actions, i - 1) &&
		    strcmp(action->args[0], sensor) == 0)
			return action->args[1];
	}
	return "";
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void find_last(struct cf_fleet_sensor *sensor, const struct cf_row *row, int64_t at_wall_s)
{
	int64_t sealed_s =
	    later(cf_row_int64(row, SEALED_US), cf_row_int64(row, RECEIPT_US)) / 1000000;

	if (sealed_s == 0 && cf_row_kind(row, NEWEST_DAY) != CF_ROW_NULL)
		sealed_s = cf_row_int64(row, NEWEST_DAY) * DAY_S;
	sensor->last_wall_s = sealed_s;
	sensor->behind_s = later(at_wall_s - sealed_s, 0);
}

static void take_receipt(struct cf_fleet_sensor *sensor, const struct cf_row *row)
{
	sensor->ships = cf_row_kind(row, TO_SEQ) != CF_ROW_NULL;
	if (!sensor->ships)
		return;
	sensor->shipped_seq = (uint64_t)cf_row_int64(row, TO_SEQ);
	sensor->unshipped = (uint64_t)cf_row_int64(row, UNSHIPPED);
	sensor->forks = (uint64_t)cf_row_int64(row, FORKS);
	sensor->fork_wall_s = cf_row_int64(row, FORK_S);
	sensor->ahead_s = cf_row_int64(row, RECEIPT_US) / 1000000 - cf_row_int64(row, TAKEN_S);
}

static enum cf_status take_sensor(void *context, const struct cf_row *row)
{
	struct cf_fleet *fleet = context;
	struct cf_fleet_sensor *sensor = cf_array_add(&fleet->sensors, sizeof *sensor);
	struct cf_planned planned;

	if (sensor == NULL)
		return CF_ENOMEM;
	sensor->name = text_of(fleet, row, NAME);
	sensor->source = text_of(fleet, row, SOURCE);
	sensor->site = site_of(fleet, sensor->name);
	sensor->lost = (uint64_t)cf_row_int64(row, LOST);
	sensor->image = text_of(fleet, row, IMAGE);
	sensor->image_wall_s = cf_row_int64(row, IMAGE_US) / 1000000;
	sensor->version = text_of(fleet, row, VERSION);
	find_last(sensor, row, fleet->options.at_wall_s);
	take_receipt(sensor, row);
	if (cf_planned_find(fleet->actions, sensor->name, sensor->last_wall_s,
	        later(fleet->options.at_wall_s, sensor->last_wall_s), fleet->options.silent_s,
	        &planned))
		sensor->planned = planned.why;
	return CF_OK;
}

static const struct cf_fleet_sensor *sensors_of(const struct cf_fleet *fleet)
{
	return fleet->sensors.items;
}

/* How many sensors of the same source decide with the same image. */
static size_t count_alike(const struct cf_fleet *fleet, const struct cf_fleet_sensor *sensor)
{
	size_t alike = 0;

	for (size_t i = 0; i < fleet->sensors.used; i++)
		alike += strcmp(sensors_of(fleet)[i].source, sensor->source) == 0 &&
		    strcmp(sensors_of(fleet)[i].image, sensor->image) == 0;
	return alike;
}

/* Images of the sources, each with how many have it: the most common one of each. */
struct common {
	const char *source, *image;
	size_t count;
};

static enum cf_status find_common(const struct cf_fleet *fleet, struct cf_array *all)
{
	for (size_t i = 0; i < fleet->sensors.used; i++) {
		const struct cf_fleet_sensor *sensor = &sensors_of(fleet)[i];
		struct common *common = all->items;
		size_t at = 0;

		if (sensor->image[0] == '\0')
			continue;
		while (at < all->used && strcmp(common[at].source, sensor->source) != 0)
			at++;
		if (at == all->used) {
			common = cf_array_add(all, sizeof *common);
			if (common == NULL)
				return CF_ENOMEM;
			common->source = sensor->source;
			common -= at;
		}
		if (common[at].image != NULL && strcmp(common[at].image, sensor->image) == 0)
			continue; /* counted */
		size_t count = count_alike(fleet, sensor);

		if (count > common[at].count) {
			common[at].count = count;
			common[at].image = sensor->image;
		}
	}
	return CF_OK;
}

static bool has_other_image(const struct cf_array *all, const struct cf_fleet_sensor *sensor)
{
	const struct common *common = all->items;

	for (size_t i = 0; i < all->used && sensor->image[0] != '\0'; i++)
		if (strcmp(common[i].source, sensor->source) == 0)
			return strcmp(common[i].image, sensor->image) != 0;
	return false;
}

static unsigned judge(const struct cf_fleet_options *options, const struct cf_array *common,
    const struct cf_fleet_sensor *sensor)
{
	unsigned trouble = 0;

	if (sensor->behind_s > options->silent_s && sensor->planned == NULL)
		trouble |= CF_FLEET_SILENT;
	if (sensor->forks > 0)
		trouble |= CF_FLEET_FORKED;
	if (sensor->unshipped > 0)
		trouble |= CF_FLEET_UNSHIPPED;
	if (sensor->lost > 0)
		trouble |= CF_FLEET_LOSING;
	if (has_other_image(common, sensor))
		trouble |= CF_FLEET_OTHER_IMAGE;
	if (sensor->ahead_s > options->clock_s ||
	    sensor->last_wall_s - options->at_wall_s > options->clock_s)
		trouble |= CF_FLEET_CLOCK_AHEAD;
	return trouble;
}

static enum cf_status judge_all(struct cf_fleet *fleet)
{
	struct cf_array common = {.items = NULL};
	struct cf_fleet_sensor *sensors = fleet->sensors.items;
	enum cf_status status = find_common(fleet, &common);

	for (size_t i = 0; status == CF_OK && i < fleet->sensors.used; i++) {
		sensors[i].trouble = judge(&fleet->options, &common, &sensors[i]);
		fleet->troubled += sensors[i].trouble != 0;
	}
	free(common.items);
	return status;
}

static enum cf_status read_sensors(
    struct cf_fleet *fleet, struct cf_ledger *ledger, struct cf_error *error)
{
	char sql[1600];

	(void)snprintf(sql, sizeof sql,
	    "SELECT s.name, s.source,"
	    " (SELECT max(last_us) FROM run WHERE run.sensor_id=s.sensor_id),"
	    " (SELECT max(day) FROM beat WHERE beat.sensor_id=s.sensor_id),"
	    " (SELECT CAST(sum(lost) AS BIGINT) FROM beat WHERE beat.sensor_id=s.sensor_id AND"
	    "  day>%" PRId64 "),"
	    " (SELECT value FROM used WHERE used.sensor_id=s.sensor_id AND what='image'"
	    "  ORDER BY last_us DESC, value LIMIT 1),"
	    " (SELECT first_us FROM used WHERE used.sensor_id=s.sensor_id AND what='image'"
	    "  ORDER BY last_us DESC, value LIMIT 1),"
	    " (SELECT value FROM used WHERE used.sensor_id=s.sensor_id AND what='version'"
	    "  ORDER BY last_us DESC, value LIMIT 1),"
	    " r.at_us, r.taken_s, r.to_seq, r.lost, r.forks, r.fork_s"
	    " FROM sensor s LEFT JOIN receipt r ON r.sensor_id=s.sensor_id ORDER BY s.name, "
	    "s.source",
	    fleet->options.at_wall_s / DAY_S - fleet->options.lost_days);
	return cf_ledger_each_row(ledger, sql, take_sensor, fleet, error);
}

enum cf_status cf_fleet_read(struct cf_ledger *ledger, const struct cf_fleet_options *options,
    struct cf_fleet **fleet_out, struct cf_error *error)
{
	struct cf_fleet *fleet = calloc(1, sizeof *fleet);
	enum cf_status status = CF_ENOMEM;

	if (fleet != NULL) {
		fleet->options = *options;
		fleet->texts = cf_doc_new("texts");
	}
	if (fleet != NULL && fleet->texts != NULL)
		status = cf_actions_open(cf_ledger_path(ledger), &fleet->actions, error);
	if (status == CF_OK)
		status = read_sensors(fleet, ledger, error);
	if (status == CF_OK && !cf_doc_ok(fleet->texts))
		status = CF_ENOMEM;
	if (status == CF_OK)
		status = judge_all(fleet);
	if (status == CF_ENOMEM)
		(void)cf_error_set(error, status, "no memory");
	if (status != CF_OK) {
		cf_fleet_free(fleet);
		return status;
	}
	*fleet_out = fleet;
	return CF_OK;
}

void cf_fleet_free(struct cf_fleet *fleet)
{
	if (fleet == NULL)
		return;
	if (fleet->actions != NULL)
		cf_actions_close(fleet->actions);
	cf_doc_free(fleet->texts);
	free(fleet->sensors.items);
	free(fleet);
}

size_t cf_fleet_sensors(const struct cf_fleet *fleet, const struct cf_fleet_sensor **sensors_out)
{
	*sensors_out = fleet->sensors.items;
	return fleet->sensors.used;
}

size_t cf_fleet_troubled(const struct cf_fleet *fleet)
{
	return fleet->troubled;
}

const struct cf_fleet_options *cf_fleet_options(const struct cf_fleet *fleet)
{
	return &fleet->options;
}
