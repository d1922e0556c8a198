/*
 * The version gate: is this the Unbound that the module was built for?
 *
 * Unbound checks nothing when it loads a module, and its private structures differ even inside one
 * version number. So before anything is read through them the running program is compared with what
 * was recorded at build time: build-id, version and configure line, sizes of structures and known
 * addresses; and once more at the first query. In a wrong host the gate is shut: nothing is
 * decided, every query is handed on as if we were not there, and one line says what to do.
 */
#pragma once

#include "resolver/host/unbound.h"

#include <stdbool.h>

/* In init, before env is looked at. init and operate are our own, to be found in the host's tables.
 */
bool cf_gate_init(struct module_env *env, int id, int (*init)(struct module_env *, int),
    void (*operate)(struct module_qstate *, enum module_ev, int, struct outbound_entry *));

/*
 * At each event. Checks the structures of queries at the first one; true when the gate is shut, and
 * then the event has been dealt with.
 */
bool cf_gate_operate(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe);

bool cf_gate_is_shut(void);

/* Shuts it for another reason (no memory at start): the line has been logged by the caller. */
void cf_gate_shut(void);
