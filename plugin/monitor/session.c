/* Opening and closing a run of the monitor, and its counters as text. */

#include "monitor/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void cf_session_read_key(struct cf_session *session, const struct cf_session_options *options)
{
	/* A key that cannot be used costs the signature alone: the log tells. */
	if (options->key_path != NULL &&
	    cf_sensor_key_read(options->key_path, &session->key, &session->key_error) != CF_OK)
		session->key = NULL;
}

enum cf_status cf_session_open(const struct cf_session_options *options,
    struct cf_session *session_out, struct cf_error *error)
{
	struct cf_session session = {0};
	struct cf_monitor_options monitor = {.evidence = options->evidence,
	    .encrypted_dns = options->encrypted_dns,
	    .locality = options->locality,
	    .seed = options->seed,
	    .interface_names = options->interface_names,
	    .interface_count = options->interface_count};
	enum cf_status status = cf_watchlist_open(options->image_path, &session.watchlist, error);

	if (status != CF_OK && (options->offline || status == CF_ENOMEM))
		return status;
	cf_session_read_key(&session, options);
	if (options->asn_path != NULL)
		status = cf_asn_open(options->asn_path, &session.asn_db, error);
	else
		status = CF_OK;
	monitor.asn_db = session.asn_db;
	monitor.asn_everywhere = session.asn_db != NULL && !options->asn_is_pack;
	if (status == CF_OK && cf_monitor_new(&monitor, &session.monitor) != CF_OK)
		status = cf_error_set(error, CF_ENOMEM, "cannot start the monitor: no memory");
	if (status != CF_OK) {
		cf_session_close(&session);
		return status;
	}
	*session_out = session;
	return CF_OK;
}

const char *cf_session_hits_path(
    const struct cf_session *session, const struct cf_session_options *options)
{
	const char *path =
	    session->watchlist == NULL ? "" : cf_image_info(session->watchlist->image)->log_path;

	if (options->hits_path != NULL)
		return options->hits_path;
	return path[0] != '\0' ? path : "-";
}

enum cf_status cf_session_open_log(
    struct cf_session *session, const struct cf_session_options *options, struct cf_error *error)
{
	const struct cf_image_info *info =
	    session->watchlist == NULL ? NULL : cf_image_info(session->watchlist->image);
	char host[256] = "monitor";
	struct cf_log_options log = {
	    .path = cf_session_hits_path(session, options),
	    .sensor = options->sensor,
	    .source = options->source == NULL ? "monitor" : options->source,
	    .fold_s = info == NULL ? 60 : info->fold_s,
	    .privacy = info == NULL ? "full" : info->privacy,
	    .privacy_key_file = info == NULL ? "" : info->privacy_key_file,
	    .status_path = options->status_path,
	    .synchronous = options->offline,
	    .open_now = options->offline && geteuid() == 0,
	    .repeatable = options->offline,
	    .input = options->input_id,
	    .heartbeat = options->heartbeat,
	    .complain = options->complain,
	    .key_file = options->offline ? NULL : options->key_path,
	    .key = session->key,
	    .key_error = session->key_error.text[0] == '\0' ? NULL : session->key_error.text,
	    .seal_log = options->send_seals ? "/dev/log" : NULL,
	    .seal_log_once = true, /* the sandbox ends who opens a socket later */
	    .arg = options->arg,
	};
	enum cf_status status;

	if (options->fold_s >= 0)
		log.fold_s = (uint32_t)options->fold_s;
	if (log.sensor == NULL && info != NULL && info->sensor[0] != '\0')
		log.sensor = info->sensor;
	if (log.sensor == NULL) {
		if (gethostname(host, sizeof host - 1) != 0)
			snprintf(host, sizeof host, "monitor");
		log.sensor = host;
	}
	session->key = NULL; /* the log's now */
	status = cf_log_open(&log, &session->log, error);
	if (status == CF_OK && info != NULL)
		cf_log_configure(session->log, log.fold_s, session->watchlist->digest,
		    info->preset[0] != '\0' ? info->preset : info->policy_file);
	return status;
}

void cf_session_close(struct cf_session *session)
{
	cf_log_close(session->log);
	cf_monitor_free(session->monitor);
	cf_asn_close(session->asn_db);
	cf_watchlist_put(session->watchlist);
	cf_sensor_key_free(session->key);
	*session = (struct cf_session){0};
}

uint64_t cf_decode_failures(const struct cf_decoder_counters *counters)
{
	static const enum cf_decode_counter failures[] = {CF_COUNT_LINK_UNKNOWN,
	    CF_COUNT_LINK_MALFORMED, CF_COUNT_IP_MALFORMED, CF_COUNT_TRANSPORT_MALFORMED,
	    CF_COUNT_TUNNELS_UNREAD, CF_COUNT_TUNNEL_TOO_DEEP, CF_COUNT_FRAGMENTS_REFUSED,
	    CF_COUNT_DNS_MALFORMED, CF_COUNT_TLS_MALFORMED, CF_COUNT_QUIC_MALFORMED,
	    CF_COUNT_STREAMS_TOO_LONG};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		sum += counters->at[failures[i]];
	return sum;
}

/* One number with all of them, for a heartbeat has not always room for each. */
uint64_t cf_session_evictions(
    const struct cf_decoder_counters *counters, const struct cf_observe_stats *stats)
{
	return counters->at[CF_COUNT_FRAGMENTS_EVICTED] + counters->at[CF_COUNT_STREAMS_EVICTED] +
	    counters->at[CF_COUNT_POSITIONS_EVICTED] + counters->at[CF_COUNT_QUIC_EVICTED] +
	    stats->flows_evicted + stats->announced_evicted + stats->hosts_evicted +
	    stats->macs_evicted + stats->bypass_evicted + stats->lookups_evicted +
	    stats->at[CF_OBSERVE_LAN_EVICTED];
}

/* Adds `"key":value` when it is not zero and fits, closing brackets included. */
static size_t add_member(
    char *text, size_t at, size_t size, bool *first, const char *key, uint64_t value)
{
	char member[80];
	int len;

	if (value == 0)
		return at;
	len = snprintf(member, sizeof member, "%s\"%s\":%llu", *first ? "" : ",", key,
	    (unsigned long long)value);
	if (len < 0 || (size_t)len >= sizeof member || at + (size_t)len + 32 > size)
		return at;
	memcpy(text + at, member, (size_t)len + 1);
	*first = false;
	return at + (size_t)len;
}

const char *cf_counters_format(const struct cf_decoder_counters *counters,
    const struct cf_observe_stats *stats, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "\"decode\":{");
	bool first = true;

	for (unsigned i = 0; i < CF_COUNT_MAX; i++)
		if (i != CF_COUNT_FRAMES && i != CF_COUNT_FRAME_BYTES)
			at = add_member(text, at, size, &first,
			    cf_decode_counter_text((enum cf_decode_counter)i), counters->at[i]);
	at += (size_t)snprintf(text + at, size - at, "},\"observe\":{");
	first = true;
	for (unsigned i = 0; i < CF_OBSERVE_COUNTERS; i++)
		at = add_member(text, at, size, &first,
		    cf_observe_counter_text((enum cf_observe_counter)i), stats->at[i]);
	at = add_member(text, at, size, &first, "flows", stats->flows);
	at = add_member(text, at, size, &first, "flows_evicted", stats->flows_evicted);
	at = add_member(text, at, size, &first, "announced_evicted", stats->announced_evicted);
	at = add_member(text, at, size, &first, "hosts", stats->hosts);
	at = add_member(text, at, size, &first, "hosts_evicted", stats->hosts_evicted);
	at = add_member(text, at, size, &first, "macs_evicted", stats->macs_evicted);
	at = add_member(text, at, size, &first, "identities_refused", stats->identities_refused);
	at = add_member(text, at, size, &first, "bypass_evicted", stats->bypass_evicted);
	at = add_member(text, at, size, &first, "lookups_evicted", stats->lookups_evicted);
	snprintf(text + at, size - at, "}");
	return text;
}
