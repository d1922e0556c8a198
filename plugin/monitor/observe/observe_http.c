/* The vendor's updater in clear HTTP: Host, a bare address as Host, path, User-Agent, body magic.
 */

#include "monitor/observe/observe_state.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)

/* Host without its port; brackets of an IPv6 literal stay off. */
static struct cf_slice host_of(struct cf_slice host)
{
	const uint8_t *colon;

	if (host.len > 0 && host.data[0] == '[') {
		const uint8_t *end = memchr(host.data, ']', host.len);

		if (end == NULL)
			return (struct cf_slice){0};
		return (struct cf_slice){
		    .data = host.data + 1, .len = (size_t)(end - host.data - 1)};
	}
	colon = host.len > 0 ? memchr(host.data, ':', host.len) : NULL;
	if (colon != NULL)
		host.len = (size_t)(colon - host.data);
	return host;
}

static bool literal_of(struct cf_slice host, struct cf_addr *addr_out)
{
	char text[CF_ADDR_TEXT_BYTES];

	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	return strlen(text) == host.len && cf_addr_parse(text, addr_out) == CF_OK;
}

static struct cf_text text_of(struct cf_slice slice)
{
	return (struct cf_text){.data = (const char *)slice.data, .len = slice.len};
}

/* Completes a judged finding and writes it. */
static void write_request(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_http_request *request, struct cf_finding *finding, const char *method)
{
	struct cf_hit *hit = &finding->hit;

	hit->http.host = text_of(request->host);
	hit->http.uri = text_of(request->target);
	hit->http.user_agent = text_of(request->user_agent);
	hit->http.method = method;
	if (cf_watchlist_is_sinkhole(observe->watchlist, &request->ends.server)) {
		hit->event = CF_EVENT_SINKHOLE;
		hit->action = CF_ACTION_BLOCK;
		finding->blocked_from_wall_s = INT64_MAX;
	}
	if (request->unsure)
		cf_finding_unsure(finding);
	cf_finding_salt(finding, &request->ends.server, sizeof request->ends.server);
	if (cf_observe_write(observe, packet, finding))
		cf_observe_follow(observe, packet, &request->ends, CF_PROTO_TCP, finding);
}

/* Host is a name: listed or not. */
static void on_host_name(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_http_request *request, const char *method, struct cf_slice host)
{
	struct cf_finding finding;
	struct cf_name name;

	if (host.len == 0 || cf_name_from_text((const char *)host.data, host.len, &name) != CF_OK)
		return;
	cf_finding_init(&finding, CF_EVENT_HTTP, CF_VIA_HTTP_HOST, &request->ends, CF_PROTO_TCP,
	    packet->at_wall_us);
	if (!cf_finding_judge_name(&finding, observe->watchlist, &name, 0))
		return;
	cf_finding_reason(&finding,
	    request->socks ? "vendor name asked of a socks proxy"
	                   : "vendor name as host of a request");
	write_request(observe, packet, request, &finding, method);
}

/* Host is a bare address: evidence when that address is listed, or next to another signature. */
static void on_host_literal(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_http_request *request, const char *method, const struct cf_addr *addr,
    bool has_company)
{
	const struct cf_signatures *signatures = &observe->watchlist->signatures;
	struct cf_network network;
	struct cf_finding finding;
	uint32_t id =
	    cf_watchlist_network(observe->watchlist, addr, packet->at_wall_us / US_PER_S, &network);
	bool listed = id != CF_NONE &&
	    (network.kind == CF_NETWORK_DEDICATED || network.kind == CF_NETWORK_SHARED);

	cf_finding_init(&finding, CF_EVENT_HTTP, CF_VIA_HTTP_HOST_LITERAL, &request->ends,
	    CF_PROTO_TCP, packet->at_wall_us);
	if (listed) {
		if (!cf_finding_judge_network(&finding, observe->watchlist, addr, id, NULL))
			return;
		cf_finding_reason(&finding, "the bare address of a known vendor host as host");
	} else {
		if (!has_company || signatures->count[CF_SIG_HTTP_HOST_LITERAL] == 0 ||
		    !cf_finding_judge_signature(&finding, observe->watchlist,
		        signatures->id[CF_SIG_HTTP_HOST_LITERAL][0], request->host))
			return;
		cf_finding_reason(&finding, "a bare address as host, as the vendor's updater does");
	}
	write_request(observe, packet, request, &finding, method);
}

static void on_signature(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_http_request *request, const char *method, enum cf_via via, uint32_t id,
    struct cf_slice text)
{
	struct cf_finding finding;

	cf_finding_init(
	    &finding, CF_EVENT_HTTP, via, &request->ends, CF_PROTO_TCP, packet->at_wall_us);
	if (!cf_finding_judge_signature(&finding, observe->watchlist, id, text))
		return;
	cf_finding_reason(&finding,
	    via == CF_VIA_HTTP_URI ? "path of the vendor's updates"
	                           : "user-agent shaped like the updater's encrypted one");
	write_request(observe, packet, request, &finding, method);
}

void cf_observe_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	struct cf_observe *observe = context;
	const struct cf_signatures *signatures;
	struct cf_slice host = host_of(request->host);
	char method[16] = "";
	struct cf_addr literal;
	uint32_t uri, agent;

	if (observe->watchlist == NULL || packet->in_icmp_error)
		return;
	signatures = &observe->watchlist->signatures;
	if (request->method.len < sizeof method)
		memcpy(method, request->method.data, request->method.len);
	uri = cf_signatures_match(signatures, CF_SIG_HTTP_URI, request->target);
	agent = cf_signatures_match(signatures, CF_SIG_HTTP_USER_AGENT, request->user_agent);
	cf_observe_lock(observe);
	if (uri != CF_NONE)
		on_signature(
		    observe, packet, request, method, CF_VIA_HTTP_URI, uri, request->target);
	if (agent != CF_NONE)
		on_signature(observe, packet, request, method, CF_VIA_USER_AGENT, agent,
		    request->user_agent);
	if (literal_of(host, &literal))
		on_host_literal(
		    observe, packet, request, method, &literal, uri != CF_NONE || agent != CF_NONE);
	else
		on_host_name(observe, packet, request, method, host);
	cf_observe_unlock(observe);
}

void cf_observe_response(
    void *context, const struct cf_packet *packet, const struct cf_http_response *response)
{
	struct cf_observe *observe = context;
	struct cf_finding finding;
	uint32_t magic;
	struct cf_signature listed;

	if (observe->watchlist == NULL || packet->in_icmp_error || response->body.len == 0)
		return;
	magic =
	    cf_signatures_match(&observe->watchlist->signatures, CF_SIG_BODY_MAGIC, response->body);
	if (magic == CF_NONE)
		return;
	cf_image_signature(observe->watchlist->image, magic, &listed);
	cf_finding_init(&finding, CF_EVENT_HTTP, CF_VIA_BODY_MAGIC, &response->ends, CF_PROTO_TCP,
	    packet->at_wall_us);
	if (!cf_finding_judge_signature(&finding, observe->watchlist, magic,
	        (struct cf_slice){
	            .data = (const uint8_t *)listed.value, .len = strlen(listed.value)}))
		return;
	/* Bytes of an update did come back: this hit is itself the escape. */
	finding.hit.flow.escape = finding.decision.verdict == CF_VERDICT_BLOCK;
	cf_finding_reason(&finding, "the body begins like the vendor's database or update");
	cf_observe_lock(observe);
	if (cf_observe_write(observe, packet, &finding))
		cf_observe_follow(observe, packet, &response->ends, CF_PROTO_TCP, &finding);
	cf_observe_unlock(observe);
}
