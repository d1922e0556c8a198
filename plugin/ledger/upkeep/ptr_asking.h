/*
 * Asks the network (PTR) what the addresses of hosts without a name are called, and keeps the
 * answers beside the ledger (ledger/ptr.h). One thread calls; libunbound keeps one of its own.
 */
#pragma once

#include "base/status.h"
#include "ledger/model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_ptr_asking {
	struct cf_model *model;
	const char *ledger_path;
	const char *const *forwards; /* ADDR or ADDR@PORT; none: the system's */
	size_t forward_count;
	const char *site;              /* hosts of this site; "": those without */
	unsigned rate, most, age_days; /* questions a second, hosts, and asked again after */
	int64_t now_s;
	void (*progress)(void *arg, size_t answered); /* NULL: none */
	void *arg;
	/* What came of it. */
	size_t asked, answered, named;
	bool complete; /* false: no more answers came; the rest is left for another time */
};

/* Asks, waits, saves. CF_EINVALID: a forward is no address; CF_EIO, CF_ENOMEM. */
enum cf_status cf_ptr_ask(struct cf_ptr_asking *asking, struct cf_error *error) CF_MUST_CHECK;
