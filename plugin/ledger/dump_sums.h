/*
 * The two large tables of a ledger's dump, roll-ups and sightings, in the dump's order: rows come
 * by the day, and what orders those of a day (sensors, hosts, kinds) is put in order once. So every
 * row is read once, and sorted by numbers, instead of by its twenty texts. One thread; within a
 * read transaction of the caller.
 */
#pragma once

#include "ledger/store/ledger.h"

#include <stddef.h>

/* Each row as a line to put(), which borrows it. CF_EIO, CF_ENOMEM, CF_ECHECKSUM. */
enum cf_status cf_dump_sums(struct cf_ledger *ledger,
    void (*put)(void *arg, const char *line, size_t len), void *arg,
    struct cf_error *error) CF_MUST_CHECK;
