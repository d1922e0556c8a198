/* Vendor names in TLS and QUIC handshakes, hidden names towards the vendor, and its certificates.
 */

#include "monitor/evidence/certificate.h"
#include "monitor/evidence/ja4.h"
#include "monitor/observe/observe_state.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)

static const char *version_text(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "1.3";
	case 0x0303:
		return "1.2";
	case 0x0302:
		return "1.1";
	case 0x0301:
		return "1.0";
	case 0x0300:
		return "ssl3";
	default:
		return NULL;
	}
}

/* The highest version offered that is no GREASE value (RFC 8701). */
static uint16_t best_version(const struct cf_client_hello *hello)
{
	struct cf_bytes c = cf_bytes_make(hello->versions.data, hello->versions.len);
	uint16_t best = hello->versions.len < 2 ? hello->legacy_version : 0;

	while (cf_bytes_left(&c) >= 2) {
		uint16_t version = cf_bytes_be16(&c);

		if (version > best && version <= 0x0304)
			best = version;
	}
	return best;
}

static struct cf_text first_alpn(const struct cf_client_hello *hello)
{
	struct cf_bytes c = cf_bytes_make(hello->alpn.data, hello->alpn.len);
	struct cf_bytes name = cf_bytes_sub(&c, cf_bytes_u8(&c));

	return (struct cf_text){.data = (const char *)name.at, .len = cf_bytes_left(&name)};
}

static void set_tls_members(
    struct cf_hit *hit, const struct cf_client_hello *hello, const char *ja4)
{
	hit->tls.sni =
	    (struct cf_text){.data = (const char *)hello->sni.data, .len = hello->sni.len};
	hit->tls.alpn = first_alpn(hello);
	hit->tls.transport = hello->transport == CF_TRANSPORT_QUIC ? "quic" : "tcp";
	hit->tls.version = version_text(best_version(hello));
	hit->tls.ech = hello->has_ech;
	if (ja4[0] != '\0')
		hit->tls.ja4 = (struct cf_text){.data = ja4, .len = strlen(ja4)};
}

/* Is the server the vendor's, by its address or because a vendor name announced it? */
static bool is_vendor_server(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_endpoints *ends, uint32_t *network_out)
{
	struct cf_network network;

	*network_out = cf_watchlist_network(
	    observe->watchlist, &ends->server, packet->at_wall_us / US_PER_S, &network);
	return *network_out != CF_NONE && network.kind == CF_NETWORK_DEDICATED;
}

/* The client's fingerprint and the pack's signature for it; text is "" when it has none. */
static uint32_t fingerprint(
    const struct cf_observe *observe, const struct cf_client_hello *hello, char text[CF_JA4_BYTES])
{
	if (cf_ja4(hello, text) != CF_OK) {
		text[0] = '\0'; /* no fingerprint: evidence by name and address stands without it */
		return CF_NONE;
	}
	return cf_signatures_match(&observe->watchlist->signatures, CF_SIG_TLS_JA4,
	    (struct cf_slice){.data = (const uint8_t *)text, .len = strlen(text)});
}

static void on_listed_sni(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_client_hello *hello, struct cf_finding *finding)
{
	char ja4[CF_JA4_BYTES] = "";
	uint32_t known = fingerprint(observe, hello, ja4);
	bool sinkhole = cf_watchlist_is_sinkhole(observe->watchlist, &hello->ends.server);

	set_tls_members(&finding->hit, hello, ja4);
	if (sinkhole) {
		finding->hit.event = CF_EVENT_SINKHOLE;
		finding->hit.via = CF_VIA_SINKHOLE;
		finding->hit.action = CF_ACTION_BLOCK;
		finding->blocked_from_wall_s = INT64_MAX;
		cf_finding_reason(finding, "came to the address of blocked answers by this name");
	} else if (known != CF_NONE &&
	    (observe->monitor->options.evidence >> CF_VIA_JA4 & 1) != 0) {
		finding->hit.match.confidence = cf_confidence_text(CF_CONFIDENCE_DOCUMENTED);
		cf_finding_reason(finding,
		    "vendor name in the handshake, with the fingerprint of its own client");
	} else {
		cf_finding_reason(finding, "vendor name in the %s handshake",
		    hello->transport == CF_TRANSPORT_QUIC ? "quic" : "tls");
	}
	if (hello->unsure)
		cf_finding_unsure(finding);
	cf_finding_salt(finding, &hello->ends.server, sizeof hello->ends.server);
	if (cf_observe_write(observe, packet, finding))
		cf_observe_follow(observe, packet, &hello->ends, finding->hit.ip_proto, finding);
}

/* No listed name, but a vendor address: a hidden name, or a known client. */
static void on_vendor_server(struct cf_observe *observe, const struct cf_packet *packet,
    const struct cf_client_hello *hello, uint32_t network, uint8_t ip_proto)
{
	struct cf_finding finding;
	char ja4[CF_JA4_BYTES] = "";
	uint32_t known = fingerprint(observe, hello, ja4);
	enum cf_via via = hello->has_ech ? CF_VIA_ECH : CF_VIA_JA4;

	if (!hello->has_ech && known == CF_NONE)
		return; /* the address itself has been recorded with the flow */
	cf_finding_init(&finding, CF_EVENT_TLS, via, &hello->ends, ip_proto, packet->at_wall_us);
	if (!cf_finding_judge_network(
	        &finding, observe->watchlist, &hello->ends.server, network, NULL))
		return;
	set_tls_members(&finding.hit, hello, ja4);
	if (hello->has_ech)
		cf_finding_reason(
		    &finding, "name hidden by ech, address the vendor's: residual risk");
	else
		cf_finding_reason(&finding, "a vendor client's fingerprint towards the vendor");
	if (hello->unsure)
		cf_finding_unsure(&finding);
	(void)cf_observe_write(observe, packet, &finding);
}

/* The flow was recorded by its address; the name says that it is exempt. */
static void exempt_flow(
    struct cf_observe *observe, const struct cf_client_hello *hello, uint8_t ip_proto)
{
	struct cf_flow *flow = cf_flows_find_ends(observe->monitor->flows, &hello->ends, ip_proto);

	if (flow == NULL || flow->recognised)
		return;
	flow->recognised = true;
	observe->monitor->counter[CF_OBSERVE_EXEMPT]++;
}

void cf_observe_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	struct cf_observe *observe = context;
	uint8_t ip_proto = hello->transport == CF_TRANSPORT_QUIC ? CF_PROTO_UDP : CF_PROTO_TCP;
	struct cf_finding finding;
	struct cf_name name;
	uint32_t network;
	bool named;

	if (observe->watchlist == NULL || packet->in_icmp_error)
		return;
	named = hello->has_sni && hello->sni.len > 0 &&
	    cf_name_from_text((const char *)hello->sni.data, hello->sni.len, &name) == CF_OK;
	cf_finding_init(
	    &finding, CF_EVENT_TLS, CF_VIA_SNI, &hello->ends, ip_proto, packet->at_wall_us);
	if (named && cf_finding_judge_name(&finding, observe->watchlist, &name, 0)) {
		cf_observe_lock(observe);
		on_listed_sni(observe, packet, hello, &finding);
		cf_observe_unlock(observe);
		return;
	}
	if (!is_vendor_server(observe, packet, &hello->ends, &network))
		return;
	cf_observe_lock(observe);
	if (named && finding.decision.matched)
		exempt_flow(observe, hello, ip_proto);
	else
		on_vendor_server(observe, packet, hello, network, ip_proto);
	cf_observe_unlock(observe);
}

/* The first name of the certificate that is listed; "*." counts as its parent. */
static bool judge_names(struct cf_observe *observe, struct cf_finding *finding,
    const struct cf_certificate *certificate)
{
	for (unsigned i = 0; i <= certificate->dns_name_count; i++) {
		struct cf_slice text = i == certificate->dns_name_count
		    ? certificate->subject_common_name
		    : certificate->dns_names[i];
		struct cf_name name;

		if (text.len > 2 && text.data[0] == '*' && text.data[1] == '.')
			text = (struct cf_slice){.data = text.data + 2, .len = text.len - 2};
		if (text.len > 0 &&
		    cf_name_from_text((const char *)text.data, text.len, &name) == CF_OK &&
		    cf_finding_judge_name(finding, observe->watchlist, &name, 0))
			return true;
	}
	return false;
}

void cf_observe_certificate(
    void *context, const struct cf_packet *packet, const struct cf_server_hello *hello)
{
	struct cf_observe *observe = context;
	struct cf_certificate certificate;
	struct cf_finding finding;
	uint32_t signature;
	struct cf_signature listed;

	if (observe->watchlist == NULL || packet->in_icmp_error || !hello->has_certificate ||
	    !cf_certificate_read(hello->certificate, &certificate))
		return;
	cf_finding_init(&finding, CF_EVENT_TLS, CF_VIA_CERT_ISSUER, &hello->ends, CF_PROTO_TCP,
	    packet->at_wall_us);
	signature = cf_signatures_match(
	    &observe->watchlist->signatures, CF_SIG_TLS_ISSUER, certificate.issuer);
	if (signature != CF_NONE) {
		cf_image_signature(observe->watchlist->image, signature, &listed);
		if (listed.category == CF_CATEGORY_CORPORATE)
			return; /* the vendor's mail relays: no product */
	}
	/* The name says what the server is for; the issuer alone only whose it is. */
	if (judge_names(observe, &finding, &certificate))
		cf_finding_reason(&finding, "the server's certificate names the vendor");
	else if (signature != CF_NONE &&
	    cf_finding_judge_signature(
	        &finding, observe->watchlist, signature, certificate.issuer_common_name))
		cf_finding_reason(&finding, "the server's certificate is of the vendor's own ca");
	else
		return;
	finding.hit.tls.issuer =
	    (struct cf_text){.data = (const char *)certificate.issuer_common_name.data,
	        .len = certificate.issuer_common_name.len};
	finding.hit.tls.transport = "tcp";
	finding.hit.tls.version = version_text(hello->version);
	cf_finding_salt(&finding, &hello->ends.server, sizeof hello->ends.server);
	cf_observe_lock(observe);
	if (cf_observe_write(observe, packet, &finding))
		cf_observe_follow(observe, packet, &hello->ends, CF_PROTO_TCP, &finding);
	cf_observe_unlock(observe);
}
