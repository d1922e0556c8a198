/* A line, an object. */

#include "cli/doctor/doctor_edge.h"

#include "cli/front/term.h"

#include <stdlib.h>

#ifdef CF_HAVE_EGRESS
#include "egress/drift.h"

struct cli_doctor_edge {
	struct cf_edge edge;
};

struct cli_doctor_edge *cli_doctor_edge_look(
    const char *image, const char *image_digest, int64_t now_wall_s)
{
	struct cli_doctor_edge *found = calloc(1, sizeof *found);

	if (found == NULL)
		return NULL;
	cf_edge_look(&found->edge, image, image_digest, now_wall_s);
	if (found->edge.state != CF_EDGE_UNUSED)
		return found;
	free(found);
	return NULL;
}

bool cli_doctor_edge_is_wrong(const struct cli_doctor_edge *edge)
{
	return edge != NULL && cf_edge_is_wrong(&edge->edge);
}

void cli_doctor_edge_print(const struct cli_doctor_edge *edge, FILE *to)
{
	enum cli_style style = CLI_GREEN;
	const char *mark = "ok";

	if (edge == NULL)
		return;
	if (edge->edge.state != CF_EDGE_GOOD) {
		style = edge->edge.state == CF_EDGE_UNKNOWN ? CLI_YELLOW : CLI_RED;
		mark = edge->edge.state == CF_EDGE_UNKNOWN ? "?" : "!";
	}
	fprintf(to, "  %s%-2s%s %-9s ", cli_term_style(to, style), mark,
	    cli_term_style(to, CLI_PLAIN), "edge");
	if (edge->edge.state == CF_EDGE_UNKNOWN || edge->edge.state == CF_EDGE_GONE) {
		fprintf(to, "%s\n", edge->edge.text);
		return;
	}
	fputs(edge->edge.state == CF_EDGE_GOOD ? "the table of the image" : edge->edge.text, to);
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		if (i <= CF_COUNT_ALLOWED || edge->edge.kernel.totals[i].packets > 0)
			fprintf(to, "; %s %llu", cf_egress_counter_text((enum cf_egress_counter)i),
			    (unsigned long long)edge->edge.kernel.totals[i].packets);
	fputs(" packets\n", to);
}

static void put_instant(struct cli_json *json, const char *key, int64_t wall_s)
{
	if (wall_s == 0)
		cli_json_null(json, key);
	else
		cli_json_instant(json, key, wall_s);
}

void cli_doctor_edge_json(const struct cli_doctor_edge *edge, struct cli_json *json)
{
	static const char *const words[] = {
	    "unused", "unknown", "good", "gone", "other image", "changed"};

	if (edge == NULL) {
		cli_json_null(json, "edge");
		return;
	}
	cli_json_open_object(json, "edge");
	cli_json_text(json, "state", words[edge->edge.state]);
	cli_json_text(json, "table", edge->edge.kernel.present ? edge->edge.kernel.comment : NULL);
	put_instant(json, "good_last", edge->edge.good_wall_s);
	put_instant(json, "drift_found", edge->edge.drifted_wall_s);
	for (unsigned i = 0; i < CF_COUNTERS; i++)
		cli_json_number(json, cf_egress_counter_text((enum cf_egress_counter)i),
		    (int64_t)edge->edge.kernel.totals[i].packets);
	cli_json_close_object(json);
}

#else

struct cli_doctor_edge *cli_doctor_edge_look(
    const char *image, const char *image_digest, int64_t now_wall_s)
{
	(void)image;
	(void)image_digest;
	(void)now_wall_s;
	return NULL;
}

bool cli_doctor_edge_is_wrong(const struct cli_doctor_edge *edge)
{
	(void)edge;
	return false;
}

void cli_doctor_edge_print(const struct cli_doctor_edge *edge, FILE *to)
{
	(void)edge;
	(void)to;
}

void cli_doctor_edge_json(const struct cli_doctor_edge *edge, struct cli_json *json)
{
	(void)edge;
	cli_json_null(json, "edge");
}

#endif

void cli_doctor_edge_free(struct cli_doctor_edge *edge)
{
	free(edge);
}
