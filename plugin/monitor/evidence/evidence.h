/*
 * One piece of evidence on its way to the hit log: what was seen, what policy says about it, and
 * why. A finding is made on the stack, judged by one of the cf_finding_judge functions, and its hit
 * handed to the log; strings in the hit point into the finding, the image, or the packet.
 *
 * Pure but for what it fills in; any thread.
 */
#pragma once

#include "monitor/evidence/watchlist.h"
#include "monitor/packet/observer.h"
#include "policy/decide.h"
#include "records/form/record.h"

#include <stdbool.h>

struct cf_finding {
	struct cf_hit hit;
	struct cf_decision decision;
	int64_t blocked_from_wall_s; /* policy blocks this from then on; INT64_MAX: not foreseen */
	char value[CF_NAME_TEXT_BYTES];
	char rule[CF_PREFIX_TEXT_BYTES];
	char reason[CF_FLOW_REASON_BYTES];
};

/* An empty finding about client and server at that time. */
void cf_finding_init(struct cf_finding *finding, enum cf_event event, enum cf_via via,
    const struct cf_endpoints *ends, uint8_t ip_proto, int64_t at_wall_us);

/*
 * Each judges the finding by the policy for its client and time, and fills in action, match, policy
 * and the fold key. False: nothing is to be recorded (not listed, or policy lets it pass without an
 * exception); decision is filled in all the same.
 */
bool cf_finding_judge_name(struct cf_finding *finding, const struct cf_watchlist *list,
    const struct cf_name *name, uint16_t qtype);
/* By the network that lists addr. name, if not NULL, announced it: then its category counts. */
bool cf_finding_judge_network(struct cf_finding *finding, const struct cf_watchlist *list,
    const struct cf_addr *addr, uint32_t network, const struct cf_name *name);
/* By a signature of the pack; text is what matched. */
bool cf_finding_judge_signature(struct cf_finding *finding, const struct cf_watchlist *list,
    uint32_t signature, struct cf_slice text);
/* By pack and category alone; value and rule are copied, rule_type is static. */
bool cf_finding_judge_category(struct cf_finding *finding, const struct cf_watchlist *list,
    uint32_t pack, enum cf_category category, const char *value, const char *rule,
    const char *rule_type);

/* Why, for people; printf-like, cut when too long. Replaces an earlier reason. */
void cf_finding_reason(struct cf_finding *finding, const char *format, ...) CF_PRINTF(2, 3);
/* Adds to the reason that the message began in the middle of a stream, where a body may have been.
 */
void cf_finding_unsure(struct cf_finding *finding);
/* Makes the finding fold only with others of the same salt. */
void cf_finding_salt(struct cf_finding *finding, const void *bytes, size_t len);
