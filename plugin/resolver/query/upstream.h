/*
 * Upstream answers, before anything of them is stored: what holds a listed thing goes to the lane.
 * This covers chains, minimised names, name server look-ups, CD=1 and set-ups without a validator.
 * Worker threads.
 */
#pragma once

#include "resolver/state/state.h"

/* Looks at the answer to what qs asked upstream; may put qs into the lane, or cut response short.
 */
void cf_upstream_look(
    struct cf_module *module, struct module_qstate *qs, struct dns_msg *response, int id);
