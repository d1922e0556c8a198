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
	filter->has_addr = spoken.is_addr;
	filter->has_name = !spoken.is_addr;
	filter->addr = spoken.addr;
	filter->name = spoken.name;
	filter->scope = spoken.scope;
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
		filter->has_client = cf_prefix_parse(argument, &filter->client) == CF_OK;
		return filter->has_client;
	case 'A':
		*why_out = "block, flag, observe or allow";
		filter->has_action = parse_action(argument, &filter->action);
		return filter->has_action;
	case 'n':
		return parse_name(filter, argument);
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
		*why_out = "a category; there are " CATEGORIES;
		filter->category = argument;
		return cf_category_parse(argument, strlen(argument), &category);
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

/* text is what is wanted, or lies below it; what is no name matches nothing. */
static bool is_wanted(struct cf_text text, const struct log_filter *filter)
{
	struct cf_name name;

	if (text.len == 0 || cf_name_from_text(text.data, text.len, &name) != CF_OK ||
	    !cf_name_is_subdomain(&name, &filter->name))
		return false;
	return filter->scope != CF_SCOPE_BELOW || !cf_name_is_subdomain(&filter->name, &name);
}

static bool match_name(const struct log_filter *filter, const struct cf_record *r)
{
	return is_wanted(r->dns.qname, filter) || is_wanted(r->dns.cname, filter) ||
	    is_wanted(r->match.value, filter) || is_wanted(r->tls.sni, filter) ||
	    is_wanted(r->http.host, filter) || is_wanted(r->match.rule, filter);
}

/* Where a connection went, or the address that was seen: in an answer, as a host. */
static bool match_addr(const struct cf_addr *wanted, const struct cf_record *r)
{
	char text[CF_ADDR_TEXT_BYTES];

	cf_addr_format(wanted, text);
	return cf_addr_equal(wanted, &r->dest) || equals(r->match.value, text) ||
	    equals(r->http.host, text);
}

bool log_filter_match(struct log_filter *filter, const struct cf_record *record)
{
	if (filter->sensor != NULL) {
		if (!equals(record->sensor, filter->sensor))
			return false;
		filter->sensor_seen = true;
	}
	if (filter->since_wall_us != 0 && record->last_wall_us < filter->since_wall_us)
		return false;
	if (filter->until_wall_us != 0 && record->at_wall_us >= filter->until_wall_us)
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
	if (filter->has_addr)
		return match_addr(&filter->addr, record);
	return !filter->has_name || match_name(filter, record);
}
