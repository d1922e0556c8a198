/* Deciding again; rehearse_report.c says what came of it. */

#include "rehearse/rehearse_private.h"

#include "base/array.h"
#include "names/rrtype.h"
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cf_status cf_rehearsal_new(
    const struct cf_image *image, int64_t at_wall_s, struct cf_rehearsal **rehearsal_out)
{
	struct cf_rehearsal *rehearsal = calloc(1, sizeof *rehearsal);

	if (rehearsal == NULL)
		return CF_ENOMEM;
	rehearsal->image = image;
	rehearsal->at_wall_s = at_wall_s;
	rehearsal->map = cf_map_new();
	rehearsal->modes = cf_map_new();
	if (rehearsal->map == NULL || rehearsal->modes == NULL) {
		cf_rehearsal_free(rehearsal);
		return CF_ENOMEM;
	}
	*rehearsal_out = rehearsal;
	return CF_OK;
}

void cf_rehearsal_free(struct cf_rehearsal *rehearsal)
{
	if (rehearsal == NULL)
		return;
	cf_map_free(rehearsal->map);
	cf_map_free(rehearsal->modes);
	free(rehearsal->changes);
	free(rehearsal);
}

/* ---- who it was: what the log hides */

static bool is_word(const struct cf_text *text, const char *word)
{
	return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* "sensor source" of the writer. */
static size_t writer_key(const struct cf_record *record, char key[600])
{
	int len = snprintf(key, 600, "%.*s %.*s", (int)record->sensor.len,
	    record->sensor.len > 0 ? record->sensor.data : "", (int)record->source.len,
	    record->source.len > 0 ? record->source.data : "");

	return len < 600 ? (size_t)len : 599;
}

enum cf_status cf_rehearsal_learn(struct cf_rehearsal *rehearsal, const struct cf_record *record)
{
	const struct cf_text *privacy = &record->report.privacy;
	enum hiding hiding = is_word(privacy, "truncate") ? TRUNCATED
	    : is_word(privacy, "pseudonym")               ? PSEUDONYMS
	                                                  : NOTHING_HIDDEN;
	char key[600];
	uint32_t known;

	if (record->is_hit || privacy->len == 0)
		return CF_OK;
	size_t len = writer_key(record, key);

	/* A writer that hid something once is taken to have done so all along. */
	if (cf_map_find(rehearsal->modes, key, len, &known) || hiding == NOTHING_HIDDEN)
		return CF_OK;
	rehearsal->hidden[hiding] = true;
	return cf_map_add(rehearsal->modes, key, len, hiding, &known, NULL);
}

static enum hiding hiding_of(const struct cf_rehearsal *rehearsal, const struct cf_record *record)
{
	char key[600];
	uint32_t hiding = NOTHING_HIDDEN;

	(void)cf_map_find(rehearsal->modes, key, writer_key(record, key), &hiding);
	return (enum hiding)hiding;
}

/* ---- deciding */

static bool name_of(const struct cf_text *text, struct cf_name *name_out)
{
	return text->len > 0 && cf_name_from_text(text->data, text->len, name_out) == CF_OK;
}

/* By the category of the record, for what no list of names or networks says again. */
static void decide_category(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    const struct cf_question *question, struct cf_decision *decision)
{
	enum cf_category category;
	uint32_t pack = 0;

	if (record->match.category.len == 0 ||
	    !cf_category_parse(record->match.category.data, record->match.category.len, &category))
		return;
	/* Logs of several vendors once named them all; then the first stands for them. */
	(void)cf_image_find_pack(
	    rehearsal->image, record->match.list.data, record->match.list.len, &pack);
	cf_decide_category(rehearsal->image, question, pack, category, decision);
	decision->category = category;
	decision->matched = true;
}

/* An address that a listed name announced was judged by that name's category. */
static bool is_of_category(const struct cf_record *record, enum cf_category category)
{
	return record->match.category.len == 0 ||
	    is_word(&record->match.category, cf_category_text(category));
}

static bool decide_addr(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    const struct cf_question *question, struct cf_decision *decision)
{
	char text[CF_ADDR_TEXT_BYTES];
	struct cf_addr addr;

	if (record->match.value.len == 0 || record->match.value.len >= sizeof text)
		return false;
	memcpy(text, record->match.value.data, record->match.value.len);
	text[record->match.value.len] = '\0';
	if (cf_addr_parse(text, &addr) != CF_OK)
		return false;
	cf_decide_addr(rehearsal->image, question, &addr, decision);
	if (decision->matched && !is_of_category(record, decision->category))
		decide_category(rehearsal, record, question, decision);
	return decision->matched;
}

/* By what matched: an address, a name, or the category alone. */
static void decide(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    const struct cf_addr *client, struct cf_decision *decision)
{
	struct cf_question question = {.client = client, .at_wall_s = rehearsal->at_wall_s};
	bool in_chain = record->via == CF_VIA_CNAME || record->via == CF_VIA_DNAME ||
	    record->via == CF_VIA_SVCB_TARGET;
	struct cf_name name;

	if (record->dns.qtype.len > 0 && record->dns.qtype.len < CF_RRTYPE_TEXT_BYTES) {
		char type[CF_RRTYPE_TEXT_BYTES] = "";

		memcpy(type, record->dns.qtype.data, record->dns.qtype.len);
		(void)cf_rrtype_parse(type, &question.qtype); /* unknown: no type */
	}
	*decision = (struct cf_decision){.phase = CF_NONE, .exception = CF_NONE};
	if (decide_addr(rehearsal, record, &question, decision))
		return;
	if ((name_of(&record->match.value, &name) ||
	        (in_chain && name_of(&record->dns.cname, &name)) ||
	        name_of(&record->dns.qname, &name) || name_of(&record->tls.sni, &name))) {
		cf_decide_name(rehearsal->image, &question, &name, decision);
		if (decision->matched)
			return;
	}
	if (record->via >= CF_VIA_HTTP_URI)
		decide_category(rehearsal, record, &question, decision);
}

/* Would all clients of the truncated network be decided alike? Only IPv4 ones can be tried. */
static bool is_network_alike(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    const struct cf_decision *like)
{
	struct cf_addr client = record->src;

	if (client.family != CF_FAMILY_V4)
		return false;
	for (unsigned host = 1; host < 256; host++) {
		struct cf_decision decision;

		client.bytes[3] = (uint8_t)host; /* of four */
		decide(rehearsal, record, &client, &decision);
		if (decision.verdict != like->verdict || decision.exception != like->exception)
			return false;
	}
	return true;
}

/* Decides; false when the log hides who it was and the policy makes a difference of it. */
static bool decide_for(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    enum hiding hiding, struct cf_decision *decision)
{
	bool has_client = record->src.family != CF_FAMILY_NONE && hiding != PSEUDONYMS;

	decide(rehearsal, record, has_client ? &record->src : NULL, decision);
	if (hiding == NOTHING_HIDDEN || cf_image_info(rehearsal->image)->groups == 0)
		return true;
	return hiding == TRUNCATED && is_network_alike(rehearsal, record, decision);
}

bool cf_rehearsal_decide(const struct cf_rehearsal *rehearsal, const struct cf_record *record,
    struct cf_decision *decision)
{
	return decide_for(rehearsal, record, hiding_of(rehearsal, record), decision);
}

enum fate cf_rehearsal_fate_of(const struct cf_record *record)
{
	switch (record->action) {
	case CF_ACTION_BLOCK:
	case CF_ACTION_OBSERVE: /* a monitor's word for it: the policy blocked this then */
		return BLOCKED;
	case CF_ACTION_ALLOW:
		return LET_PASS;
	case CF_ACTION_FLAG:
		break;
	}
	return FLAGGED;
}

enum fate cf_rehearsal_fate_by(const struct cf_decision *decision)
{
	if (decision->verdict == CF_VERDICT_BLOCK)
		return BLOCKED;
	if (decision->exception != CF_NONE)
		return LET_PASS;
	return decision->matched && decision->verdict == CF_VERDICT_FLAG ? FLAGGED : PASSED;
}

/* Who could carry out a block of what was seen. */
static enum enforcer enforcer_of(
    const struct cf_rehearsal *rehearsal, const struct cf_record *record)
{
	bool is_named = record->tls.sni.len > 0 || record->http.host.len > 0;

	if (record->event == CF_EVENT_SINKHOLE)
		return BY_RESOLVER;
	/* Ports of relays inside, and questions that others are asked. */
	if (record->event == CF_EVENT_LAN || record->event == CF_EVENT_BYPASS ||
	    record->via == CF_VIA_LAN_PORT || record->via == CF_VIA_DOH ||
	    record->via == CF_VIA_FALLBACK || record->via == CF_VIA_EGRESS ||
	    is_word(&record->dns.resolver, "foreign"))
		return BY_FIREWALL;
	/* What is asked for by its address is asked of nobody. */
	if (record->via == CF_VIA_HTTP_HOST_LITERAL || record->flow.dns_seen == CF_DNS_HARDCODED)
		return BY_FIREWALL;
	if (record->event == CF_EVENT_DNS)
		return record->via != CF_VIA_ANSWER_ADDR ||
		        cf_image_info(rehearsal->image)->block_addresses
		    ? BY_RESOLVER
		    : BY_FIREWALL;
	if (record->flow.dns_seen == CF_DNS_RESOLVED)
		return BY_RESOLVER;
	return record->event != CF_EVENT_FLOW && is_named ? BY_RESOLVER : BY_FIREWALL;
}

static struct change *change_of(struct cf_rehearsal *rehearsal, const struct change *like)
{
	char key[CF_ADDR_TEXT_BYTES + 64];
	int len = snprintf(key, sizeof key, "%s %d %d %d %u %u %d %d", like->client,
	    (int)like->category, (int)like->was, (int)like->would, like->phase, like->exception,
	    (int)like->by, like->is_known);
	uint32_t at;
	bool added;

	struct change *changes = cf_array_grow(
	    rehearsal->changes, rehearsal->count, 1, &rehearsal->size, sizeof *changes);

	if (changes == NULL)
		return NULL;
	rehearsal->changes = changes;
	if (cf_map_add(rehearsal->map, key, (size_t)len, (uint32_t)rehearsal->count, &at, &added) !=
	    CF_OK)
		return NULL;
	if (added)
		rehearsal->changes[rehearsal->count++] = *like;
	return &rehearsal->changes[at];
}

/* Each witness counts for itself: what several saw is one event. */
static void count_hits(struct change *change, const struct cf_record *record)
{
	static const enum witness witnesses[] = {[CF_EVENT_FLOW] = BY_ADDRESS,
	    [CF_EVENT_TLS] = BY_NAME,
	    [CF_EVENT_HTTP] = BY_CONTENT,
	    [CF_EVENT_SINKHOLE] = BY_ADDRESS,
	    [CF_EVENT_LAN] = BY_ADDRESS,
	    [CF_EVENT_BYPASS] = ON_THE_WIRE};
	enum witness witness = witnesses[record->event];

	if (record->event == CF_EVENT_DNS)
		witness = cf_source_is_resolver(record->source.data, record->source.len)
		    ? AT_RESOLVER
		    : ON_THE_WIRE;
	change->told[witness] += record->count;
}

static void note_times(
    struct cf_rehearsal *rehearsal, struct change *change, const struct cf_record *record)
{
	if (rehearsal->first_us == 0 || record->at_wall_us < rehearsal->first_us)
		rehearsal->first_us = record->at_wall_us;
	if (record->last_wall_us > rehearsal->last_us)
		rehearsal->last_us = record->last_wall_us;
	if (change->first_us == 0 || record->at_wall_us < change->first_us) {
		change->first_us = record->at_wall_us;
		snprintf(change->sample, sizeof change->sample, "%.*s",
		    (int)record->match.value.len,
		    record->match.value.len > 0 ? record->match.value.data : "");
	}
	if (record->last_wall_us > change->last_us)
		change->last_us = record->last_wall_us;
}

enum cf_status cf_rehearsal_take(struct cf_rehearsal *rehearsal, const struct cf_record *record)
{
	struct cf_decision decision;
	struct change like = {0};

	if (!record->is_hit)
		return cf_rehearsal_learn(rehearsal, record);
	if (record->flow.first_wall_us != 0)
		return CF_OK; /* a connection's last record: its first one was decided */
	enum hiding hiding = hiding_of(rehearsal, record);

	like.is_known = decide_for(rehearsal, record, hiding, &decision);
	rehearsal->records++;
	if (!decision.matched)
		rehearsal->unlisted++;
	cf_addr_format(&record->src, like.client);
	if (hiding == TRUNCATED && record->src.family != CF_FAMILY_NONE)
		snprintf(like.client + strlen(like.client),
		    sizeof like.client - strlen(like.client), "%s",
		    record->src.family == CF_FAMILY_V4 ? "/24" : "/48");
	like.is_hidden = hiding != NOTHING_HIDDEN;
	like.category = decision.category;
	like.was = cf_rehearsal_fate_of(record);
	like.would = cf_rehearsal_fate_by(&decision);
	like.phase = decision.phase;
	like.exception = decision.exception;
	like.by = enforcer_of(rehearsal, record);
	struct change *change = change_of(rehearsal, &like);

	if (change == NULL)
		return CF_ENOMEM;
	count_hits(change, record);
	note_times(rehearsal, change, record);
	return CF_OK;
}
