/*
 * Records become lines. One file: lines, losses, rotation and seals share one chain of hashes, and
 * only their order makes it hold.
 */

#include "records/write/writer.h"

#include "base/check.h"
#include "records/form/alive.h"
#include "records/form/line.h"
#include "records/write/newcomers.h"
#include "records/write/recover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)

/* A seal being made: its line, and what of it leaves the machine. */
struct sealed {
	char line[CF_KEY_SEAL_BYTES];
	struct cf_json json;
	struct cf_seal_text seal;
};

static const char *next_id(struct cf_writer *writer, char text[CF_ULID_TEXT_BYTES])
{
	return cf_ulid_next(&writer->ulid, writer->now_wall_us, text);
}

static void lose(struct cf_writer *writer, uint64_t hits)
{
	if (atomic_load(&writer->lost_disk) == writer->told_disk)
		writer->lost_since_wall_us = writer->now_wall_us;
	atomic_fetch_add(&writer->lost_disk, hits);
	atomic_store(&writer->degraded, true);
}

/* A hit of one client too many. */
static void refuse(struct cf_writer *writer)
{
	if (atomic_load(&writer->lost_flood) == writer->told_flood)
		writer->lost_since_wall_us = writer->now_wall_us;
	atomic_fetch_add(&writer->lost_flood, 1);
	atomic_store(&writer->degraded, true);
}

static void publish(struct cf_writer *writer)
{
	atomic_store(&writer->lines, writer->sink.lines);
	atomic_store(&writer->bytes, writer->sink.bytes);
}

/* Standard output has no name, and nobody who could mend it. */
static void tell_trouble(struct cf_writer *writer, bool done)
{
	static const char what[] = "the hit log";
	const char *path = writer->sink.path == NULL ? "-" : writer->sink.path;

	if (done)
		cf_trouble_end(&writer->trouble, &writer->teller, what, path);
	else
		cf_trouble_begin(&writer->trouble, &writer->teller, writer->now_us, what, path,
		    strerror(writer->sink.failure),
		    "hits are counted, and it is tried again every second");
}

/* Tries to write, unless it failed a moment ago. True when nothing is left. */
static bool flush(struct cf_writer *writer)
{
	bool done, asked = writer->sink.fd < 0 || writer->sink.used > 0;

	if (writer->retry_us > writer->now_us)
		return false;
	cf_fold_sync(
	    writer->fold, false); /* before their lines: a kill must not count them twice */
	if (writer->sink.fd < 0 && cf_sink_open(&writer->sink) != CF_OK)
		done = false;
	else
		done = cf_sink_flush(&writer->sink, &writer->chain);
	publish(writer);
	writer->retry_us = done ? 0 : writer->now_us + SECOND_US;
	if (!done)
		atomic_store(&writer->degraded, true);
	if (asked) /* nothing to write is no proof that it could be */
		tell_trouble(writer, done);
	return done;
}

/* Takes a formed line; hits is how many it stands for. */
static void put_line(struct cf_writer *writer, const char *line, size_t len, uint64_t hits)
{
	if (len == 0) {
		lose(writer, hits);
		return;
	}
	if (cf_sink_put(&writer->sink, line, len))
		return;
	if (!flush(writer) || !cf_sink_put(&writer->sink, line, len))
		lose(writer, hits);
}

static void unpack(
    const struct cf_writer *writer, const struct cf_packed *packed, struct cf_hit *hit_out)
{
	cf_unpack_hit(packed, hit_out);
	if ((packed->present & CF_PACKED_DEFERRED) != 0 && writer->expand != NULL)
		writer->expand(writer->arg, packed + 1, hit_out);
}

static void expand_hit(void *arg, const struct cf_packed *packed, struct cf_packed *out)
{
	struct cf_hit hit;

	unpack(arg, packed, &hit);
	(void)cf_pack_hit(&hit, out); /* its size stands in its head */
}

static void emit_hit(
    void *arg, const struct cf_packed *packed, uint64_t count, int64_t last_wall_us)
{
	struct cf_writer *writer = arg;
	char line[CF_RECORD_BYTES], id[CF_ULID_TEXT_BYTES], relay[CF_ADDR_TEXT_BYTES];
	struct cf_hit hit;
	size_t len;

	unpack(writer, packed, &hit);
	cf_privacy_hit(&writer->privacy, &hit, relay);
	len = cf_hit_format(&hit, writer->sensor, writer->source, next_id(writer, id), count,
	    last_wall_us, line, sizeof line);
	put_line(writer, line, len, count);
	if (writer->on_hit != NULL)
		writer->on_hit(writer->arg, &hit, count);
}

static void emit_identity(struct cf_writer *writer, const struct cf_packed *packed)
{
	char line[CF_RECORD_BYTES], id[CF_ULID_TEXT_BYTES];
	struct cf_identity identity;

	cf_unpack_identity(packed, &identity);
	cf_privacy_identity(&writer->privacy, &identity);
	put_line(writer, line,
	    cf_identity_format(
	        &identity, writer->sensor, writer->source, next_id(writer, id), line, sizeof line),
	    0);
}

/* Who was there: as many lines as it takes. */
static void emit_alive(struct cf_writer *writer, const struct cf_packed *packed)
{
	char line[CF_RECORD_BYTES], id[CF_ULID_TEXT_BYTES];
	struct cf_alive_client clients[CF_ALIVE_PACKED];
	struct cf_alive alive;
	size_t next = 0;

	cf_unpack_alive(packed, &alive, clients);
	if (writer->privacy.mode != CF_PRIVACY_FULL) {
		cf_privacy_alive(&writer->privacy, clients, alive.count);
		qsort(clients, alive.count, sizeof clients[0], cf_alive_compare);
		alive.count = cf_alive_unique(clients, alive.count);
	}
	do {
		const struct cf_line_origin origin = {
		    .sensor = writer->sensor, .source = writer->source, .id = next_id(writer, id)};
		size_t len = cf_alive_format(&alive, &origin, &next, line, sizeof line);

		put_line(writer, line, len, 0);
	} while (next < alive.count);
}

static void begin_line(struct cf_writer *writer, struct cf_json *json, char *line,
    enum cf_event event, int64_t at_wall_us)
{
	char id[CF_ULID_TEXT_BYTES];
	const struct cf_line_origin origin = {
	    .sensor = writer->sensor, .source = writer->source, .id = next_id(writer, id)};

	*json = cf_json_make(line, CF_RECORD_BYTES);
	cf_line_head(json, &origin, event, at_wall_us);
}

static void emit_raw(struct cf_writer *writer, const struct cf_packed *packed)
{
	char line[CF_RECORD_BYTES];
	const char *members = cf_unpack_raw(packed);
	struct cf_json json;

	begin_line(writer, &json, line, (enum cf_event)packed->event, packed->at_wall_us);
	if (members[0] != '\0')
		CF_JSON_LITERAL(&json, ",");
	cf_json_raw(&json, members, strlen(members));
	CF_JSON_LITERAL(&json, "}\n");
	put_line(writer, line, cf_json_length(&json), 0);
}

static bool is_hit(const struct cf_packed *packed)
{
	return packed->event < CF_EVENT_IDENTITY;
}

static bool folds(const struct cf_writer *writer, const struct cf_packed *packed)
{
	return is_hit(packed) && writer->fold_s > 0 && packed->key != 0;
}

static void take_one(struct cf_writer *writer, const struct cf_packed *packed)
{
	if (packed->event == CF_EVENT_IDENTITY)
		emit_identity(writer, packed);
	else if (packed->event == CF_EVENT_ALIVE)
		emit_alive(writer, packed);
	else if (!is_hit(packed))
		emit_raw(writer, packed);
	else if (folds(writer, packed) && cf_fold_add(writer->fold, packed, writer->now_us))
		return; /* counted with the first of its series */
	else if (cf_newcomers_let(writer->newcomers, packed->client, writer->now_us))
		emit_hit(writer, packed, 1, packed->at_wall_us);
	else
		refuse(writer);
}

void cf_writer_take(
    struct cf_writer *writer, const struct cf_packed *const packed[], unsigned count)
{
	const struct cf_packed *folding[CF_FOLD_EXPECTED] = {NULL};
	unsigned folding_count = 0, hits = 0;

	if (!cf_check(count <= CF_FOLD_EXPECTED))
		return;
	for (unsigned i = 0; i < count; i++) {
		hits += is_hit(packed[i]);
		if (folds(writer, packed[i]))
			folding[folding_count++] = packed[i];
	}
	cf_fold_expect(writer->fold, folding, folding_count);
	/* Only this thread writes hits, so that no locked instruction is needed. */
	atomic_store_explicit(&writer->hits,
	    atomic_load_explicit(&writer->hits, memory_order_relaxed) + hits, memory_order_relaxed);
	for (unsigned i = 0; i < count; i++)
		take_one(writer, packed[i]);
}

void cf_writer_lost_queue(struct cf_writer *writer, uint64_t lost)
{
	if (lost == writer->lost_queue)
		return;
	if (writer->lost_queue == writer->told_queue)
		writer->lost_since_wall_us = writer->now_wall_us;
	writer->lost_queue = lost;
	atomic_store(&writer->degraded, true);
}

static void put_number(struct cf_json *json, const char *key, uint64_t value)
{
	CF_JSON_LITERAL(json, ",\"");
	cf_json_raw(json, key, strlen(key));
	CF_JSON_LITERAL(json, "\":");
	cf_json_number(json, value);
}

static void put_word(struct cf_json *json, const char *key, const char *word)
{
	if (word == NULL || word[0] == '\0')
		return;
	CF_JSON_LITERAL(json, ",\"");
	cf_json_raw(json, key, strlen(key));
	CF_JSON_LITERAL(json, "\":");
	cf_json_string(json, word, strlen(word), 72, false);
}

/* The caller's counters; only those that are used. */
static void put_counters(struct cf_json *json, const struct cf_heartbeat *h)
{
	const struct {
		const char *key;
		uint64_t value;
	} counters[] = {
	    {"queries", h->queries},
	    {"packets", h->packets},
	    {"bytes", h->bytes},
	    {"kernel_drops", h->kernel_drops},
	    {"iface_drops", h->iface_drops},
	    {"decode_failures", h->decode_failures},
	    {"evictions", h->evictions},
	    {"dark_s", h->dark_s},
	    {"silent_s", h->silent_s},
	};
	bool monitor = h->packets != 0 || h->bytes != 0;

	for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
		if (counters[i].value != 0 || (i == 0 ? !monitor : monitor))
			put_number(json, counters[i].key, counters[i].value);
	if (h->blind_since_wall_us != 0) {
		CF_JSON_LITERAL(json, ",\"blind_since\":");
		cf_json_instant_us(json, h->blind_since_wall_us);
	}
}

/* Who the lines say we are: a long name is cut in them. */
static bool name_seal(const char *head, size_t len, struct cf_seal_text *seal)
{
	char line[CF_RECORD_BYTES];
	struct cf_record record;

	if (len + 1 >= sizeof line)
		return false;
	memcpy(line, head, len);
	line[len] = '}';
	return cf_record_parse(line, len + 1, &record) == CF_LINE_OK &&
	    cf_chain_seal_text(&record, seal);
}

/* Whom the key followed, where there is room. */
static void put_change(struct cf_json *json, const char *change)
{
	size_t room = (size_t)(json->end - json->at);

	if (change[0] == '\0' || strlen(change) + sizeof ",\"key_change\":\"\"}\n" > room)
		return;
	CF_JSON_LITERAL(json, ",\"key_change\":\"");
	cf_json_raw(json, change, strlen(change));
	CF_JSON_LITERAL(json, "\"");
}

static char *seal_end(char *line, const struct cf_sensor_key *key, const char *change)
{
	if (key == NULL)
		return line + CF_RECORD_BYTES;
	return line + (change[0] == '\0' ? CF_SEAL_BYTES : CF_KEY_SEAL_BYTES);
}

/* One seal; with_extra false leaves the caller's own members out, key NULL the signature. */
static bool form_seal(struct cf_writer *writer, enum cf_event event, const struct cf_heartbeat *h,
    bool with_extra, const struct cf_sensor_key *key, struct sealed *sealed)
{
	const char *change = key == NULL ? "" : cf_signer_news(&writer->signer);
	struct cf_json *json = &sealed->json;

	begin_line(writer, json, sealed->line, event, writer->now_wall_us);
	json->end = seal_end(sealed->line, key, change);
	if (!name_seal(sealed->line, cf_json_length(json), &sealed->seal))
		return false;
	CF_JSON_LITERAL(json, ",\"started\":");
	cf_json_instant_us(json, h->started_wall_us);
	put_word(json, "in_iface", h->in_iface);
	if (h->vlan != 0)
		put_number(json, "vlan", h->vlan);
	put_word(json, "image", h->image);
	put_word(json, "policy", h->policy);
	put_number(json, "hits", atomic_load(&writer->hits));
	put_number(json, "folding", cf_fold_pending(writer->fold));
	put_number(json, "written", writer->sink.lines);
	writer->sealed_lines = writer->sink.lines;
	put_number(json, "lost_queue", writer->lost_queue);
	put_number(json, "lost_disk", atomic_load(&writer->lost_disk));
	if (atomic_load(&writer->lost_flood) > 0)
		put_number(json, "lost_flood", atomic_load(&writer->lost_flood));
	if (atomic_load(&writer->status_failed) > 0)
		put_number(json, "status_failed", atomic_load(&writer->status_failed));
	if (atomic_load(&writer->folds_failed) > 0)
		put_number(json, "folds_failed", atomic_load(&writer->folds_failed));
	if (writer->privacy.mode != CF_PRIVACY_FULL)
		put_word(json, "privacy", cf_privacy_text(writer->privacy.mode));
	put_counters(json, h);
	put_change(json, change);
	if (with_extra && h->extra_json != NULL && h->extra_json[0] != '\0') {
		CF_JSON_LITERAL(json, ",");
		cf_json_raw(json, h->extra_json, strlen(h->extra_json));
	}
	return cf_chain_seal(&writer->chain, json, key, &sealed->seal);
}

/* The fullest seal there is room for; better one without a signature than none. */
static bool form_best_seal(struct cf_writer *writer, enum cf_event event,
    const struct cf_heartbeat *h, struct sealed *sealed)
{
	const struct cf_sensor_key *key = writer->signer.key;

	if (form_seal(writer, event, h, true, key, sealed) ||
	    form_seal(writer, event, h, false, key, sealed))
		return true;
	return key != NULL &&
	    (form_seal(writer, event, h, true, NULL, sealed) ||
	        form_seal(writer, event, h, false, NULL, sealed));
}

/* The seal is on the disk: it leaves the machine. */
static void send_seal(struct cf_writer *writer, const struct cf_seal_text *seal)
{
	char text[CF_SEAL_TEXT_BYTES];

	if (seal->sig[0] != '\0') {
		atomic_store(&writer->signed_wall_us, seal->at_wall_us);
		atomic_store(&writer->signed_seq, seal->seq);
	}
	(void)cf_seal_text_format(seal, text); /* always fits */
	cf_beacon_say(&writer->beacon, "curfew-seal", text);
}

/* Writes a heartbeat or stop record with the chain's seal. Nothing when the disk refuses: the next
 * one then covers these lines as well. */
static void seal(struct cf_writer *writer, enum cf_event event)
{
	struct cf_heartbeat h = {.at_wall_us = writer->now_wall_us,
	    .started_wall_us = writer->started_wall_us,
	    .image = writer->image,
	    .policy = writer->policy};
	struct sealed sealed;

	if (writer->heartbeat != NULL)
		writer->heartbeat(writer->arg, &h);
	if (!flush(writer) || !form_best_seal(writer, event, &h, &sealed))
		return;
	if (!cf_sink_put(&writer->sink, sealed.line, cf_json_length(&sealed.json)))
		return;
	if (cf_sink_flush(&writer->sink, NULL)) {
		cf_chain_sealed(&writer->chain, sealed.seal.sha256);
		if (sealed.seal.sig[0] != '\0')
			cf_signer_told(&writer->signer);
		atomic_store(&writer->degraded, false);
		tell_trouble(writer, true);
		send_seal(writer, &sealed.seal);
	} else {
		tell_trouble(writer, false);
		cf_sink_discard(&writer->sink);
		writer->retry_us = writer->now_us + SECOND_US;
		atomic_store(&writer->degraded, true);
	}
	publish(writer);
}

void cf_writer_anchor(const struct cf_writer *writer, struct cf_log_anchor *anchor_out)
{
	*anchor_out = (struct cf_log_anchor){.signed_seq = atomic_load(&writer->signed_seq),
	    .signed_wall_us = atomic_load(&writer->signed_wall_us),
	    .sends = writer->beacon.path != NULL,
	    .send_failure = atomic_load(&writer->beacon.failure),
	    .unsent = atomic_load(&writer->beacon.lost)};
	cf_signer_say(&writer->signer, &anchor_out->signer);
}

/* Says what was lost since it was last said, once the disk takes it. */
static void tell_losses(struct cf_writer *writer)
{
	uint64_t disk = atomic_load(&writer->lost_disk), flood = atomic_load(&writer->lost_flood);
	char line[CF_RECORD_BYTES];
	struct cf_json json;

	if (writer->lost_queue == writer->told_queue && disk == writer->told_disk &&
	    flood == writer->told_flood && writer->sink.torn_bytes == writer->told_torn)
		return;
	if (writer->sink.fd < 0 || !flush(writer))
		return;
	begin_line(writer, &json, line, CF_EVENT_LOST, writer->now_wall_us);
	if (writer->lost_since_wall_us != 0) {
		CF_JSON_LITERAL(&json, ",\"since\":");
		cf_json_instant_us(&json, writer->lost_since_wall_us);
	}
	put_number(&json, "lost_queue", writer->lost_queue - writer->told_queue);
	put_number(&json, "lost_disk", disk - writer->told_disk);
	if (flood > writer->told_flood)
		put_number(&json, "lost_flood", flood - writer->told_flood);
	put_number(&json, "torn_bytes", writer->sink.torn_bytes - writer->told_torn);
	CF_JSON_LITERAL(&json, "}\n");
	put_line(writer, line, cf_json_length(&json), 0);
	writer->told_queue = writer->lost_queue;
	writer->told_disk = disk;
	writer->told_flood = flood;
	writer->told_torn = writer->sink.torn_bytes;
	writer->lost_since_wall_us = 0;
	atomic_store(&writer->degraded, true); /* until the next seal */
}

/*
 * Nobody can read any more what went into the removed file: it is lost, and said to be. A new
 * segment begins behind the last seal, as nothing else is left to seal - unless a compressor has
 * just put the lines away, which the next seal then covers.
 */
static void give_up_removed(struct cf_writer *writer)
{
	char prev[CF_SHA256_TEXT_BYTES];
	bool kept;
	struct cf_sink_sum gone = cf_sink_let_go(&writer->sink, &kept);

	if (gone.hits > 0)
		lose(writer, gone.hits);
	if (!kept) {
		memcpy(prev, writer->chain.prev, sizeof prev);
		cf_chain_resume(&writer->chain, writer->chain.seq, prev);
	}
	atomic_store(&writer->degraded, true); /* until the next seal */
	if (cf_sink_open(&writer->sink) != CF_OK)
		writer->retry_us = writer->now_us + SECOND_US;
}

/* logrotate renamed the file: seal the old one, go on in the new one. */
static void follow_rotation(struct cf_writer *writer)
{
	static const char what[] = "a new hit log";

	switch (cf_sink_look(&writer->sink)) {
	case CF_SINK_THERE:
		return;
	case CF_SINK_REMOVED:
		give_up_removed(writer);
		return;
	case CF_SINK_MOVED:
		break;
	}
	seal(writer, CF_EVENT_HEARTBEAT);
	if (cf_sink_open(&writer->sink) == CF_OK) {
		cf_trouble_end(&writer->moved, &writer->teller, what, writer->sink.path);
		return;
	}
	atomic_store(&writer->degraded, true);
	cf_trouble_begin(&writer->moved, &writer->teller, writer->now_us, what, writer->sink.path,
	    strerror(writer->sink.failure), "it goes on in the file that was moved away");
}

/*
 * Windows that a killed run left open become lines of this one. Not with privacy: the file has
 * addresses as they were seen. A log that is not there has no journal beside it either.
 */
static void keep_folds(struct cf_writer *writer)
{
	const struct cf_fold_keeper_place place = {.log_path = writer->sink.path,
	    .source = writer->source,
	    .now_us = writer->now_us,
	    .teller = &writer->teller};

	if (!writer->keeps_folds || writer->sink.path == NULL || writer->sink.fd < 0 ||
	    !writer->sink.is_file || writer->privacy.mode != CF_PRIVACY_FULL)
		return;
	atomic_fetch_add(&writer->hits,
	    cf_fold_keeper_look(&writer->keeper, writer->fold, &place, emit_hit, writer));
	atomic_store(&writer->folds_failed, cf_fold_keeper_failures(&writer->keeper));
}

static void each_second(struct cf_writer *writer)
{
	keep_folds(writer);
	follow_rotation(writer);
	tell_losses(writer);
	/* At once: whoever replaced the key wants to see it sign. */
	if (cf_signer_look(&writer->signer))
		seal(writer, CF_EVENT_HEARTBEAT);
}

static void set_time(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us)
{
	writer->now_us = now_us;
	writer->now_wall_us = now_wall_us;
	if (writer->counting_down)
		return;
	writer->counting_down = true;
	writer->started_wall_us = now_wall_us;
	writer->next_second_us = now_us + SECOND_US;
	writer->next_heartbeat_us = now_us + writer->heartbeat_s * SECOND_US;
}

void cf_writer_tick(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us)
{
	set_time(writer, now_us, now_wall_us);
	cf_fold_expire(writer->fold, now_us - writer->fold_s * SECOND_US, now_us);
	if (now_us >= writer->next_second_us) {
		writer->next_second_us = now_us + SECOND_US;
		each_second(writer);
	}
	if (now_us >= writer->next_heartbeat_us) {
		writer->next_heartbeat_us = now_us + writer->heartbeat_s * SECOND_US;
		seal(writer, CF_EVENT_HEARTBEAT);
	}
	(void)flush(writer); /* what stays is tried again at the next tick */
}

void cf_writer_advance(struct cf_writer *writer, int64_t at_wall_us)
{
	if (at_wall_us <= writer->now_us)
		return;
	set_time(writer, at_wall_us, at_wall_us);
	cf_fold_expire(writer->fold, at_wall_us - writer->fold_s * SECOND_US, at_wall_us);
}

/* Who signs, and whom that key followed. */
static void put_key(const struct cf_writer *writer, struct cf_json *json)
{
	const struct cf_sensor_key *key = writer->signer.key;

	if (key == NULL || json->failed)
		return;
	put_word(json, "key", cf_sensor_key_id(key));
	put_change(json, cf_sensor_key_change(key));
}

static void put_start(struct cf_writer *writer)
{
	char line[CF_SEAL_BYTES];
	struct cf_json json;

	begin_line(writer, &json, line, CF_EVENT_START, writer->now_wall_us);
	json.end = line + (writer->signer.key == NULL ? CF_RECORD_BYTES : CF_SEAL_BYTES);
	/* The run is named by its start record: the id stands behind "id":" in the head. */
	memcpy(writer->chain.run, strstr(line, "\"id\":\"") + 6, 26);
	put_word(&json, "version", CF_VERSION);
	if (!writer->repeatable)
		put_number(&json, "pid", (uint64_t)getpid());
	put_number(&json, "fold_s", writer->fold_s);
	put_number(&json, "heartbeat_s", writer->heartbeat_s);
	put_word(&json, "input", writer->input);
	put_word(&json, "privacy", cf_privacy_text(writer->privacy.mode));
	put_word(&json, "image", writer->image);
	put_word(&json, "policy", writer->policy);
	put_word(&json, "found", writer->start.found);
	put_number(&json, "repaired_bytes", writer->start.repaired_bytes);
	put_number(&json, "unsealed_lines", writer->start.unsealed_lines);
	put_number(&json, "seq", writer->chain.seq);
	put_word(&json, "prev", writer->chain.prev);
	put_key(writer, &json);
	CF_JSON_LITERAL(&json, "}\n");
	put_line(writer, line, cf_json_length(&json), 0);
}

void cf_writer_open_early(struct cf_writer *writer)
{
	/* One that does not open now is tried again at the start, and said there. */
	if (cf_sink_open(&writer->sink) == CF_OK)
		cf_sink_open_reading(&writer->sink);
}

void cf_writer_start(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us)
{
	struct cf_recovery found = {.found = "new"};

	set_time(writer, now_us, now_wall_us);
	if (writer->sink.fd < 0 && cf_sink_open(&writer->sink) != CF_OK) {
		atomic_store(&writer->degraded, true);
		writer->retry_us = now_us + SECOND_US;
		found.found = "unknown";
	} else if (writer->sink.path != NULL) {
		cf_sink_claim(&writer->sink, writer->sensor, writer->source, sizeof writer->source);
		cf_recover(&writer->sink, &writer->chain, writer->sensor, writer->source, &found);
	}
	writer->start.found = found.found;
	writer->start.repaired_bytes = found.repaired_bytes;
	writer->start.unsealed_lines = found.unsealed_lines;
	put_start(writer);
	keep_folds(writer);
	(void)flush(writer); /* as in every tick */
}

void cf_writer_stop(struct cf_writer *writer, int64_t now_us, int64_t now_wall_us)
{
	set_time(writer, now_us, now_wall_us);
	cf_fold_flush(writer->fold);
	writer->retry_us = 0; /* one last try */
	follow_rotation(writer);
	tell_losses(writer);
	seal(writer, CF_EVENT_STOP);
	atomic_store(&writer->lines, writer->sealed_lines); /* as the stop record says */
	cf_fold_keeper_remove(&writer->keeper);
}

/* The same input gives the same ids, and another one others: a run is named by its start record. */
static enum cf_status derive_ids(
    struct cf_writer *writer, const char *input, uint8_t *random, size_t size)
{
	uint8_t digest[CF_SHA256_BYTES];
	enum cf_status status = cf_sha256(input, strlen(input), digest);

	snprintf(writer->input, sizeof writer->input, "%s", input);
	memset(random, 0x5a, size);
	if (status == CF_OK)
		memcpy(random, digest, size < sizeof digest ? size : sizeof digest);
	return status;
}

enum cf_status cf_writer_init(
    struct cf_writer *writer, const struct cf_log_options *options, struct cf_error *error)
{
	uint8_t random[26];
	enum cf_status status;

	*writer = (struct cf_writer){.sink = {.fd = -1, .reading = -1},
	    .beacon = {.fd = -1},
	    .fold_s = options->fold_s,
	    .heartbeat_s = options->heartbeat_s == 0 ? 60 : options->heartbeat_s,
	    .repeatable = options->repeatable,
	    .keeps_folds = !options->synchronous,
	    .heartbeat = options->heartbeat,
	    .on_hit = options->on_hit,
	    .expand = options->expand,
	    .arg = options->arg,
	    .teller = {.say = options->complain, .arg = options->arg}};
	snprintf(writer->sensor, sizeof writer->sensor, "%s", options->sensor);
	snprintf(writer->source, sizeof writer->source, "%s", options->source);
	cf_beacon_init(&writer->beacon, options->seal_log, options->seal_log_once);
	if (cf_signer_init(&writer->signer, options->key_file, options->key, options->key_error) !=
	    CF_OK)
		return cf_error_set(error, CF_ENOMEM, "cannot start the hit log: no memory");
	status =
	    cf_privacy_init(&writer->privacy, options->privacy, options->privacy_key_file, error);
	if (status != CF_OK)
		return status;
	if (options->repeatable && options->input != NULL)
		status = derive_ids(writer, options->input, random, sizeof random);
	else if (options->repeatable)
		memset(random, 0x5a, sizeof random);
	else if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return cf_error_set(error, CF_EIO, "no random numbers: %s", strerror(errno));
	cf_ulid_init(&writer->ulid, random);
	if (status == CF_OK)
		status = cf_sink_init(&writer->sink, options->path);
	if (status == CF_OK)
		status = cf_chain_init(&writer->chain);
	if (status == CF_OK)
		status = cf_fold_new(
		    CF_FOLD_ENTRIES, random + 10, emit_hit, expand_hit, writer, &writer->fold);
	if (status == CF_OK)
		status = cf_newcomers_new(random + 10,
		    options->newcomers > 0 ? options->newcomers : CF_NEWCOMERS, &writer->newcomers);
	if (status != CF_OK)
		return cf_error_set(error, status, "cannot start the hit log: no memory");
	return CF_OK;
}

void cf_writer_done(struct cf_writer *writer)
{
	cf_fold_free(writer->fold);
	cf_newcomers_free(writer->newcomers);
	writer->newcomers = NULL;
	writer->fold = NULL;
	cf_fold_keeper_done(&writer->keeper);
	cf_chain_done(&writer->chain);
	cf_sink_done(&writer->sink);
	cf_signer_done(&writer->signer);
	cf_beacon_done(&writer->beacon);
}
