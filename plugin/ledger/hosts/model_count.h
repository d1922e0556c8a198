/*
 * A host's figures: how many episodes, what became of them, by whose word. Every figure of every
 * report is a sum of the same numbers (cf_evidence.counted, .escaped). One thread.
 */
#pragma once

#include "ledger/model/model_private.h"

/* n episodes of the day, or escapes, of which that evidence tells first. CF_EMALFORMED: the host
 * was not there on that day. */
enum cf_status cf_model_count(struct cf_model *model, uint32_t index, uint32_t day_number,
    uint32_t by, uint64_t n, bool of_escapes) CF_MUST_CHECK;
/* n of the day that one evidence counted are another's, which knows better what became of them. */
void cf_model_recount(struct cf_model *model, uint32_t index, uint32_t day_number, uint32_t from,
    uint32_t to, uint64_t n);
