/* Conditions on records. */

#include "cli/log/log_filter.h"

#include "base/instant.h"

#include <string.h>

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

bool log_filter_set(struct log_filter *filter, int option, const char *argument, int64_t now_wall_s,
    const char **why_out)
{
	enum cf_via via;

	switch (option) {
	case 'c':
		*why_out = "an address or prefix, such as 10.20.0.0/16";
		filter->has_client = cf_prefix_parse(argument, &filter->client) == CF_OK;
		return filter->has_client;
	case 'A':
		*why_out = "block, flag, observe or allow";
		filter->has_action = parse_action(argument, &filter->action);
		return filter->has_action;
	case 'n':
		*why_out = "a DNS name";
		filter->has_name =
		    cf_name_from_text(argument, strlen(argument), &filter->name) == CF_OK;
		return filter->has_name;
	case 'v':
		*why_out = "a kind of evidence, such as qname, sni or dest_ip";
		filter->via = argument;
		return cf_via_parse(argument, strlen(argument), &via);
	case 's':
		*why_out = "an instant with offset, such as 2024-09-29T04:00:00Z, or a time back "
		           "from now, "
		           "such as 24h";
		return parse_time(argument, now_wall_s, &filter->since_wall_us);
	case 'u':
		*why_out = "an instant with offset, or a time back from now";
		return parse_time(argument, now_wall_s, &filter->until_wall_us);
	case 'C':
		filter->category = argument;
		return true;
	case 'S':
		filter->sensor = argument;
		return true;
	default:
		*why_out = "";
		return false;
	}
}

static bool equals(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* text is wanted itself or lies below it; what is no name matches nothing. */
static bool lies_below(struct cf_text text, const struct cf_name *wanted)
{
	struct cf_name name;

	return text.len > 0 && cf_name_from_text(text.data, text.len, &name) == CF_OK &&
	    cf_name_is_subdomain(&name, wanted);
}

static bool match_name(const struct cf_name *wanted, const struct cf_record *r)
{
	return lies_below(r->dns.qname, wanted) || lies_below(r->dns.cname, wanted) ||
	    lies_below(r->match.value, wanted) || lies_below(r->tls.sni, wanted) ||
	    lies_below(r->http.host, wanted) || lies_below(r->match.rule, wanted);
}

bool log_filter_match(const struct log_filter *filter, const struct cf_record *record)
{
	if (filter->since_wall_us != 0 && record->last_wall_us < filter->since_wall_us)
		return false;
	if (filter->until_wall_us != 0 && record->at_wall_us >= filter->until_wall_us)
		return false;
	if (filter->sensor != NULL && !equals(record->sensor, filter->sensor))
		return false;
	if (filter->has_client && !cf_prefix_contains(&filter->client, &record->src))
		return false;
	if (!record->is_hit)
		return filter->events;
	if (filter->has_action && record->action != filter->action)
		return false;
	if (filter->category != NULL && !equals(record->match.category, filter->category))
		return false;
	if (filter->via != NULL && strcmp(cf_via_text(record->via), filter->via) != 0)
		return false;
	return !filter->has_name || match_name(&filter->name, record);
}
