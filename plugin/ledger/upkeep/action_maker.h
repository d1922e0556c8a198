/*
 * Who makes an action, as the kernel says, and not as anybody's environment does; and sending what
 * was recorded to the system's log. One thread.
 */
#pragma once

#include "ledger/action.h"

#define CF_MAKER_BYTES 160

/* "uid=0/root login=1000/alice": the process's user, and who logged in, where the kernel knows. */
const char *cf_action_maker(char text[CF_MAKER_BYTES]);

/* Who says it when nobody is named, by the environment's word: sudo's caller rather than root.
 * Valid until the next look at the system's users. */
const char *cf_action_speaker(void);

/* Sends the action's text, and who made it, to the system's log; never waits. */
void cf_action_send(const struct cf_ledger_action *action);
