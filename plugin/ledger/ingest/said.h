/*
 * What records say besides single facts: who was alive according to a resolver, from when on a
 * monitor was blind, how a writer masks addresses. For ingest_log.c; goes into the batch it is
 * given. One thread.
 */
#pragma once

#include "ledger/ingest/batch.h"
#include "records/form/parse.h"

/* Each client of an alive record, as seen alive at both ends of its time. CF_ENOMEM, CF_EIO,
 * CF_ETOOBIG (cf_batch_add()). */
enum cf_status cf_said_alive(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error) CF_MUST_CHECK;

/*
 * What a start record or a writer's own heartbeat limits: blindness becomes a gap, masked addresses
 * a row of their day that begins with CF_SAID_PRIVACY, and packets in tunnels that are not read two
 * heartbeats beside it, below. CF_ENOMEM, CF_EIO.
 */
enum cf_status cf_said_limits(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error) CF_MUST_CHECK;

/*
 * Interfaces that are none (no name of one has a slash): their heartbeats count, as what was lost,
 * all packets and those of them in tunnels that are not read, from the first such packet on.
 */
#define CF_SAID_PACKETS "/packets"
#define CF_SAID_UNREAD  "/unread"

/*
 * What the writer decided with: of a report its image, policy and version, of a hit the pack that
 * it cites. CF_ENOMEM, CF_EIO, CF_ETOOBIG.
 */
enum cf_status cf_said_used(
    struct cf_batch *batch, const struct cf_record *record, struct cf_error *error) CF_MUST_CHECK;

/* Reasons of such rows of the table gap: how addresses were masked; no time is in doubt. */
#define CF_SAID_PRIVACY   "privacy "
#define CF_SAID_TRUNCATE  CF_SAID_PRIVACY "truncate"
#define CF_SAID_PSEUDONYM CF_SAID_PRIVACY "pseudonym"
