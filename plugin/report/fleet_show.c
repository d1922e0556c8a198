/* Sensors as a document, and as series for Prometheus. */

#include "report/fleet.h"
#include "report/render/safe.h"

#include <inttypes.h>
#include <string.h>

/* "silent; another image than most", "" where all is well. */
static const char *trouble_text(struct cf_doc *doc, const struct cf_fleet_sensor *sensor)
{
	static const char *const words[] = {"silent", "a fork was refused",
	    "lines gone before they were shipped", "losing", "another image than most",
	    "its clock is ahead"};
	const char *text = "";

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if ((sensor->trouble & 1u << i) != 0)
			text = cf_doc_format(
			    doc, "%s%s%s", text, text[0] == '\0' ? "" : "; ", words[i]);
	if (sensor->planned != NULL)
		text = cf_doc_format(
		    doc, "%s%splanned: %s", text, text[0] == '\0' ? "" : "; ", sensor->planned);
	return text;
}

static void add_sensors(struct cf_doc *doc, const struct cf_fleet *fleet)
{
	static const struct cf_doc_column columns[] = {
	    {"sensor", "sensor", CF_DOC_TEXT, false},
	    {"source", "source", CF_DOC_TEXT, false},
	    {"site", "site", CF_DOC_TEXT, false},
	    {"trouble", "trouble", CF_DOC_TEXT, false},
	    {"last", "newest seal", CF_DOC_INSTANT, false},
	    {"behind_minutes", "behind", CF_DOC_SPAN, false},
	    {"image", "image", CF_DOC_TEXT, false},
	    {"image_since", "since", CF_DOC_INSTANT, true},
	    {"version", "curfew", CF_DOC_TEXT, true},
	    {"lost", "lost", CF_DOC_NUMBER, false},
	    {"shipped_seq", "shipped to", CF_DOC_NUMBER, true},
	    {"unshipped", "gone unshipped", CF_DOC_NUMBER, true},
	    {"forks", "forks", CF_DOC_NUMBER, true},
	    {"clock_ahead_seconds", "clock ahead, s", CF_DOC_NUMBER, true},
	};

	const struct cf_fleet_sensor *sensors;
	size_t count = cf_fleet_sensors(fleet, &sensors);

	cf_doc_table(doc, "sensors", "Sensors", columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < count; i++) {
		const struct cf_fleet_sensor *sensor = &sensors[i];
		const struct cf_doc_cell cells[] = {{.text = sensor->name},
		    {.text = sensor->source}, {.text = sensor->site},
		    {.text = trouble_text(doc, sensor)}, {.number = sensor->last_wall_s},
		    {.number = sensor->behind_s / 60},
		    {.text = cf_doc_format(doc, "%.12s", sensor->image)},
		    {.number = sensor->image_wall_s}, {.text = sensor->version},
		    {.number = (int64_t)sensor->lost}, {.number = (int64_t)sensor->shipped_seq},
		    {.number = (int64_t)sensor->unshipped}, {.number = (int64_t)sensor->forks},
		    {.number = sensor->ahead_s}};

		cf_doc_row(doc, cells);
	}
}

struct cf_doc *cf_fleet_doc(const struct cf_fleet *fleet)
{
	struct cf_doc *doc = cf_doc_new("fleet");
	const struct cf_fleet_sensor *sensors;

	if (doc == NULL)
		return NULL;
	cf_doc_set_title(doc, "Sensors");
	cf_doc_fact_instant(doc, "at", "as of", cf_fleet_options(fleet)->at_wall_s);
	cf_doc_fact_number(doc, "sensors", "sensors", (int64_t)cf_fleet_sensors(fleet, &sensors));
	cf_doc_fact_number(doc, "troubled", "with trouble", (int64_t)cf_fleet_troubled(fleet));
	add_sensors(doc, fleet);
	cf_doc_note(doc,
	    "losses count for %u days; a sensor that was not heard of for %u minutes is silent, "
	    "unless somebody planned that (`curfew ledger plan`)",
	    cf_fleet_options(fleet)->lost_days, cf_fleet_options(fleet)->silent_s / 60);
	return doc;
}

static int64_t figure(const struct cf_fleet_sensor *sensor, unsigned which)
{
	const int64_t figures[] = {sensor->last_wall_s, sensor->behind_s, (int64_t)sensor->lost,
	    (int64_t)sensor->unshipped, (int64_t)sensor->forks, sensor->ahead_s,
	    sensor->trouble != 0};

	return figures[which];
}

static void put_labels(const struct cf_fleet_sensor *sensor, FILE *to)
{
	fputs("{sensor=", to);
	cf_safe_quote(to, sensor->name);
	fputs(",source=", to);
	cf_safe_quote(to, sensor->source);
	fputs(",site=", to);
	cf_safe_quote(to, sensor->site);
	fputs("}", to);
}

void cf_fleet_metrics(const struct cf_fleet *fleet, FILE *to)
{
	static const char *const series[][2] = {
	    {"curfew_fleet_last_seal_seconds", "Time of the newest seal that is here."},
	    {"curfew_fleet_behind_seconds", "How long ago that was."},
	    {"curfew_fleet_lost", "Records and packets lost, of the days that count."},
	    {"curfew_fleet_unshipped", "Times that lines were gone before they were shipped."},
	    {"curfew_fleet_forks", "Other chains under its name that were refused."},
	    {"curfew_fleet_clock_ahead_seconds", "Its clock against the collector's."},
	    {"curfew_fleet_troubled", "1 where something is wrong with the sensor."},
	};

	const struct cf_fleet_sensor *sensors;
	size_t count = cf_fleet_sensors(fleet, &sensors);

	for (unsigned which = 0; which < sizeof series / sizeof series[0]; which++) {
		fprintf(to, "# HELP %s %s\n# TYPE %s gauge\n", series[which][0], series[which][1],
		    series[which][0]);
		for (size_t i = 0; i < count; i++) {
			fputs(series[which][0], to);
			put_labels(&sensors[i], to);
			fprintf(to, " %" PRId64 "\n", figure(&sensors[i], which));
		}
	}
}
