/*
 * Clients that are not blocked, asking for the same listed name at the same time, share one
 * resolution; blocked ones never wait for it. Unbound joins every client that asks the same
 * question, before a module sees it. So a resolution that some would be blocked from carries a mark
 * in its key, with which Unbound finds it for nobody; who may wait on it is moved there by us.
 * Worker threads.
 */
#pragma once

#include "resolver/state/state.h"

/*
 * Makes qs, which somebody else would be blocked from, the marked resolution of its question; or,
 * when there is one already, moves slot, its only client, there and returns true: qs is to be ended
 * without an answer. slot NULL: never moves. Where neither can be done qs is left to itself.
 */
bool cf_join(struct cf_module *module, struct module_qstate *qs, struct mesh_reply *slot);
