/*
 * Everybody who waits on one resolution, looked at when it ends, before any of them is answered.
 * Worker threads; the image is pinned by the caller.
 */
#pragma once

#include "resolver/state/state.h"

struct cf_waiting {
	struct cf_worker *worker;
	const struct cf_image *image;
	struct module_qstate *qs; /* with its answer in return_msg, or none */
	const struct cf_name *qname;
	const struct cf_alias *alias; /* what it leads to, or NULL */
	int id;
};

/* True when somebody is blocked from this answer; *all_dropped_out when everybody is, and silently.
 */
bool cf_waiting_any_blocked(const struct cf_waiting *w, bool *all_dropped_out);

/*
 * True when there is somebody, and everybody is blocked from the alias: those who wait here, and
 * those who wait for a query that waits for this one. An internal query, a prefetch: false.
 */
bool cf_waiting_all_blocked(const struct cf_waiting *w);

/* Drops every query, each recorded: no callback will see them. */
void cf_waiting_drop(const struct cf_waiting *w);

/*
 * Records those who have waited longer than Unbound's discard-timeout: the host sends them nothing
 * and calls nobody, but they have asked.
 */
void cf_waiting_record_late(const struct cf_waiting *w);
