/*
 * What a run of the monitor consists of, live or over files: the image in force, the AS database,
 * the hit log and the shared state of the observers, opened and closed in the right order.
 *
 * Used by the thread that runs the monitor; the pieces say for themselves who may touch them.
 */
#pragma once

#include "base/limits.h"
#include "base/status.h"
#include "monitor/decode/decoder.h"
#include "monitor/evidence/asn.h"
#include "monitor/observe/observe.h"
#include "records/anchor/sensor_key.h"
#include "records/write/log.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_session_options {
	const char *image_path;
	const char *hits_path;   /* NULL: what the image says, or "-" when it says nothing */
	const char *sensor;      /* NULL: what the image says, or the host's name */
	const char *source;      /* NULL: "monitor" */
	const char *asn_path;    /* NULL: no AS database */
	bool asn_is_pack;        /* it is made of the image, and knows nothing beyond it */
	const char *status_path; /* NULL: none */
	const char *key_path; /* of the sensor key, read when the session is opened; NULL: none */
	bool send_seals;      /* to the system's log */
	uint32_t evidence;
	bool encrypted_dns;
	const char *input_id; /* what files are read (capture/inputs.h); NULL: none */
	bool offline;         /* time comes from packets; the log has no thread */
	int fold_s;           /* -1: what the image says */
	struct cf_locality locality;
	uint64_t seed;
	const char *const *interface_names;
	uint32_t interface_count;
	/* Fills in the whole sensor's counters before each heartbeat; on the log's thread. */
	void (*heartbeat)(void *arg, struct cf_heartbeat *heartbeat);
	/* The log or its status file cannot be written, or can again; on the log's thread. */
	void (*complain)(void *arg, const char *text);
	void *arg;
};

struct cf_session {
	struct cf_watchlist *watchlist;
	struct cf_asn_db *asn_db;
	struct cf_log *log;
	struct cf_monitor *monitor;
	struct cf_sensor_key *key; /* until the log has it: its file may be out of reach by then */
	struct cf_error key_error; /* why there is none */
};

/*
 * Opens everything but the log. An image that cannot be opened is an error offline; live, the
 * monitor runs without one, following hosts only, until a good one is there: then watchlist is
 * NULL, *error says why and CF_OK is returned. CF_ENOMEM and what cf_image_open() and cf_asn_open()
 * return.
 */
enum cf_status cf_session_open(const struct cf_session_options *options,
    struct cf_session *session_out, struct cf_error *error) CF_MUST_CHECK;
/* A part of it, for who needs no more of a session than image and log: the key of options, while it
 * is within reach. */
void cf_session_read_key(struct cf_session *session, const struct cf_session_options *options);
/* Opens the log: apart, because a live monitor gives up its privileges in between. */
enum cf_status cf_session_open_log(struct cf_session *session,
    const struct cf_session_options *options, struct cf_error *error) CF_MUST_CHECK;
/* Where the hits go: options, image, or "-". Borrowed from either. */
const char *cf_session_hits_path(
    const struct cf_session *session, const struct cf_session_options *options);
/* After all observers are freed. Writes the stop record. */
void cf_session_close(struct cf_session *session);

/* One number for each way of failing, all that decoding could not read. */
uint64_t cf_decode_failures(const struct cf_decoder_counters *counters);
/* And of all that was given up for want of room, in decoding and behind it. */
uint64_t cf_session_evictions(
    const struct cf_decoder_counters *counters, const struct cf_observe_stats *stats);
/*
 * Members `"decode":{...},"observe":{...}` with every counter that is not zero, as JSON text; cut
 * at a member's end when it does not fit. Returns text.
 */
const char *cf_counters_format(const struct cf_decoder_counters *counters,
    const struct cf_observe_stats *stats, char *text, size_t size);
