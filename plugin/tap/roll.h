/*
 * Who asked anything at all, minute by minute, as the module tells it ('alive' records,
 * records/form/alive.h): each stretch of the policy's log.alive in which a resolver was connected
 * throughout. By the messages' own times, so a stretch is told some seconds after its end. One
 * thread.
 */
#pragma once

#include "base/addr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_producer;
struct cf_tap_roll;

/* CF_ENOMEM. */
enum cf_status cf_tap_roll_new(
    struct cf_producer *producer, struct cf_tap_roll **roll_out) CF_MUST_CHECK;
/* Tells nothing more. NULL is fine. */
void cf_tap_roll_free(struct cf_tap_roll *roll);

/* The length of a stretch from now on; 0: none is told. Ends the one that runs. */
void cf_tap_roll_period(struct cf_tap_roll *roll, uint32_t period_s, int64_t now_wall_us);
/* From now on somebody listens to resolvers, or does not. Ends the stretch that runs. */
void cf_tap_roll_watch(struct cf_tap_roll *roll, bool watches, int64_t now_wall_us);

void cf_tap_roll_note(struct cf_tap_roll *roll, const struct cf_addr *client, int64_t at_wall_us);

/* Tells what is complete; about once a second. */
void cf_tap_roll_tick(struct cf_tap_roll *roll, int64_t now_wall_us);
