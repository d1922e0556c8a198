/* Questions wait in cf_lookups; answers find them there, or stand for themselves. */

#include "tap/judge.h"

#include "base/limits.h"
#include "monitor/evidence/evidence.h"
#include "monitor/evidence/lookups.h"
#include "monitor/observe/observe_answer.h"
#include "records/write/log.h"

#include <stdlib.h>

#define US_PER_S   INT64_C(1000000)
#define TYPE_CNAME 5
#define CLASS_IN   1
/* BIND's clock moves in steps of 4 ms: a question may seem younger than its answer by one. */
#define CLOCK_STEP_US 5000

struct cf_tap_judge {
	struct cf_producer *producer;
	const struct cf_locality *locality;
	struct cf_watchlist *watchlist;
	struct cf_lookups *lookups;
	struct cf_tap_judged counts;
};

/* One message with its question. */
struct asked {
	const struct cf_tapped *tapped;
	const struct cf_dns_message *message;
	struct cf_name name;
	uint16_t qtype;
	int64_t at_wall_us;
};

static void write_hit(struct cf_tap_judge *judge, const struct cf_finding *finding)
{
	judge->counts.hits++;
	/* When the queue is full the hit is dropped, and the log counts it and says so. */
	(void)cf_producer_hit(judge->producer, &finding->hit);
}

static void on_told(
    void *arg, const struct cf_lookup *lookup, const struct cf_lookup_answer *answer)
{
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_finding finding;

	if (cf_answer_finding(&finding, lookup, answer, edes))
		write_hit(arg, &finding);
}

enum cf_status cf_tap_judge_new(struct cf_producer *producer, const struct cf_locality *locality,
    uint64_t seed, struct cf_tap_judge **judge_out)
{
	struct cf_tap_judge *judge = calloc(1, sizeof *judge);

	if (judge == NULL || cf_lookups_new(seed, on_told, judge, &judge->lookups) != CF_OK) {
		free(judge);
		return CF_ENOMEM;
	}
	judge->producer = producer;
	judge->locality = locality;
	*judge_out = judge;
	return CF_OK;
}

void cf_tap_judge_free(struct cf_tap_judge *judge)
{
	if (judge == NULL)
		return;
	cf_lookups_free(judge->lookups);
	cf_watchlist_put(judge->watchlist);
	free(judge);
}

void cf_tap_judge_swap(struct cf_tap_judge *judge, struct cf_watchlist *watchlist)
{
	struct cf_watchlist *old = judge->watchlist;

	judge->watchlist = watchlist == NULL ? NULL : cf_watchlist_get(watchlist);
	cf_watchlist_put(old);
}

static struct cf_lookup lookup_of(const struct cf_tap_judge *judge, const struct asked *asked)
{
	return (struct cf_lookup){.at_wall_us = asked->at_wall_us,
	    .ends = asked->tapped->ends,
	    .transport = asked->tapped->transport,
	    .id = asked->message->id,
	    .qtype = asked->qtype,
	    .name = asked->name,
	    .watchlist = judge->watchlist,
	    .own_resolver = true};
}

/* Not judged yet; of a message that is no look-up of a listed name itself. */
static void init_finding(struct cf_finding *finding, enum cf_via via, const struct asked *asked)
{
	enum cf_transport transport = asked->tapped->transport;

	cf_finding_init(finding, CF_EVENT_DNS, via, &asked->tapped->ends,
	    transport == CF_TRANSPORT_OTHER     ? 0
	        : transport == CF_TRANSPORT_TCP ? CF_PROTO_TCP
	                                        : CF_PROTO_UDP,
	    asked->at_wall_us);
	finding->hit.dns.qname_wire = asked->name.wire;
	finding->hit.dns.qtype = asked->qtype;
	finding->hit.dns.own_resolver = "own";
}

static bool asks_for_others(const struct cf_tap_judge *judge, const struct cf_addr *client)
{
	for (unsigned i = 0; i < judge->locality->named_count; i++)
		if (cf_addr_equal(&judge->locality->named[i], client))
			return true;
	return false;
}

/* Is this name to be recorded of this client at this time? decision_out says more. */
static bool is_listed(
    const struct cf_tap_judge *judge, const struct asked *asked, struct cf_decision *decision_out)
{
	struct cf_finding finding;
	bool listed;

	init_finding(&finding, CF_VIA_QNAME, asked);
	listed = cf_finding_judge_name(&finding, judge->watchlist, &asked->name, asked->qtype);
	*decision_out = finding.decision;
	return listed;
}

static void on_question(struct cf_tap_judge *judge, const struct asked *asked)
{
	struct cf_lookup lookup = lookup_of(judge, asked), *before;
	struct cf_decision decision;

	if (!is_listed(judge, asked, &decision))
		return;
	if (asks_for_others(judge, &asked->tapped->ends.client)) {
		judge->counts.forwarded++;
		return;
	}
	before = cf_lookups_find(judge->lookups, asked->message, &asked->name, asked->qtype);
	if (before != NULL && before->waiting) {
		before->again++;
		judge->counts.again++;
		return;
	}
	if (before != NULL && before->unasked &&
	    asked->at_wall_us <= before->at_wall_us + CLOCK_STEP_US) {
		before->unasked = false;
		judge->counts.late++;
		return;
	}
	(void)cf_watchlist_get(lookup.watchlist); /* which the table keeps */
	cf_lookups_asked(judge->lookups, &lookup);
}

static void on_listed_answer(struct cf_tap_judge *judge, const struct asked *asked,
    struct cf_lookup *before, const struct cf_dns_answer *answer)
{
	struct cf_lookup lookup = lookup_of(judge, asked);

	if (asks_for_others(judge, &asked->tapped->ends.client))
		return; /* counted with its question */
	if (before != NULL && before->waiting) {
		cf_lookups_answered(judge->lookups, before, &answer->said);
		return;
	}
	if (before != NULL && before->again > 0) {
		before->again--;
		return;
	}
	judge->counts.answer_alone++;
	on_told(judge, &lookup, &answer->said);
	/* Its question is asked before the answer, whenever it comes. */
	if (asked->tapped->answered_wall_us > lookup.at_wall_us)
		lookup.at_wall_us = asked->tapped->answered_wall_us;
	cf_lookups_told_before(judge->lookups, &lookup);
}

static void on_chain(struct cf_tap_judge *judge, const struct asked *asked,
    const struct cf_name *target, const struct cf_dns_answer *answer)
{
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_finding finding;

	init_finding(&finding, CF_VIA_CNAME, asked);
	if (!cf_finding_judge_name(&finding, judge->watchlist, target, asked->qtype))
		return;
	finding.hit.dns.cname_wire = target->wire;
	cf_finding_salt(&finding, asked->name.wire, asked->name.wire_len);
	cf_answer_tell(&finding, &answer->said, edes);
	cf_finding_reason(&finding, "an alias of a vendor name");
	write_hit(judge, &finding);
}

static void on_address(struct cf_tap_judge *judge, const struct asked *asked,
    const struct cf_addr *addr, const struct cf_dns_answer *answer)
{
	char edes[CF_EDES_TEXT_BYTES];
	struct cf_network network;
	struct cf_finding finding;
	uint32_t id =
	    cf_watchlist_network(judge->watchlist, addr, asked->at_wall_us / US_PER_S, &network);

	if (id == CF_NONE || network.kind != CF_NETWORK_DEDICATED)
		return;
	init_finding(&finding, CF_VIA_ANSWER_ADDR, asked);
	if (!cf_finding_judge_network(&finding, judge->watchlist, addr, id, NULL))
		return;
	cf_finding_salt(&finding, asked->name.wire, asked->name.wire_len);
	cf_answer_tell(&finding, &answer->said, edes);
	cf_finding_reason(&finding, "a name that is not listed has an address of the vendor");
	write_hit(judge, &finding);
}

/* What an answer to a name that is not listed leads to. */
static void follow(
    struct cf_tap_judge *judge, const struct asked *asked, const struct cf_dns_answer *answer)
{
	struct cf_dns_cursor cursor = cf_dns_start(asked->message);
	struct cf_match matches[CF_MATCHES];
	struct cf_dns_record record;
	struct cf_name target;
	struct cf_addr addr;

	if (asks_for_others(judge, &asked->tapped->ends.client))
		return;
	for (unsigned i = 0;
	     i < CF_ANSWER_RECORDS && cf_dns_record_next(asked->message, &cursor, &record); i++) {
		if (record.section != CF_DNS_ANSWER)
			return;
		if (record.type == TYPE_CNAME &&
		    cf_dns_name_at(asked->message, record.rdata_offset, &target, NULL) &&
		    cf_image_find_name(judge->watchlist->image, &target, matches) > 0) {
			on_chain(judge, asked, &target, answer);
			return; /* the chain says it all */
		}
		if (cf_answer_addr(&record, &addr) && cf_watchlist_maybe(judge->watchlist, &addr))
			on_address(judge, asked, &addr, answer);
	}
}

static void on_answer(
    struct cf_tap_judge *judge, const struct asked *asked, struct cf_lookup *before)
{
	struct cf_decision decision;
	struct cf_dns_answer answer;
	bool listed = is_listed(judge, asked, &decision);

	cf_answer_read(judge->watchlist, asked->message, asked->qtype, &answer);
	/* A look-up that waits was listed when it was asked, whatever the image says now. */
	if (listed || (before != NULL && before->waiting))
		on_listed_answer(judge, asked, before, &answer);
	else if (!decision.matched && (answer.has_alias || answer.has_interest))
		follow(judge, asked, &answer);
}

/* An answer without the question (Unbound's REFUSED): whose it is, its ends and id tell. */
static void on_bare_answer(struct cf_tap_judge *judge, struct asked *asked)
{
	struct cf_lookup *before = cf_lookups_find_unnamed(judge->lookups, asked->message);

	if (before == NULL)
		return;
	asked->name = before->name;
	asked->qtype = before->qtype;
	on_answer(judge, asked, before);
}

void cf_tap_judge_take(struct cf_tap_judge *judge, const struct cf_tapped *tapped,
    const struct cf_dns_message *message, int64_t at_wall_us)
{
	struct asked asked = {.tapped = tapped, .message = message, .at_wall_us = at_wall_us};
	struct cf_dns_cursor cursor = cf_dns_start(message);
	uint16_t class;

	if (judge->watchlist == NULL)
		return;
	if (message->question_count == 0 && tapped->kind == CF_TAPPED_ANSWER)
		on_bare_answer(judge, &asked);
	if (!cf_dns_question_next(message, &cursor, &asked.name, &asked.qtype, &class) ||
	    class != CLASS_IN)
		return;
	if (tapped->kind == CF_TAPPED_QUESTION)
		on_question(judge, &asked);
	else
		on_answer(judge, &asked,
		    cf_lookups_find(judge->lookups, message, &asked.name, asked.qtype));
}

void cf_tap_judge_reap(struct cf_tap_judge *judge, int64_t now_wall_us)
{
	cf_lookups_reap(judge->lookups, now_wall_us - CF_TAP_DELAY_S * US_PER_S);
}

void cf_tap_judge_flush(struct cf_tap_judge *judge)
{
	cf_lookups_flush(judge->lookups);
}

void cf_tap_judge_stats(const struct cf_tap_judge *judge, struct cf_tap_judged *stats_out)
{
	*stats_out = judge->counts;
	stats_out->evicted = cf_lookups_evicted(judge->lookups);
}
