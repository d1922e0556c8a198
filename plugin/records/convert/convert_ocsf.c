/* A hit in the Open Cybersecurity Schema Framework. */

#include "records/convert/convert.h"

#include "records/convert/object.h"
#include "records/form/dns_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* OCSF's numbers; class_uid, activity_id, action_id and disposition_id of the schema. */
enum {
	CLASS_NETWORK = 4001,
	CLASS_DNS = 4003,
	ACTIVITY_OPEN = 1,
	ACTIVITY_TRAFFIC = 6,
	SEVERITY_LOW = 2,
	SEVERITY_MEDIUM = 3,
	DIRECTION_OUTBOUND = 2,
};

struct verdict {
	uint8_t action_id, disposition_id;
};

static struct verdict verdict_of(enum cf_action action)
{
	switch (action) {
	case CF_ACTION_ALLOW:
		return (struct verdict){1, 1}; /* allowed */
	case CF_ACTION_BLOCK:
		return (struct verdict){2, 2}; /* denied, blocked */
	case CF_ACTION_FLAG:
		return (struct verdict){3, 19}; /* observed (since 1.4.0), alert */
	case CF_ACTION_OBSERVE:
		break;
	}
	return (struct verdict){3, 15}; /* observed, detected */
}

static void put_head(struct cf_object *o, const struct cf_record *r)
{
	const struct verdict verdict = verdict_of(r->action);
	bool dns = r->event == CF_EVENT_DNS, block = r->action == CF_ACTION_BLOCK;
	unsigned class_uid = dns ? CLASS_DNS : CLASS_NETWORK;
	unsigned activity = dns ? ACTIVITY_TRAFFIC : ACTIVITY_OPEN;

	cf_object_number(o, "class_uid", class_uid);
	cf_object_number(o, "category_uid", class_uid / 1000);
	cf_object_number(o, "activity_id", activity);
	cf_object_number(o, "type_uid", class_uid * 100 + activity);
	cf_object_number(o, "time", (uint64_t)(r->at_wall_us > 0 ? r->at_wall_us / 1000 : 0));
	cf_object_number(o, "severity_id", block ? SEVERITY_MEDIUM : SEVERITY_LOW);
	cf_object_number(o, "count", r->count);
	cf_object_number(o, "action_id", verdict.action_id);
	cf_object_number(o, "disposition_id", verdict.disposition_id);
	cf_object_bool(o, "is_alert", block);
}

static void put_metadata(struct cf_object *o, const struct cf_record *r)
{
	cf_object_open(o, "metadata", '{');
	cf_object_word(o, "version", "1.4.0");
	cf_object_text(o, "uid", r->id);
	cf_object_open(o, "product", '{');
	cf_object_word(o, "name", "curfew");
	cf_object_word(o, "vendor_name", "curfew");
	cf_object_open(o, "feature", '{');
	cf_object_text(o, "name", r->source);
	cf_object_close(o, '}');
	cf_object_close(o, '}');
	cf_object_text(o, "log_provider", r->sensor);
	cf_object_open(o, "profiles", '[');
	cf_object_word(o, NULL, "security_control");
	cf_object_close(o, ']');
	cf_object_close(o, '}');
}

static void put_source(struct cf_object *o, const struct cf_record *r)
{
	char text[18];

	cf_object_open(o, "src_endpoint", '{');
	cf_object_addr(o, "ip", &r->src);
	if (r->src_port != 0)
		cf_object_number(o, "port", r->src_port);
	if (r->has_src_mac) {
		snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", r->src_mac[0],
		    r->src_mac[1], r->src_mac[2], r->src_mac[3], r->src_mac[4], r->src_mac[5]);
		cf_object_word(o, "mac", text);
	}
	if (r->vlan != 0) {
		snprintf(text, sizeof text, "%u", (unsigned)r->vlan);
		cf_object_word(o, "vlan_uid", text);
	}
	cf_object_close(o, '}');
}

static void put_destination(struct cf_object *o, const struct cf_record *r)
{
	cf_object_open(o, "dst_endpoint", '{');
	cf_object_addr(o, "ip", &r->dest);
	if (r->dest_port != 0)
		cf_object_number(o, "port", r->dest_port);
	cf_object_text(o, "hostname", r->tls.sni.len > 0 ? r->tls.sni : r->http.host);
	if (r->asn.number != 0) {
		cf_object_open(o, "autonomous_system", '{');
		cf_object_number(o, "number", r->asn.number);
		cf_object_text(o, "name", r->asn.org);
		cf_object_close(o, '}');
	}
	cf_object_close(o, '}');
}

static void put_connection(struct cf_object *o, const struct cf_record *r)
{
	char proto[24];

	cf_object_open(o, "connection_info", '{');
	if (r->proto.len > 0 && r->proto.len < sizeof proto) {
		for (size_t i = 0; i < r->proto.len; i++)
			proto[i] = (char)tolower((unsigned char)r->proto.data[i]);
		cf_object_text(
		    o, "protocol_name", (struct cf_text){.data = proto, .len = r->proto.len});
	}
	cf_object_number(o, "direction_id", DIRECTION_OUTBOUND);
	cf_object_text(o, "community_uid", r->community_id);
	cf_object_close(o, '}');
	if (r->flow.pkts_out == 0 && r->flow.pkts_in == 0)
		return;
	cf_object_open(o, "traffic", '{');
	cf_object_number(o, "bytes_in", r->flow.bytes_in);
	cf_object_number(o, "bytes_out", r->flow.bytes_out);
	cf_object_number(o, "packets_in", r->flow.pkts_in);
	cf_object_number(o, "packets_out", r->flow.pkts_out);
	cf_object_close(o, '}');
}

/* "list/rule" names a rule among all lists. */
static void put_rule(struct cf_object *o, const struct cf_record *r)
{
	char uid[2 * CF_RECORD_LINE_BYTES + 2];
	size_t len = r->match.list.len;

	if (len > 0)
		memcpy(uid, r->match.list.data, len);
	uid[len++] = '/';
	if (r->match.rule.len > 0)
		memcpy(uid + len, r->match.rule.data, r->match.rule.len);
	len += r->match.rule.len;
	cf_object_open(o, "firewall_rule", '{');
	cf_object_text(o, "uid", (struct cf_text){.data = uid, .len = len});
	cf_object_text(o, "name", r->match.rule);
	cf_object_text(o, "type", r->match.rule_type);
	cf_object_text(o, "category", r->match.category);
	cf_object_text(o, "version", r->match.serial);
	cf_object_word(o, "match_location", cf_via_text(r->via));
	cf_object_open(o, "match_details", '[');
	cf_object_text(o, NULL, r->match.value);
	cf_object_close(o, ']');
	cf_object_close(o, '}');
	if (r->policy.name.len == 0)
		return;
	cf_object_open(o, "policy", '{');
	cf_object_text(o, "name", r->policy.name);
	cf_object_close(o, '}');
}

/* Only DNS Activity has these attributes. */
static void put_query(struct cf_object *o, const struct cf_record *r)
{
	int rcode = cf_rcode_number(r->dns.rcode.data, r->dns.rcode.len);

	if (r->event != CF_EVENT_DNS || r->dns.qname.len == 0)
		return;
	cf_object_open(o, "query", '{');
	cf_object_text(o, "hostname", r->dns.qname);
	cf_object_text(o, "type", r->dns.qtype);
	cf_object_word(o, "class", "IN");
	cf_object_close(o, '}');
	if (rcode >= 0) {
		/* 99 is OCSF's "other": its list ends with the codes of RFC 6895. */
		cf_object_number(o, "rcode_id", rcode <= 23 ? (unsigned)rcode : 99);
		cf_object_text(o, "rcode", r->dns.rcode);
	}
	if (r->dns.cname.len == 0)
		return;
	cf_object_open(o, "answers", '[');
	cf_object_open(o, NULL, '{');
	cf_object_word(o, "type", "CNAME");
	cf_object_text(o, "rdata", r->dns.cname);
	cf_object_close(o, '}');
	cf_object_close(o, ']');
}

static void put_tls(struct cf_object *o, const struct cf_record *r)
{
	if (r->tls.sni.len == 0 && r->tls.version.len == 0)
		return;
	cf_object_open(o, "tls", '{');
	cf_object_text(o, "version", r->tls.version);
	cf_object_text(o, "sni", r->tls.sni);
	cf_object_close(o, '}');
}

size_t cf_convert_ocsf(const struct cf_record *record, char *line, size_t size)
{
	struct cf_object object = cf_object_begin(line, size), *o = &object;

	if (!record->is_hit)
		return 0;
	put_head(o, record);
	put_metadata(o, record);
	put_source(o, record);
	put_destination(o, record);
	put_connection(o, record);
	put_rule(o, record);
	put_query(o, record);
	put_tls(o, record);
	return cf_object_end(o);
}
