/*
 * Which day is the newest? Not simply the largest: one sensor with a wrong clock, or one packet
 * with a wild time, must neither move everybody's now nor let anything be forgotten. One thread.
 */
#pragma once

#include "ledger/store/ledger.h"

#include <stdint.h>

/*
 * Days since 1970 of the newest day that is believed, up to that of the reader's clock; -1: none.
 * Heartbeats are the sensors' own clock and go before all else. A day is believed of a sensor that
 * has three minutes of them there, or heartbeats in the week before, or on no other day. What is
 * older than two days before the reader's clock needs a second sensor within two days of it, where
 * there is one at all.
 */
int64_t cf_ledger_newest_day(struct cf_ledger *ledger);
