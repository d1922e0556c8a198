/*
 * Handing queries on in a host whose structures we do not know, as if this module were not there.
 *
 * What the host's mesh does by itself is not that: the module behind us would get the event "pass"
 * where it should get "new", with which dns64 does half of its work. So two members of a query are
 * found out by watching what a function of the host writes there - the state of a module, and in
 * front of it, in every version, whose turn it is -, and the next module is called as mesh calls
 * it. Found out once, at the first query; later it is only read.
 */
#pragma once

#include "resolver/host/unbound.h"

/*
 * Finds out which module is behind us, by the host's own words; in init, whatever the gate says.
 * env is not looked into but for its first member, the configuration, which every version has
 * there.
 */
void cf_pass_through_init(struct module_env *env, int id);

/* Deals with an event of a query. */
void cf_pass_through(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe);
