/* From a parsed line of the hit log to what the ledger takes from it. Pure; any thread. */
#pragma once

#include "base/addr.h"
#include "ledger/ingest/fact.h"
#include "records/form/parse.h"

#include <stdbool.h>

/* Texts that are formatted rather than borrowed; must live as long as the fact. */
struct cf_fact_texts {
	char addr[CF_ADDR_TEXT_BYTES];
	char mac[18];
};

/* False when the record says nothing that the ledger keeps (start, lost). */
bool cf_fact_from_record(
    struct cf_fact *fact_out, struct cf_fact_texts *texts, const struct cf_record *record);
