/*
 * Which clients the log has written of, and how many new ones it may write of at a time:
 * CF_NEWCOMERS at once, and CF_NEWCOMERS_PER_S a second after that. A flood of made-up addresses
 * then costs a number and not a disk. Clients that come back are known as long as their place is
 * not needed; of eight that share one, who was heard longest ago gives way.
 *
 * Belongs to one thread (the log's writer). Memory: 32 bytes a client, touched where used.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* A client as the head of a packed record has it: records/form/pack.h. */
#define CF_NEWCOMER_BYTES 18

struct cf_newcomers;

/*
 * key: 16 random bytes, against addresses chosen to meet. burst: new clients at once, CF_NEWCOMERS
 * but in tests. CF_ENOMEM.
 */
enum cf_status cf_newcomers_new(
    const uint8_t key[16], uint32_t burst, struct cf_newcomers **newcomers_out) CF_MUST_CHECK;
/* NULL is fine. */
void cf_newcomers_free(struct cf_newcomers *newcomers);

/* True for a client that is known, or that there is still an allowance for (base/allowance.h). */
bool cf_newcomers_let(
    struct cf_newcomers *newcomers, const uint8_t client[CF_NEWCOMER_BYTES], int64_t now_us);
