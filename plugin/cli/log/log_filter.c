/* Conditions on records. */

#include "cli/log/log_filter.h"

#include "base/instant.h"

#include <string.h>

#define CATEGORIES \
	"updates telemetry activation cloud-console web-account sales corporate pki " \
	"product-service informational local-injection lookalike"

/* An instant, or a duration back from now. */
static bool parse_time(const char *text, int64_t now_wall_s, int64_t *wall_us_out)
{
	int64_t duration_s;

	if (cf_instant_parse_us(text, wall_us_out) == CF_OK)
		return true;
	if (cf_duration_parse(text, &duration_s) != CF_OK)
		return false;
	*wall_us_out = (now_wall_s - duration_s) * 1000000;
	return true;
}

static bool parse_action(const char *text, enum cf_action *action_out)
{
	/* The policy says pass where the log says allow. */
	if (strcmp(text, "pass") == 0)
		text = "allow";
	return cf_action_parse(text, strlen(text), action_out);
}

/* A name as people paste it, or an address. */
static bool parse_name(struct log_filter *filter, const char *argument)
{
	struct cf_spoken spoken;

	if (cf_spoken_parse(argument, &spoken, &filter->error) != CF_OK)
		return false;
	filter->by.has_addr = spoken.is_addr;
	filter->by.has_name = !spoken.is_addr;
	filter->by.addr = spoken.addr;
	filter->by.name = spoken.name;
	filter->by.scope = spoken.scope;
	filter->form = spoken.form;
	return true;
}

bool log_filter_set(struct log_filter *filter, int option, const char *argument, int64_t now_wall_s,
    const char **why_out)
{
	enum cf_category category;
	enum cf_via via;

	filter->error = (struct cf_error){.status = CF_OK};
	switch (option) {
	case 'c':
		*why_out = "an address or prefix, such as 10.20.0.0/16";
		filter->by.has_client = cf_prefix_parse(argument, &filter->by.client) == CF_OK;
		return filter->by.has_client;
	case 'A':
		*why_out = "block, flag, observe or allow";
		filter->by.has_action = parse_action(argument, &filter->by.action);
		return filter->by.has_action;
	case 'n':
		return parse_name(filter, argument);
	case 'v':
		*why_out = "a kind of evidence, such as qname, sni or dest_ip";
		filter->by.via = argument;
		return cf_via_parse(argument, strlen(argument), &via);
	case 's':
		*why_out = "an instant with offset, such as 2024-09-29T04:00:00Z, or a time back "
		           "from now, "
		           "such as 24h";
		return parse_time(argument, now_wall_s, &filter->by.since_wall_us);
	case 'u':
		*why_out = "an instant with offset, or a time back from now";
		return parse_time(argument, now_wall_s, &filter->by.until_wall_us);
	case 'C':
		*why_out = "a category; there are " CATEGORIES;
		filter->by.category = argument;
		return cf_category_parse(argument, strlen(argument), &category);
	case 'S':
		filter->by.sensor = argument;
		return true;
	default:
		*why_out = "";
		return false;
	}
}
