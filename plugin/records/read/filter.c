/* Conditions, one after the other. */

#include "records/read/filter.h"

#include <string.h>

static bool equals(struct cf_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* text is what is wanted, or lies below it; what is no name matches nothing. */
static bool is_wanted(struct cf_text text, const struct cf_record_filter *filter)
{
	struct cf_name name;

	if (text.len == 0 || cf_name_from_text(text.data, text.len, &name) != CF_OK ||
	    !cf_name_is_subdomain(&name, &filter->name))
		return false;
	return filter->scope != CF_SCOPE_BELOW || !cf_name_is_subdomain(&filter->name, &name);
}

static bool match_name(const struct cf_record_filter *filter, const struct cf_record *r)
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

bool cf_record_filter_match(struct cf_record_filter *filter, const struct cf_record *record)
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
