/*
 * What a collector needs of a store: heads of writers, and bundles taken in transactions. One
 * thread calls, the committer's (fleet/collect/group.h).
 */
#pragma once

#include "base/status.h"
#include "fleet/wire/bundle_name.h"
#include "fleet/wire/head.h"

#include <stddef.h>
#include <stdint.h>

/* A bundle that was checked: its lines are what its name says. */
struct cf_checked {
	const struct cf_bundle_name *name;
	const char *lines;
	size_t len;
	int64_t first_wall_us, last_wall_us; /* of its first line, and of its last seal */
};

/* Failures are CF_EIO or CF_EAGAIN (not there now) with *error, CF_ENOMEM. */
struct cf_gate {
	/* Connects unless it is connected. */
	enum cf_status (*open)(void *arg, struct cf_error *error);
	/* Whatever its state: the next open() begins anew. */
	void (*close)(void *arg);
	/* A transaction in which these can be taken. */
	enum cf_status (*begin)(void *arg, const struct cf_checked *const bundles[], size_t count,
	    struct cf_error *error);
	/*
	 * Moves the writer's receipt on and takes the lines, if and only if head_out->why becomes
	 * CF_HEAD_TAKEN. Heads within a transaction are those that it would leave.
	 */
	enum cf_status (*take)(void *arg, const struct cf_checked *bundle,
	    struct cf_fleet_head *head_out, struct cf_error *error);
	/* When it gave CF_OK, what was taken is there for good. */
	enum cf_status (*commit)(void *arg, struct cf_error *error);
	void (*rollback)(void *arg);
	/* Outside of a transaction. */
	enum cf_status (*head)(void *arg, const struct cf_bundle_writer *writer,
	    struct cf_fleet_head *head_out, struct cf_error *error);
	void *arg;
};
