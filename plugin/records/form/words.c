/* The words of the hit log: events, actions, evidence. */

#include "records/form/record.h"

#include <string.h>

struct word {
	int value;
	const char *text;
};

static const struct word event_words[] = {
    {CF_EVENT_DNS, "dns"},
    {CF_EVENT_FLOW, "flow"},
    {CF_EVENT_TLS, "tls"},
    {CF_EVENT_HTTP, "http"},
    {CF_EVENT_SINKHOLE, "sinkhole"},
    {CF_EVENT_LAN, "lan"},
    {CF_EVENT_BYPASS, "bypass"},
    {CF_EVENT_IDENTITY, "identity"},
    {CF_EVENT_HEARTBEAT, "heartbeat"},
    {CF_EVENT_LOST, "lost"},
    {CF_EVENT_START, "start"},
    {CF_EVENT_STOP, "stop"},
    {CF_EVENT_ALIVE, "alive"},
};

static const struct word action_words[] = {
    {CF_ACTION_ALLOW, "allow"},
    {CF_ACTION_OBSERVE, "observe"},
    {CF_ACTION_FLAG, "flag"},
    {CF_ACTION_BLOCK, "block"},
};

static const struct word via_words[] = {
    {CF_VIA_QNAME, "qname"},
    {CF_VIA_CNAME, "cname"},
    {CF_VIA_DNAME, "dname"},
    {CF_VIA_ANSWER_ADDR, "answer_addr"},
    {CF_VIA_SVCB_TARGET, "svcb_target"},
    {CF_VIA_SVCB_HINT, "svcb_hint"},
    {CF_VIA_DEST_IP, "dest_ip"},
    {CF_VIA_SHARED_IP, "shared_ip"},
    {CF_VIA_ASN, "asn"},
    {CF_VIA_SNI, "sni"},
    {CF_VIA_HTTP_HOST, "http_host"},
    {CF_VIA_HTTP_HOST_LITERAL, "http_host_literal"},
    {CF_VIA_HTTP_URI, "http_uri"},
    {CF_VIA_USER_AGENT, "user_agent"},
    {CF_VIA_BODY_MAGIC, "body_magic"},
    {CF_VIA_CERT_ISSUER, "cert_issuer"},
    {CF_VIA_JA4, "ja4"},
    {CF_VIA_LAN_PORT, "lan_port"},
    {CF_VIA_SINKHOLE, "sinkhole"},
    {CF_VIA_ECH, "ech"},
    {CF_VIA_FALLBACK, "fallback"},
    {CF_VIA_DOH, "doh"},
    {CF_VIA_TARGET, "target"},
    {CF_VIA_ADDITIONAL, "additional"},
    {CF_VIA_EGRESS, "egress"},
};

static const struct word dns_seen_words[] = {
    {CF_DNS_SEEN_NONE, ""},
    {CF_DNS_HARDCODED, "hardcoded"},
    {CF_DNS_RESOLVED, "resolved"},
    {CF_DNS_UNKNOWN, "unknown"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *word_text(const struct word *words, size_t count, int value)
{
	for (size_t i = 0; i < count; i++)
		if (words[i].value == value)
			return words[i].text;
	return "?";
}

static bool word_parse(
    const struct word *words, size_t count, const char *text, size_t len, int *value_out)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i].text) == len && memcmp(words[i].text, text, len) == 0) {
			*value_out = words[i].value;
			return true;
		}
	return false;
}

const char *cf_event_text(enum cf_event event)
{
	return word_text(event_words, COUNT(event_words), (int)event);
}

const char *cf_action_text(enum cf_action action)
{
	return word_text(action_words, COUNT(action_words), (int)action);
}

const char *cf_via_text(enum cf_via via)
{
	return word_text(via_words, COUNT(via_words), (int)via);
}

const char *cf_dns_seen_text(enum cf_dns_seen seen)
{
	return word_text(dns_seen_words, COUNT(dns_seen_words), (int)seen);
}

bool cf_source_is_resolver(const char *source, size_t len)
{
	const char *dot = memchr(source, '.', len);
	size_t word_len = dot == NULL ? len : (size_t)(dot - source);

	return (word_len == 8 && memcmp(source, "resolver", 8) == 0) ||
	    (word_len == 3 && memcmp(source, "tap", 3) == 0);
}

bool cf_event_parse(const char *text, size_t len, enum cf_event *event_out)
{
	int value;

	if (!word_parse(event_words, COUNT(event_words), text, len, &value))
		return false;
	*event_out = (enum cf_event)value;
	return true;
}

bool cf_action_parse(const char *text, size_t len, enum cf_action *action_out)
{
	int value;

	if (!word_parse(action_words, COUNT(action_words), text, len, &value))
		return false;
	*action_out = (enum cf_action)value;
	return true;
}

bool cf_via_parse(const char *text, size_t len, enum cf_via *via_out)
{
	int value;

	if (!word_parse(via_words, COUNT(via_words), text, len, &value))
		return false;
	*via_out = (enum cf_via)value;
	return true;
}

bool cf_dns_seen_parse(const char *text, size_t len, enum cf_dns_seen *seen_out)
{
	int value;

	if (len == 0 || !word_parse(dns_seen_words, COUNT(dns_seen_words), text, len, &value))
		return false;
	*seen_out = (enum cf_dns_seen)value;
	return true;
}
