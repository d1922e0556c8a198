/* Fills in hit records. */
#include "resolver/host/unbound.h"

#include "resolver/query/hits.h"

#include "base/bytes.h"
#include "records/form/pack.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

/* EDNS options that say more about the client. dnsmasq's add-mac uses a number for local use. */
#define OPTION_CLIENT_SUBNET 8
#define OPTION_DNSMASQ_MAC   65001

/* RFC 7871 6: family, source and scope prefix length, address cut to whole bytes. */
static void read_subnet(const struct edns_option *option, struct cf_prefix *prefix_out)
{
	struct cf_bytes c = cf_bytes_make(option->opt_data, option->opt_len);
	uint16_t family = cf_bytes_be16(&c);
	uint8_t bits = cf_bytes_u8(&c);
	uint8_t bytes[16] = {0};
	size_t len;

	cf_bytes_skip(&c, 1);
	len = cf_bytes_left(&c);
	if (!cf_bytes_ok(&c) || (family != 1 && family != 2) || bits > (family == 1 ? 32 : 128) ||
	    len > (family == 1 ? 4u : 16u))
		return;
	if (len > 0)
		memcpy(bytes, c.at, len);
	prefix_out->addr = family == 1 ? cf_addr_v4(bytes) : cf_addr_v6(bytes);
	prefix_out->bits = bits;
}

static void read_options(const struct edns_option *option, struct cf_hit *hit)
{
	for (; option != NULL; option = option->next) {
		if (option->opt_code == OPTION_CLIENT_SUBNET)
			read_subnet(option, &hit->dns.ecs);
		if (option->opt_code == OPTION_DNSMASQ_MAC &&
		    option->opt_len == sizeof(hit->src_mac)) {
			memcpy(hit->src_mac, option->opt_data, sizeof(hit->src_mac));
			hit->has_src_mac = true;
		}
	}
}

/* The address the client spoke to, when the socket is bound to one; the port in any case. */
static void read_own_address(
    const struct comm_point *point, struct cf_addr *addr_out, uint16_t *port_out)
{
	const struct sockaddr *addr;

	if (point == NULL || point->socket == NULL || point->socket->addr == NULL)
		return;
#ifdef CF_UB_SOCKET_HAS_SOCKADDR
	addr = point->socket->addr;
#else
	addr = point->socket->addr->ai_addr;
#endif
	if (addr == NULL)
		return;
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)addr;

		*port_out = ntohs(in->sin_port);
		if (in->sin_addr.s_addr != htonl(INADDR_ANY))
			cf_addr_set_v4(addr_out, (const uint8_t *)&in->sin_addr);
	} else if (addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)addr;

		*port_out = ntohs(in6->sin6_port);
		if (!IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
			*addr_out = cf_addr_v6((const uint8_t *)&in6->sin6_addr);
	}
}

static uint8_t transport_of(const struct comm_reply *reply)
{
	return reply->c != NULL && (reply->c->type == comm_tcp || reply->c->type == comm_http)
	    ? IPPROTO_TCP
	    : IPPROTO_UDP;
}

/* What matched, as the image has it. rule_text must live as long as the hit. */
static void fill_match(const struct cf_image *image, const struct cf_decision *decision,
    struct cf_hit *hit, char rule_text[CF_PREFIX_TEXT_BYTES])
{
	hit->match.category = cf_category_text(decision->category);
	if (decision->entry != CF_NONE) {
		struct cf_entry entry;

		cf_image_entry(image, decision->entry, &entry);
		hit->match.rule_wire = entry.name_wire;
		hit->match.rule_type = cf_scope_text(entry.scope);
		hit->match.list = entry.list;
		hit->match.serial = entry.serial;
		hit->match.product = entry.product;
		hit->match.confidence = cf_confidence_text(entry.confidence);
	} else if (decision->network != CF_NONE) {
		struct cf_network network;

		cf_image_network(image, decision->network, &network);
		hit->match.rule = cf_prefix_format(&network.prefix, rule_text);
		hit->match.rule_type = "cidr";
		hit->match.list = network.list;
		hit->match.serial = network.serial;
		hit->match.confidence = cf_confidence_text(network.confidence);
		hit->asn = network.asn;
		hit->asn_org = network.org;
	}
}

static void fill_policy(
    const struct cf_image *image, const struct cf_decision *decision, struct cf_hit *hit)
{
	hit->policy.name = cf_image_policy_name(image, decision->schedule);
	if (decision->phase != CF_NONE) {
		struct cf_phase phase;

		cf_image_phase(image, decision->phase, &phase);
		hit->policy.phase = phase.name;
		hit->policy.cutoff_wall_s = phase.from_wall_s;
	}
	if (decision->exception != CF_NONE) {
		struct cf_exception exception;

		cf_image_exception(image, decision->exception, &exception);
		hit->policy.exception_owner = exception.owner;
	}
}

/* Which of the log's actions a recorded verdict is. */
static enum cf_action action_of(const struct cf_decision *decision, bool observed)
{
	if (decision->verdict == CF_VERDICT_BLOCK)
		return observed ? CF_ACTION_OBSERVE : CF_ACTION_BLOCK;
	return decision->exception != CF_NONE ? CF_ACTION_ALLOW : CF_ACTION_FLAG;
}

/* Repeats fold when the same thing matched in the same way with the same outcome. */
static uint64_t fold_key(const struct cf_decision *decision, enum cf_via via, const char *answer)
{
	uint64_t key = 0x9e3779b97f4a7c15u;
	const uint32_t parts[] = {decision->entry, decision->network, decision->phase,
	    decision->exception, (uint32_t)decision->verdict, (uint32_t)via, answer != NULL};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		key = (key ^ parts[i]) * 0xff51afd7ed558ccdu;
		key ^= key >> 33;
	}
	return key | 1;
}

/* The worker's queue, opened when there is a log. NULL: nothing to write to. */
static struct cf_producer *producer_of(struct cf_worker *worker)
{
	struct cf_log *log;

	if (worker->producer != NULL)
		return worker->producer;
	log = atomic_load_explicit(&worker->module->log, memory_order_acquire);
	if (log != NULL)
		worker->producer = cf_log_producer(log);
	return worker->producer;
}

static int64_t wall_us(const struct cf_worker *worker, const struct timeval *now)
{
	int64_t offset_s =
	    atomic_load_explicit(&worker->module->clock.offset_s, memory_order_relaxed);

	return ((int64_t)now->tv_sec + offset_s) * 1000000 + now->tv_usec;
}

/*
 * What is queued of a hit that came about by its question's name: nearly all of them, and in a
 * flood repeats of each other. The image and what it decided make the rest when a line is formed;
 * the watcher frees no image that a queue may still refer to.
 */
struct deferred {
	const struct cf_image *image;
	const char *answer;
	uint32_t entry, phase, exception, src_zone;
	uint16_t qtype, rcode, ede;
	uint8_t category, cached, has_rcode;
	struct cf_addr dest;
	uint8_t qname[CF_NAME_WIRE_BYTES];
};
_Static_assert(sizeof(struct deferred) <= CF_DEFERRED_BYTES, "see base/limits.h");

void cf_hits_expand(void *arg, const void *payload, struct cf_hit *hit_out)
{
	const struct deferred *deferred = payload;
	const struct cf_decision decision = {.category = (enum cf_category)deferred->category,
	    .entry = deferred->entry,
	    .network = CF_NONE,
	    .phase = deferred->phase,
	    .exception = deferred->exception};

	(void)arg;
	hit_out->src_zone = deferred->src_zone;
	hit_out->dest = deferred->dest;
	hit_out->dns.qname_wire = deferred->qname;
	hit_out->dns.qtype = deferred->qtype;
	hit_out->dns.rcode = deferred->rcode;
	hit_out->dns.ede = deferred->ede;
	hit_out->dns.has_rcode = deferred->has_rcode != 0;
	hit_out->dns.cached = deferred->cached != 0;
	hit_out->dns.answer = deferred->answer;
	fill_match(deferred->image, &decision, hit_out, NULL);
	fill_policy(deferred->image, &decision, hit_out);
}

/* A hit that cf_hits_expand() can make whole. */
static bool can_defer(const struct cf_judgement *judgement, const struct cf_recipient *recipient)
{
	return judgement->via == CF_VIA_QNAME && judgement->decision.entry != CF_NONE &&
	    recipient->options == NULL && recipient->reply != NULL &&
	    recipient->question->qname_len <= CF_NAME_WIRE_BYTES;
}

static void queue_deferred(struct cf_worker *worker, struct cf_producer *producer,
    const struct cf_image *image, const struct cf_decision *decision,
    const struct cf_recipient *recipient)
{
	struct cf_packed *packed = cf_producer_begin(producer);
	struct deferred *deferred;
	struct cf_client client;
	size_t qname_len = recipient->question->qname_len;

	if (packed == NULL)
		return; /* counted; the answer goes out all the same */
	cf_view_client(&recipient->reply->client_addr, &client);
	*packed = (struct cf_packed){.event = CF_EVENT_DNS,
	    .action = (uint8_t)action_of(decision, recipient->observed),
	    .via = CF_VIA_QNAME,
	    .at_wall_us = wall_us(worker, recipient->now),
	    .key = cf_pack_key(fold_key(decision, CF_VIA_QNAME, recipient->answer), client.zone),
	    .ip_proto = transport_of(recipient->reply),
	    .src_port = client.port};
	cf_pack_client(packed, &client.addr, NULL);
	deferred = (struct deferred *)(void *)(packed + 1);
	deferred->image = image;
	deferred->answer = recipient->answer;
	deferred->entry = decision->entry;
	deferred->phase = decision->phase;
	deferred->exception = decision->exception;
	deferred->src_zone = client.zone;
	deferred->qtype = recipient->question->qtype;
	deferred->rcode = recipient->rcode;
	deferred->ede = recipient->ede_sent ? decision->answer->ede_code : 0;
	deferred->category = (uint8_t)decision->category;
	deferred->cached = recipient->cached;
	deferred->has_rcode = !recipient->unanswered;
	deferred->dest = (struct cf_addr){.family = CF_FAMILY_NONE};
	read_own_address(recipient->reply->c, &deferred->dest, &packed->dest_port);
	memcpy(deferred->qname, recipient->question->qname, qname_len);
	cf_producer_end(producer, packed, (uint32_t)(offsetof(struct deferred, qname) + qname_len));
}

static void read_client(const struct comm_reply *reply, struct cf_hit *hit)
{
	struct cf_client client;

	cf_view_client(&reply->client_addr, &client);
	hit->src = client.addr;
	hit->src_zone = client.zone;
	hit->src_port = client.port;
	hit->ip_proto = transport_of(reply);
	read_own_address(reply->c, &hit->dest, &hit->dest_port);
}

static void queue_whole(struct cf_worker *worker, struct cf_producer *producer,
    const struct cf_image *image, const struct cf_judgement *judgement,
    const struct cf_recipient *recipient)
{
	const struct cf_decision *decision = &judgement->decision;
	char rule_text[CF_PREFIX_TEXT_BYTES], value[CF_ADDR_TEXT_BYTES];
	struct cf_hit hit = {.event = CF_EVENT_DNS};

	hit.at_wall_us = wall_us(worker, recipient->now);
	hit.action = action_of(decision, recipient->observed);
	hit.via = judgement->via;
	hit.key = fold_key(decision, judgement->via, recipient->answer);
	hit.dns.qname_wire = recipient->question->qname;
	hit.dns.qtype = recipient->question->qtype;
	hit.dns.has_rcode = !recipient->unanswered;
	hit.dns.rcode = recipient->rcode;
	hit.dns.answer = recipient->answer;
	hit.dns.cached = recipient->cached;
	if (recipient->ede_sent)
		hit.dns.ede = decision->answer->ede_code;
	if (recipient->reply != NULL)
		read_client(recipient->reply, &hit);
	read_options(recipient->options, &hit);
	fill_match(image, decision, &hit, rule_text);
	fill_policy(image, decision, &hit);
	if (judgement->is_addr) {
		hit.match.value.data = cf_addr_format(&judgement->addr, value);
		hit.match.value.len = strlen(value);
	} else if (judgement->via != CF_VIA_QNAME) {
		hit.dns.cname_wire = judgement->name.wire;
	}
	/* A full queue has counted the loss; the answer goes out all the same. */
	(void)cf_producer_hit(producer, &hit);
}

void cf_hits_record(struct cf_worker *worker, const struct cf_image *image,
    const struct cf_judgement *judgement, const struct cf_recipient *recipient)
{
	const struct cf_decision *decision = &judgement->decision;
	struct cf_producer *producer;

	/* An exception that lets pass is in use: that is worth knowing. */
	if (!decision->matched ||
	    (decision->verdict == CF_VERDICT_PASS && decision->exception == CF_NONE))
		return;
	cf_count(recipient->answer != NULL ? &worker->counters.blocked : &worker->counters.flagged);
	producer = producer_of(worker);
	if (producer == NULL)
		return;
	if (can_defer(judgement, recipient))
		queue_deferred(worker, producer, image, decision, recipient);
	else
		queue_whole(worker, producer, image, judgement, recipient);
}
