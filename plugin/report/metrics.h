/*
 * Numbers for Prometheus' textfile collector. Labels are states, sensors, sources, sites and
 * actions: never a host or a name, so that their number stays small whatever happens on the
 * network.
 */
#pragma once

#include "base/status.h"
#include "ledger/model/model.h"
#include "report/provenance.h"

#include <stdio.h>

void cf_metrics_print(struct cf_model *model, const struct cf_provenance *provenance, FILE *to);

/* Writes path by rename, as the collector wants it. CF_EIO. */
enum cf_status cf_metrics_write(struct cf_model *model, const struct cf_provenance *provenance,
    const char *path, struct cf_error *error) CF_MUST_CHECK;
