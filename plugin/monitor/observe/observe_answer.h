/*
 * What one DNS answer says of its question: with what it was answered, its extended errors, its
 * addresses and how long they may be kept; and how a finding tells it. For observe/ and for tap/,
 * which gets its messages from the resolver. Pure; any thread.
 */
#pragma once

#include "monitor/evidence/bypass.h"
#include "monitor/evidence/evidence.h"
#include "monitor/evidence/lookups.h"
#include "monitor/evidence/watchlist.h"
#include "monitor/message/decode_dns.h"

/* Records of one answer that are looked at; a chain of CNAMEs and some addresses. */
#define CF_ANSWER_RECORDS 64

struct cf_dns_answer {
	struct cf_lookup_answer said;
	uint32_t ttl_s;    /* smallest of the answer section; UINT32_MAX: it has no record */
	bool has_alias;    /* a CNAME is among the records looked at */
	bool has_interest; /* and an address that may be the vendor's */
};

void cf_answer_read(const struct cf_watchlist *list, const struct cf_dns_message *message,
    uint16_t qtype, struct cf_dns_answer *answer_out);

/* The address of an A or AAAA record; false for any other. */
bool cf_answer_addr(const struct cf_dns_record *record, struct cf_addr *addr_out);

/* The extended error to tell first: the one that speaks of a block, else the first; 0 for none. */
uint16_t cf_answer_ede(const struct cf_lookup_answer *said);

/* The same in the words of who looks for clients that go round a block. */
enum cf_bypass_cause cf_answer_cause(const struct cf_lookup_answer *said);

/* Every extended error of an answer as text. */
#define CF_EDES_TEXT_BYTES (6 * CF_LOOKUP_EDES)

/*
 * What came of the question; edes must live as long as the finding. Findings of other outcomes do
 * not fold with it.
 */
void cf_answer_tell(
    struct cf_finding *finding, const struct cf_lookup_answer *said, char edes[CF_EDES_TEXT_BYTES]);
/*
 * A look-up of which all is known, judged as of its question by the policy of its watchlist. False
 * when it is not to be recorded. edes as above.
 */
bool cf_answer_finding(struct cf_finding *finding, const struct cf_lookup *lookup,
    const struct cf_lookup_answer *said, char edes[CF_EDES_TEXT_BYTES]);
/* Addresses came back from somebody else's resolver. */
bool cf_answer_is_through(const struct cf_lookup_answer *said, bool own_resolver);
