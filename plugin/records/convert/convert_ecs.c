/* A hit in the Elastic Common Schema. */

#include "records/convert/convert.h"

#include "records/convert/object.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void lower_text(struct cf_object *o, const char *key, struct cf_text text)
{
	char lower[24];

	if (text.len == 0 || text.len >= sizeof lower)
		return;
	for (size_t i = 0; i < text.len; i++)
		lower[i] = (char)tolower((unsigned char)text.data[i]);
	cf_object_text(o, key, (struct cf_text){.data = lower, .len = text.len});
}

/* Events that are a connection rather than something said in one. */
static bool is_connection(enum cf_event event)
{
	return event == CF_EVENT_FLOW || event == CF_EVENT_SINKHOLE || event == CF_EVENT_LAN;
}

static const char *outcome(enum cf_action action)
{
	switch (action) {
	case CF_ACTION_BLOCK:
		return "denied";
	case CF_ACTION_FLAG:
	case CF_ACTION_ALLOW:
		return "allowed";
	case CF_ACTION_OBSERVE:
		break;
	}
	return "info";
}

static void put_event(struct cf_object *o, const struct cf_record *r)
{
	cf_object_open(o, "event", '{');
	cf_object_word(o, "kind", r->action == CF_ACTION_BLOCK ? "alert" : "event");
	cf_object_open(o, "category", '[');
	cf_object_word(o, NULL, "network");
	cf_object_close(o, ']');
	cf_object_open(o, "type", '[');
	cf_object_word(o, NULL, is_connection(r->event) ? "connection" : "protocol");
	cf_object_word(o, NULL, outcome(r->action));
	cf_object_close(o, ']');
	cf_object_word(o, "action", cf_action_text(r->action));
	cf_object_text(o, "id", r->id);
	cf_object_word(o, "module", "curfew");
	cf_object_word(o, "dataset", "curfew.hit");
	cf_object_text(o, "provider", r->source);
	cf_object_close(o, '}');
}

static void put_observer(struct cf_object *o, const struct cf_record *r)
{
	/* "resolver.2" as well (records/write/sink.h). */
	bool resolver = r->source.len >= 8 && memcmp(r->source.data, "resolver", 8) == 0;

	cf_object_open(o, "observer", '{');
	cf_object_text(o, "name", r->sensor);
	cf_object_word(o, "product", "curfew");
	cf_object_word(o, "type", resolver ? "dns-firewall" : "sensor");
	cf_object_close(o, '}');
}

static void put_ends(struct cf_object *o, const struct cf_record *r)
{
	char mac[18];

	cf_object_open(o, "source", '{');
	cf_object_addr(o, "ip", &r->src);
	if (r->src_port != 0)
		cf_object_number(o, "port", r->src_port);
	if (r->has_src_mac) {
		snprintf(mac, sizeof mac, "%02X-%02X-%02X-%02X-%02X-%02X", r->src_mac[0],
		    r->src_mac[1], r->src_mac[2], r->src_mac[3], r->src_mac[4], r->src_mac[5]);
		cf_object_word(o, "mac", mac);
	}
	cf_object_close(o, '}');
	cf_object_open(o, "destination", '{');
	cf_object_addr(o, "ip", &r->dest);
	if (r->dest_port != 0)
		cf_object_number(o, "port", r->dest_port);
	cf_object_text(o, "domain", r->tls.sni.len > 0 ? r->tls.sni : r->http.host);
	if (r->asn.number != 0) {
		cf_object_open(o, "as", '{');
		cf_object_number(o, "number", r->asn.number);
		cf_object_open(o, "organization", '{');
		cf_object_text(o, "name", r->asn.org);
		cf_object_close(o, '}');
		cf_object_close(o, '}');
	}
	cf_object_close(o, '}');
}

static void put_network(struct cf_object *o, const struct cf_record *r)
{
	char vlan[8];

	cf_object_open(o, "network", '{');
	lower_text(o, "transport", r->proto);
	if (r->event == CF_EVENT_DNS || r->event == CF_EVENT_BYPASS)
		cf_object_word(o, "protocol", "dns");
	else if (r->event == CF_EVENT_TLS || r->event == CF_EVENT_HTTP)
		cf_object_word(o, "protocol", cf_event_text(r->event));
	cf_object_text(o, "community_id", r->community_id);
	if (r->vlan != 0) {
		snprintf(vlan, sizeof vlan, "%u", (unsigned)r->vlan);
		cf_object_open(o, "vlan", '{');
		cf_object_word(o, "id", vlan);
		cf_object_close(o, '}');
	}
	cf_object_close(o, '}');
}

static void put_rule(struct cf_object *o, const struct cf_record *r)
{
	cf_object_open(o, "rule", '{');
	cf_object_text(o, "name", r->match.rule);
	cf_object_text(o, "ruleset", r->match.list);
	cf_object_text(o, "version", r->match.serial);
	cf_object_text(o, "category", r->match.category);
	cf_object_close(o, '}');
}

static void put_related(struct cf_object *o, const struct cf_record *r)
{
	cf_object_open(o, "related", '{');
	cf_object_open(o, "ip", '[');
	cf_object_addr(o, NULL, &r->src);
	cf_object_addr(o, NULL, &r->dest);
	cf_object_close(o, ']');
	if (r->dns.qname.len > 0) {
		cf_object_open(o, "hosts", '[');
		cf_object_text(o, NULL, r->dns.qname);
		cf_object_text(o, NULL, r->dns.cname);
		cf_object_close(o, ']');
	}
	cf_object_close(o, '}');
	cf_object_open(o, "labels", '{');
	cf_object_word(o, "curfew_via", cf_via_text(r->via));
	cf_object_text(o, "curfew_phase", r->policy.phase);
	cf_object_close(o, '}');
}

static void put_dns(struct cf_object *o, const struct cf_record *r)
{
	if (r->dns.qname.len == 0)
		return;
	cf_object_open(o, "dns", '{');
	cf_object_word(o, "type", "answer");
	cf_object_open(o, "question", '{');
	cf_object_text(o, "name", r->dns.qname);
	cf_object_text(o, "type", r->dns.qtype);
	cf_object_word(o, "class", "IN");
	cf_object_close(o, '}');
	cf_object_text(o, "response_code", r->dns.rcode);
	cf_object_close(o, '}');
}

static void put_tls(struct cf_object *o, const struct cf_record *r)
{
	if (r->tls.sni.len == 0 && r->tls.version.len == 0)
		return;
	cf_object_open(o, "tls", '{');
	if (r->tls.sni.len > 0) {
		cf_object_open(o, "client", '{');
		cf_object_text(o, "server_name", r->tls.sni);
		cf_object_close(o, '}');
	}
	cf_object_text(o, "version", r->tls.version);
	cf_object_word(o, "version_protocol", "tls");
	cf_object_close(o, '}');
}

static void put_http(struct cf_object *o, const struct cf_record *r)
{
	if (r->http.method.len > 0) {
		cf_object_open(o, "http", '{');
		cf_object_open(o, "request", '{');
		cf_object_text(o, "method", r->http.method);
		cf_object_close(o, '}');
		cf_object_close(o, '}');
	}
	if (r->http.uri.len > 0 || r->http.host.len > 0) {
		cf_object_open(o, "url", '{');
		cf_object_text(o, "domain", r->http.host);
		cf_object_text(o, "original", r->http.uri);
		cf_object_close(o, '}');
	}
	if (r->http.user_agent.len > 0) {
		cf_object_open(o, "user_agent", '{');
		cf_object_text(o, "original", r->http.user_agent);
		cf_object_close(o, '}');
	}
}

size_t cf_convert_ecs(const struct cf_record *record, char *line, size_t size)
{
	struct cf_object object = cf_object_begin(line, size), *o = &object;

	if (!record->is_hit)
		return 0;
	cf_object_text(o, "@timestamp", record->timestamp);
	cf_object_open(o, "ecs", '{');
	cf_object_word(o, "version", "8.11.0");
	cf_object_close(o, '}');
	put_event(o, record);
	put_observer(o, record);
	put_ends(o, record);
	put_network(o, record);
	put_rule(o, record);
	put_related(o, record);
	put_dns(o, record);
	put_tls(o, record);
	put_http(o, record);
	return cf_object_end(o);
}
