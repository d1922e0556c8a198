/*
 * What `curfew egress` remembers between runs, in the folder egress/ of curfew's state: the digest
 * of the table as it was left, and a former table that comes back unless somebody confirms. One
 * thread.
 */
#pragma once

#include "base/sha256.h"

#include <stdbool.h>
#include <stdint.h>

/* True when the digest is that of the table as it was left. */
bool cli_egress_is_as_left(const uint8_t digest[CF_SHA256_BYTES]);
/* Notes it. A failure is told on stderr: then the table counts as changed. */
void cli_egress_leave(const uint8_t digest[CF_SHA256_BYTES]);
void cli_egress_forget(void);

/*
 * Starts a process of its own that runs former (NULL: removes the table) in seconds_s from now
 * unless cli_egress_confirmed() was called, by whomever. It needs neither this process nor its
 * terminal. A CMD_ code.
 */
int cli_egress_await(const char *former, int64_t seconds_s);
/* Whatever waits does nothing any more; true when something did wait. */
bool cli_egress_confirmed(void);
