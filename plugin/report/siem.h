/*
 * Hosts as events for a SIEM: one JSON object a line, Elastic Common Schema or OCSF, or CSV rows.
 * Raw hits are converted by `curfew log convert`; this is the ledger's answer about each host. One
 * thread.
 */
#pragma once

#include "ledger/model/model.h"

#include <stdio.h>

/* ECS 8: event.kind "state", host.*, rule.* of the weightiest evidence, labels for the rest. */
void cf_siem_ecs(struct cf_model *model, FILE *to);

/* OCSF 1.4 Device Inventory Info (5001), with the state in unmapped. */
void cf_siem_ocsf(struct cf_model *model, FILE *to);
