/*
 * From Unbound's structures to the decision's: who asks, what name, and everything in an answer
 * that could be listed - the question, owners and targets of CNAME and DNAME, addresses, targets
 * and hints of SVCB and HTTPS; where the policy says so also targets of MX, SRV and the like, and
 * what came along in the additional section. Reads only; the reply must be locked or the caller's
 * own. Worker threads.
 */
#pragma once

#include "resolver/host/unbound.h"

#include "policy/decide.h"
#include "records/form/record.h"

#include <stdbool.h>
#include <stdint.h>

#define CF_VIEW_ANSWERS 5 /* values of enum cf_answer */

/* Who asks, as the host's client address says: behind PROXYv2 the real client. */
struct cf_client {
	struct cf_addr addr; /* family none: not known */
	uint32_t zone;       /* the link of a link-local one, which is another host elsewhere */
	uint16_t port;
};
void cf_view_client(const struct sockaddr_storage *from, struct cf_client *client_out);

/* The canonical name of a host name field. False for what is no name (a broken promise of the
 * host). */
bool cf_view_name(const uint8_t *wire, size_t len, struct cf_name *name_out);

/* One thing in a question or answer. name is valid unless addr is set. */
struct cf_element {
	enum cf_via via;
	const struct cf_name *name;
	const struct cf_addr *addr;
};

/* Return false to stop the walk. */
typedef bool cf_view_visit(void *arg, const struct cf_element *element);

/* A name that the question's name leads to, known before or without an answer (alias.h). */
struct cf_alias {
	enum cf_via via;
	struct cf_name name;
};

/*
 * Visits the elements of the answer section (rep may be NULL: nothing); with services also where
 * service records lead, and the additional section. qname is the question's name, which is not
 * visited and whose repetitions as an owner are left out.
 */
void cf_view_walk(const struct cf_name *qname, const struct reply_info *rep, bool services,
    cf_view_visit *visit, void *arg);

/*
 * What this host translates with NAT64 (dns64-prefix): addresses behind it count as the IPv4 ones
 * they stand for. Family none: nothing. Once at init, before there are workers.
 */
void cf_view_set_nat64(const struct cf_prefix *prefix);

/*
 * True when a reply of the shared cache may hold more than its question's name tells: an alias, a
 * service's target or hint, an address in a listed network. Cheap for all others; rep may be NULL.
 */
bool cf_view_is_worth_walking(const struct cf_image *image, const struct reply_info *rep);

/* A decision and what it was about. */
struct cf_judgement {
	struct cf_decision decision; /* matched false: nothing listed */
	enum cf_via via;
	bool is_addr;
	struct cf_addr addr; /* when is_addr */
	struct cf_name name; /* otherwise, when matched and via is not qname */
};

/* True when some entry covers the name, whatever is decided about it: the cheapest question. */
bool cf_view_is_listed(const struct cf_image *image, const struct cf_name *name);

/* The same of anything in question or answer. */
bool cf_view_is_any_listed(
    const struct cf_image *image, const struct cf_name *qname, const struct reply_info *rep);

/* Judges the question's name alone. */
void cf_view_judge_name(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *qname, struct cf_judgement *judgement_out);

/*
 * Judges question and answer for one client; the strongest verdict counts, the first found among
 * equals. An exception for the very name that was asked covers what the name leads to, as RPZ's
 * passthru does. alias may be NULL.
 */
void cf_view_judge(const struct cf_image *image, const struct cf_question *question,
    const struct cf_name *qname, const struct cf_alias *alias, const struct reply_info *rep,
    struct cf_judgement *judgement_out);

/* True when anything in the answer may be blocked for anybody at any time: it must stay in the
 * lane. */
bool cf_view_may_block(
    const struct cf_image *image, const struct cf_name *qname, const struct reply_info *rep);
