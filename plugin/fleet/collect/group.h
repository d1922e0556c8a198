/*
 * Group commit: bundles of any number of threads into one store, by one thread. All that waits when
 * the last transaction ends goes into the next one, and nobody is told that his is in the store
 * before its transaction was committed.
 */
#pragma once

#include "fleet/collect/gate.h"

struct cf_group;

/* Starts the thread. gate is copied, and called by that thread alone. CF_ENOMEM, CF_EIO. */
enum cf_status cf_group_new(const struct cf_gate *gate, struct cf_group **group_out) CF_MUST_CHECK;
/* Ends the thread when it is idle: nobody may wait any more. */
void cf_group_free(struct cf_group *group);

/*
 * Waits until the bundle was judged: CF_OK with head_out->why taken (committed), known, hole or
 * fork. CF_EAGAIN: the store is not there, nothing is known of what became of it; *error says why.
 * Any thread.
 */
enum cf_status cf_group_put(struct cf_group *group, const struct cf_checked *bundle,
    struct cf_fleet_head *head_out, struct cf_error *error) CF_MUST_CHECK;
/* Likewise the head of a writer; and whether the store is there. */
enum cf_status cf_group_head(struct cf_group *group, const struct cf_bundle_writer *writer,
    struct cf_fleet_head *head_out, struct cf_error *error) CF_MUST_CHECK;
enum cf_status cf_group_health(struct cf_group *group, struct cf_error *error) CF_MUST_CHECK;
