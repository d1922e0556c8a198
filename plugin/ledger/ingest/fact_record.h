/* From a parsed line of the hit log to what the ledger takes from it. Pure; any thread. */
#pragma once

#include "base/addr.h"
#include "base/limits.h"
#include "ledger/ingest/fact.h"
#include "records/form/parse.h"

#include <stdbool.h>

/* "fe80::1%SENSOR:LINK.VLAN": the longest that is kept. */
#define CF_LINK_ADDR_BYTES (CF_LEDGER_TEXT_BYTES + 1)

/* Texts that are formatted rather than borrowed; must live as long as the fact. */
struct cf_fact_texts {
	char addr[CF_LINK_ADDR_BYTES];
	char mac[18];
};

/*
 * The text of an address as the ledger keeps it. A link-local one (RFC 4291 2.5.6, RFC 3927) says
 * nothing without its link, so that is put behind it: the name the sensor's machine has for it, or
 * the interface and VLAN that a monitor saw it on. Others are as they are.
 */
struct cf_text cf_fact_addr(const struct cf_addr *addr, struct cf_text sensor, struct cf_text link,
    uint16_t vlan, char text[CF_LINK_ADDR_BYTES]);

/* False when the record says nothing that the ledger keeps (start, lost). */
bool cf_fact_from_record(
    struct cf_fact *fact_out, struct cf_fact_texts *texts, const struct cf_record *record);
