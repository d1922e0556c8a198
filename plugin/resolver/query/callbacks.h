/*
 * The callbacks that Unbound calls outside of operate(): for each recipient of an answer, for
 * cached answers, for failures, and for each upstream answer before it is stored. Worker threads;
 * their return values are ignored by the host.
 */
#pragma once

#include "resolver/state/state.h"

/* Registers all of them; false when the host refuses. Only in init: workers copy the lists at
 * start. */
bool cf_callbacks_register(struct cf_module *module, struct module_env *env, int id);
void cf_callbacks_delete(struct module_env *env, int id);
