/*
 * Hosts while a model is loaded, for model_host*.c, model_sighting.c and model_rollup.c alone: each
 * sighting and each roll-up goes to the host that held the address at that minute, and that host is
 * made with the first one that does.
 *
 * Rows come in order of days. Minutes named first and last are those of the row's day (0 .. 1439);
 * node, place, sensor and site are numbers of the model. Everything lives as long as the model.
 */
#pragma once

#include "ledger/model/model_private.h"

/* So many pieces of evidence, and identities, of a host are looked through one by one; the maps
 * have what is beyond. */
#define CF_MODEL_FEW 16

/* What sightings and roll-ups have in common. */
struct model_row {
	uint32_t day, sensor, site;
	const void *blob; /* minutes (ledger/minutes/minutes.h); SQLite's, until the next row */
	size_t blob_len;
};

/* The row at stmt, which leads to links. */
struct model_row cf_model_row(const struct cf_model *model, const struct model_links *links,
    const struct cf_row *stmt, int blob_column);

/* What was found on the day, to be changed; NULL without memory. */
struct cf_day_found *cf_model_found(struct cf_model *model, struct cf_host_day *day);

/* What is rare of the host, to be changed; NULL without memory. */
struct cf_host_rare *cf_model_rare(struct cf_model *model, struct cf_host *host);

/* The host that the node belongs to, and its index in model->hosts. NULL without memory. */
struct cf_host *cf_model_host(struct cf_model *model, uint32_t node, uint32_t *index_out);

/*
 * The node of a place at a minute (since 1970); nobody's times belong to the bare address.
 * CF_NODE_NONE without memory.
 */
uint32_t cf_model_node_at(struct cf_model *model, uint32_t place, uint32_t minute);

/* The host's entry for the day, its last one or a new one behind it. NULL without memory. */
struct cf_host_day *cf_host_day(struct cf_model *model, struct cf_host *host, uint32_t day);

/* The sensor saw the host on that day of it. CF_ENOMEM. */
enum cf_status cf_model_saw(struct cf_model *model, struct cf_host *host, struct cf_host_day *day,
    uint32_t sensor, uint32_t first, uint32_t last) CF_MUST_CHECK;

/*
 * Joins one value of an identity, its minutes since 1970, to what is known of the host with that
 * index; an empty value says nothing. CF_ENOMEM.
 */
enum cf_status cf_model_note_identity(struct cf_model *model, uint32_t host_index, const char *site,
    const struct cf_host_identity *seen) CF_MUST_CHECK;

/*
 * One row of cf_model_load_hosts()'s query. Those later than the model's instant are left out.
 * CF_EMALFORMED: its numbers lead nowhere. CF_ENOMEM.
 */
enum cf_status cf_model_take_sighting(
    struct cf_model *model, const struct cf_row *stmt) CF_MUST_CHECK;
enum cf_status cf_model_take_rollup(
    struct cf_model *model, const struct cf_row *stmt) CF_MUST_CHECK;
