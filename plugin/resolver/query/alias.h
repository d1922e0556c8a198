/*
 * Aliases of clean names that lead to listed ones, found before the target is asked: in an upstream
 * answer, and in the host's cache of records when a query begins. Who is blocked gets the answer
 * then and there, whether the target could ever be resolved or not; for the others the alias is
 * remembered, so that a look-up that fails behind it is recorded all the same. Worker threads;
 * images are pinned by the caller.
 */
#pragma once

#include "resolver/state/state.h"

/*
 * Follows the question's name through cached CNAME and DNAME records. True when a name on the way
 * is listed: the first that may be blocked for anybody, else the first.
 */
bool cf_alias_find_cached(struct cf_worker *worker, const struct cf_images *images,
    const struct cf_name *qname, uint16_t qclass, struct cf_alias *alias_out);

/*
 * Learns every name between qs's question and the alias that response brings, so that a query for
 * any of them is looked at: the middle of a chain comes from the cache, where nothing tells of its
 * end. After a new list, and in a cache older than the module, all names are (CF_ALIAS_LOOK_S).
 */
void cf_alias_learn(
    struct cf_worker *worker, struct module_qstate *qs, const struct reply_info *response);

/* Seconds in which records are cached at most, by default. */
#define CF_ALIAS_LOOK_S 86400

/* From now on, for as long as records are cached, every name may be such an alias. */
void cf_alias_look_at_all(struct cf_module *module, int64_t now_wall_s);

/* True when a query for the name is to be looked at. */
bool cf_alias_is_worth_looking(
    const struct cf_module *module, uint64_t qname_hash, int64_t now_wall_s);

/* The same in the answer section of a reply to qname. */
bool cf_alias_find(const struct cf_images *images, const struct cf_name *qname,
    const struct reply_info *rep, struct cf_alias *alias_out);

/* True when some image may block the alias for anybody. */
bool cf_alias_may_block(const struct cf_images *images, const struct cf_alias *alias);

/* Notes that there are DNAMEs which lead to listed names: from now on they are looked for, too. */
void cf_alias_note_dname(struct cf_module *module, const struct reply_info *rep);

/*
 * Makes the resolver end this resolution with response, which becomes an NXDOMAIN of ours. Only in
 * the callback for upstream answers, when response answers the very name that is chased. False when
 * it is not that, or without memory: then nothing has changed.
 */
bool cf_alias_cut(struct module_qstate *qs, struct dns_msg *response);
