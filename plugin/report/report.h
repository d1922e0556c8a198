/*
 * The reports: each turns a model of the ledger into a document. All say for which instant they
 * speak, how long the window is, and who was watching. NULL without memory. One thread.
 */
#pragma once

#include "ledger/model/model.h"
#include "report/render/doc.h"

/* Who still depends, worst first. */
struct cf_doc *cf_report_hosts(struct cf_model *model);
/* One host's story. host is of the model. */
struct cf_doc *cf_report_host(struct cf_model *model, const struct cf_host *host);
/* Hosts by state, day by day. */
struct cf_doc *cf_report_progress(struct cf_model *model);
/* Vendor traffic that got through after the cut-off. */
struct cf_doc *cf_report_escapes(struct cf_model *model);
/* When which sensor watched, and when not. */
struct cf_doc *cf_report_coverage(struct cf_model *model, struct cf_ledger *ledger);
/* Who is let pass, by whom, until when. */
struct cf_doc *cf_report_exceptions(struct cf_model *model);
/* What a legal text asks to be shown; NULL too when there is no regime of that name. */
struct cf_doc *cf_report_compliance(struct cf_model *model, const char *name);
/* The names of the regimes, ending in NULL. */
const char *const *cf_report_regimes(void);

/* The head that all have in common, for reports made elsewhere. */
void cf_report_head(struct cf_doc *doc, struct cf_model *model);
/* What a person calls the host. */
const char *cf_report_host_name(const struct cf_host *host);
/* Hits of an address that nobody is known to have held. */
bool cf_report_has_unknown_holder(const struct cf_host *host);
/* Hundredths of a per cent of the window before the instant in which the sensor watched. */
unsigned cf_report_watched_share(struct cf_model *model, uint32_t sensor);
/* The same of the host: by any sensor that saw it in the window. */
unsigned cf_report_host_share(struct cf_model *model, const struct cf_host *host);
/* The table of what gaps cost; none when they cost nothing. */
void cf_report_gap_costs(struct cf_doc *doc, struct cf_model *model);
