/*
 * From QUIC Initials to a ClientHello. One file: every part of it reads or fills the same bounded
 * table of handshakes.
 */

#include "monitor/message/decode_quic.h"

#include "monitor/message/decode_tls.h"
#include "monitor/message/quic_keys.h"
#include "monitor/packet/decoding.h"
#include "monitor/packet/spans.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	LONG_HEADER = 0x80,
	FIXED_BIT = 0x40,
	/* A client's own first id has 8 (RFC 9000 7.2), one that a Retry gave it may be shorter. */
	FIRST_ID_BYTES = 1,
	/* RFC 9000 14.1: of an unknown version, believe only what is padded as a client must. */
	CLIENT_DATAGRAM_BYTES = 1200,
	MESSAGE_HEADER_BYTES = 4,
	WAYS = 4, /* places where a handshake can be */
	/* Initials opened, or tried, of one frame, and of one of them keys are derived: no datagram
	   needs more than a resent one and another, and Wi-Fi packs many datagrams together. */
	OPENINGS = 3,
	/* CRYPTO frames of one Initial: browsers that shuffle their hello send up to some twenty.
	 */
	CRYPTO_FRAMES = 64,
	SERVERS = 1024, /* servers remembered by the client id that they will write to */
};

enum packet_type { TYPE_INITIAL, TYPE_SKIP, TYPE_END };

struct handshake {
	uint64_t hash; /* 0: free */
	int64_t at_wall_us;
	uint32_t version;
	struct cf_quic_keys keys;
	struct cf_spans spans;
	struct cf_kept_packet kept; /* the first one, for reporting what never gets complete */
};

struct cf_quic {
	struct cf_quic_salts salts;
	unsigned waiting; /* handshakes under way: mostly none */
	uint64_t frame;   /* the number of the frame that openings are of */
	unsigned openings;
	bool derived;              /* in it: keys of an id were */
	uint64_t servers[SERVERS]; /* expect_server() */
	uint8_t *buffers;          /* CF_QUIC_HANDSHAKES times CF_QUIC_CRYPTO_BYTES, mapped */
	struct handshake handshakes[CF_QUIC_HANDSHAKES];
	uint8_t plain[65536];
};

enum cf_status cf_quic_new(struct cf_quic **quic_out)
{
	struct cf_quic *quic = calloc(1, sizeof *quic);
	void *map;

	if (quic == NULL)
		return CF_ENOMEM;
	map = mmap(NULL, (size_t)CF_QUIC_HANDSHAKES * CF_QUIC_CRYPTO_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		free(quic);
		return CF_ENOMEM;
	}
	quic->buffers = map;
	cf_quic_salts_init(&quic->salts);
	*quic_out = quic;
	return CF_OK;
}

void cf_quic_free(struct cf_quic *quic)
{
	if (quic == NULL)
		return;
	(void)munmap(quic->buffers, (size_t)CF_QUIC_HANDSHAKES * CF_QUIC_CRYPTO_BYTES); /* ours */
	free(quic);
}

static uint8_t *buffer_of(struct cf_quic *quic, const struct handshake *handshake)
{
	return quic->buffers + (size_t)(handshake - quic->handshakes) * CF_QUIC_CRYPTO_BYTES;
}

static struct handshake *find(struct cf_quic *quic, uint64_t hash)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct handshake *handshake = &quic->handshakes[(hash + i) % CF_QUIC_HANDSHAKES];

		if (handshake->hash == hash)
			return handshake;
	}
	return NULL;
}

/* Variable-length integer, RFC 9000 16. */
static uint64_t read_varint(struct cf_bytes *cursor)
{
	uint8_t first = cf_bytes_u8(cursor);
	uint64_t value = first & 0x3fU;

	for (unsigned more = (1U << (first >> 6)) - 1; more > 0; more--)
		value = value << 8 | cf_bytes_u8(cursor);
	return value;
}

/* As a length in memory: one that cannot be fails the cursor. */
static size_t read_length(struct cf_bytes *cursor)
{
	uint64_t value = read_varint(cursor);

	if (value > cf_bytes_left(cursor))
		cf_bytes_fail(cursor);
	return cf_bytes_ok(cursor) ? (size_t)value : 0;
}

static bool report(struct cf_decoder *decoder, const struct cf_packet *packet, uint32_t version,
    struct cf_slice message)
{
	struct cf_client_hello hello = {.transport = CF_TRANSPORT_QUIC, .quic_version = version};
	enum cf_reading reading = cf_client_hello_read(message, &hello);

	if (reading == CF_READING_BAD)
		cf_decode_count(decoder, CF_COUNT_QUIC_MALFORMED);
	if (reading == CF_READING_BAD || (reading == CF_READING_MORE && packet == &decoder->packet))
		return false;
	hello.ends = cf_endpoints_of(packet, true);
	cf_decode_count(decoder, CF_COUNT_QUIC_HELLOS);
	if (decoder->observer.client_hello != NULL)
		decoder->observer.client_hello(decoder->observer.context, packet, &hello);
	return true;
}

/* Frees its place. */
static void finish(struct cf_quic *quic, struct handshake *handshake)
{
	handshake->hash = 0;
	quic->waiting--;
}

/* Reports an unfinished handshake if its beginning holds a name, and frees its place. */
static void give_up(struct cf_quic *quic, struct cf_decoder *decoder, struct handshake *handshake)
{
	const struct cf_byte_span *span = cf_spans_find(&handshake->spans, 0);
	struct cf_client_hello hello = {.has_sni = false};

	if (span != NULL) {
		struct cf_slice message = {.data = buffer_of(quic, handshake), .len = span->to};

		if (cf_client_hello_read(message, &hello) == CF_READING_MORE && hello.has_sni)
			(void)report(decoder, &handshake->kept.packet, handshake->version,
			    message); /* it reads, as we just saw */
	}
	finish(quic, handshake);
}

static struct handshake *start(struct cf_quic *quic, struct cf_decoder *decoder, uint64_t hash,
    uint32_t version, const struct cf_quic_keys *keys)
{
	struct handshake *place = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		struct handshake *handshake = &quic->handshakes[(hash + i) % CF_QUIC_HANDSHAKES];

		if (handshake->hash == 0) {
			place = handshake;
			break;
		}
		if (place == NULL || handshake->at_wall_us < place->at_wall_us)
			place = handshake;
	}
	if (place->hash != 0) {
		cf_decode_count(decoder, CF_COUNT_QUIC_EVICTED);
		give_up(quic, decoder, place);
	}
	quic->waiting++;
	place->hash = hash;
	place->at_wall_us = decoder->packet.at_wall_us;
	place->version = version;
	place->keys = *keys;
	place->spans.count = 0;
	cf_packet_keep(&place->kept, &decoder->packet);
	return place;
}

/* RFC 9000 19.3: two or more numbers for the ranges, three for ECN. */
static void skip_ack(struct cf_bytes *cursor, bool ecn)
{
	uint64_t ranges;

	(void)read_varint(cursor); /* largest acknowledged */
	(void)read_varint(cursor); /* delay */
	ranges = read_varint(cursor);
	(void)read_varint(cursor); /* first range */
	for (uint64_t i = 0; i < ranges && cf_bytes_ok(cursor); i++) {
		(void)read_varint(cursor); /* gap */
		(void)read_varint(cursor); /* length */
	}
	for (unsigned i = 0; ecn && i < 3; i++)
		(void)read_varint(cursor); /* counts */
}

/* PADDING and PING, of one byte each: an Initial may be full of them. */
static void skip_padding(struct cf_bytes *cursor)
{
	const uint8_t *at = cursor->at;
	size_t left = cf_bytes_left(cursor);
	uint64_t word;

	for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
		memcpy(&word, at, sizeof word);
		if ((word & ~UINT64_C(0x0101010101010101)) != 0)
			break;
	}
	while (left > 0 && *at <= 0x01) {
		at++;
		left--;
	}
	cf_bytes_skip(cursor, (size_t)(at - cursor->at));
}

/*
 * The next CRYPTO frame of an opened Initial, others stepped over. False at the end, and, with the
 * cursor failed, at a frame that must not be there.
 */
static bool next_crypto(struct cf_bytes *cursor, uint64_t *offset_out, struct cf_slice *data_out)
{
	for (;;) {
		uint8_t type;

		skip_padding(cursor);
		if (cf_bytes_left(cursor) == 0)
			return false;
		type = cf_bytes_u8(cursor);
		if (type == 0x02 || type == 0x03) {
			skip_ack(cursor, type == 0x03);
		} else if (type == 0x1c) {
			(void)read_varint(cursor); /* error */
			(void)read_varint(cursor); /* frame */
			cf_bytes_skip(cursor, read_length(cursor));
		} else if (type == 0x06) {
			*offset_out = read_varint(cursor);
			data_out->len = read_length(cursor);
			data_out->data = cf_bytes_take(cursor, data_out->len);
			return data_out->data != NULL;
		} else {
			cf_bytes_fail(cursor);
		}
	}
}

/* What has come of the message's beginning is all of it, or too little of it to know. */
static bool is_whole(const uint8_t *message, size_t len)
{
	return len >= MESSAGE_HEADER_BYTES &&
	    len - MESSAGE_HEADER_BYTES >=
	    ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
}

/* Puts the CRYPTO frames of an opened Initial where they belong; reports the hello once it is
 * whole. */
static void read_frames(struct cf_quic *quic, struct cf_decoder *decoder, uint32_t version,
    const struct cf_quic_keys *keys, struct handshake *handshake, uint64_t hash,
    struct cf_bytes cursor)
{
	const struct cf_byte_span *span;
	struct cf_slice data;
	unsigned frames = 0;
	uint64_t offset;

	while (frames++ < CRYPTO_FRAMES && next_crypto(&cursor, &offset, &data)) {
		if (handshake == NULL && offset == 0 &&
		    report(decoder, &decoder->packet, version, data))
			return; /* whole in one frame */
		if (offset > CF_QUIC_CRYPTO_BYTES || data.len > CF_QUIC_CRYPTO_BYTES - offset) {
			cf_decode_count(decoder, CF_COUNT_STREAMS_TOO_LONG);
			continue;
		}
		if (handshake == NULL)
			handshake = start(quic, decoder, hash, version, keys);
		if (!cf_spans_fill(&handshake->spans, buffer_of(quic, handshake), (size_t)offset,
		        data.data, data.len))
			cf_decode_count(decoder, CF_COUNT_STREAMS_TOO_LONG);
	}
	if (!cf_bytes_ok(&cursor))
		cf_decode_count(decoder, CF_COUNT_QUIC_MALFORMED);
	if (handshake == NULL || (span = cf_spans_find(&handshake->spans, 0)) == NULL ||
	    !is_whole(buffer_of(quic, handshake), span->to))
		return;
	if (report(decoder, &decoder->packet, version,
	        (struct cf_slice){.data = buffer_of(quic, handshake), .len = span->to}))
		finish(quic, handshake);
}

/*
 * A server's Initials carry the id that its client chose for itself, and no key of ours opens them.
 * From the client's Initial on they are known by that id and the way they go, so that no keys are
 * derived for each of them.
 */
static uint64_t server_tag(uint64_t way_hash, struct cf_slice id)
{
	uint64_t tag = way_hash;

	for (size_t i = 0; i < id.len; i++)
		tag = (tag ^ id.data[i]) * UINT64_C(0x100000001b3);
	return tag;
}

static uint64_t *server_place(struct cf_quic *quic, uint64_t tag)
{
	return &quic->servers[(tag ^ tag >> 32) % SERVERS];
}

static void expect_server(
    struct cf_quic *quic, const struct cf_decoder *decoder, struct cf_slice client_id)
{
	uint64_t tag = server_tag(cf_packet_hash_back(decoder, &decoder->packet), client_id);

	*server_place(quic, tag) = tag;
}

static bool is_server(struct cf_quic *quic, uint64_t way_hash, struct cf_slice id)
{
	uint64_t tag = server_tag(way_hash, id);

	return *server_place(quic, tag) == tag;
}

/*
 * A version that is not known may be the next draft, or one that a client made up to see whether it
 * is refused (RFC 9000 15): both use what was last standardised for such types of packets. Trying
 * the salts of all drafts as well would let one datagram cost three times as much.
 */
static const struct cf_quic_salt *salt_of(
    const struct cf_quic *quic, uint32_t version, bool v2_type)
{
	int known = cf_quic_salt_find(version);

	return &quic->salts.at[known >= 0 ? known : cf_quic_salt_find(v2_type ? CF_QUIC_V2 : 1)];
}

/* Tries the keys of a handshake that is under way, then those the packet's own id would give. */
static void open_initial(struct cf_quic *quic, struct cf_decoder *decoder, uint32_t version,
    bool v2_type, const struct cf_quic_initial *initial)
{
	uint64_t way_hash = cf_packet_hash(decoder, &decoder->packet), hash = way_hash | 1;
	struct handshake *handshake = find(quic, hash);
	const struct cf_quic_salt *salt = salt_of(quic, version, v2_type);
	bool may_be_first = initial->destination.len >= FIRST_ID_BYTES;
	struct cf_quic_keys keys;
	size_t len;

	if (handshake != NULL &&
	    cf_quic_open(&handshake->keys, initial, quic->plain, sizeof quic->plain, &len)) {
		cf_decode_count(decoder, CF_COUNT_QUIC_INITIALS);
		read_frames(quic, decoder, version, &handshake->keys, handshake, hash,
		    cf_bytes_make(quic->plain, len));
		return;
	}
	may_be_first =
	    may_be_first && !quic->derived && !is_server(quic, way_hash, initial->destination);
	quic->derived = quic->derived || may_be_first;
	if (may_be_first &&
	    cf_quic_open_first(salt, initial, &keys, quic->plain, sizeof quic->plain, &len)) {
		cf_decode_count(decoder, CF_COUNT_QUIC_INITIALS);
		expect_server(quic, decoder, initial->source);
		if (handshake != NULL) /* another connection, or the same one after a Retry */
			give_up(quic, decoder, handshake);
		read_frames(
		    quic, decoder, version, &keys, NULL, hash, cf_bytes_make(quic->plain, len));
		return;
	}
	cf_decode_count(decoder, CF_COUNT_QUIC_UNOPENED);
}

/* Version 2 renumbers the types (RFC 9369 3.2); an unknown version may do either. */
static enum packet_type packet_type(uint8_t first, uint32_t version, bool *v2_type_out)
{
	unsigned bits = (first >> 4) & 3;
	int salt = cf_quic_salt_find(version);
	bool v2 = version == CF_QUIC_V2 || (salt < 0 && bits == 1);

	*v2_type_out = v2;
	if (bits == (v2 ? 1U : 0U))
		return TYPE_INITIAL;
	if (salt < 0 || bits == (v2 ? 0U : 3U)) /* unknown, or a Retry, which has no length */
		return TYPE_END;
	return TYPE_SKIP;
}

/* gQUIC (Q0xx, T05x) has long headers too, and other insides. */
static bool is_foreign_version(uint32_t version)
{
	return version == 0 || version >> 24 == 'Q' || version >> 24 == 'T';
}

/* One packet of the datagram; false when no other can follow. */
static bool next_packet(struct cf_quic *quic, struct cf_decoder *decoder, struct cf_bytes *cursor,
    struct cf_slice *first_id)
{
	const uint8_t *start_at = cursor->at;
	uint8_t first = cf_bytes_u8(cursor);
	struct cf_quic_initial initial;
	enum packet_type type;
	uint32_t version;
	size_t len;
	bool v2_type;

	if ((first & (LONG_HEADER | FIXED_BIT)) != (LONG_HEADER | FIXED_BIT))
		return false;
	version = cf_bytes_be32(cursor);
	initial.destination.len = cf_bytes_u8(cursor);
	initial.destination.data = cf_bytes_take(cursor, initial.destination.len);
	initial.source.len = cf_bytes_u8(cursor);
	initial.source.data = cf_bytes_take(cursor, initial.source.len);
	if (!cf_bytes_ok(cursor) || initial.destination.len > CF_QUIC_ID_BYTES ||
	    initial.source.len > CF_QUIC_ID_BYTES || is_foreign_version(version) ||
	    (cf_quic_salt_find(version) < 0 &&
	        decoder->packet.payload_wire_bytes < CLIENT_DATAGRAM_BYTES))
		return false;
	/* RFC 9000 12.2: packets to another connection are no part of this datagram. */
	if (first_id->data == NULL)
		*first_id = initial.destination;
	else if (first_id->len != initial.destination.len ||
	    memcmp(first_id->data, initial.destination.data, first_id->len) != 0)
		return false;
	type = packet_type(first, version, &v2_type);
	if (type == TYPE_END)
		return false;
	if (type == TYPE_INITIAL)
		cf_bytes_skip(cursor, read_length(cursor)); /* token */
	len = read_length(cursor);
	initial.number_at = (size_t)(cursor->at - start_at);
	cf_bytes_skip(cursor, len);
	if (!cf_bytes_ok(cursor))
		return false;
	initial.packet =
	    (struct cf_slice){.data = start_at, .len = (size_t)(cursor->at - start_at)};
	if (type != TYPE_INITIAL)
		return true;
	open_initial(quic, decoder, version, v2_type, &initial);
	return ++quic->openings < OPENINGS;
}

void cf_quic_datagram(struct cf_quic *quic, struct cf_decoder *decoder)
{
	struct cf_slice payload = decoder->packet.payload;
	struct cf_bytes cursor = cf_bytes_make(payload.data, payload.len);
	struct cf_slice first_id = {.data = NULL};

	if (payload.len < 7 || (payload.data[0] & LONG_HEADER) == 0)
		return;
	if (quic->frame != decoder->counters.at[CF_COUNT_FRAMES]) {
		quic->frame = decoder->counters.at[CF_COUNT_FRAMES];
		quic->openings = 0;
		quic->derived = false;
	}
	while (quic->openings < OPENINGS && cf_bytes_left(&cursor) > 0 &&
	    next_packet(quic, decoder, &cursor, &first_id))
		;
}

unsigned cf_quic_waiting(const struct cf_quic *quic)
{
	return quic->waiting;
}

void cf_quic_reap(struct cf_quic *quic, struct cf_decoder *decoder, int64_t before_wall_us)
{
	for (unsigned i = 0; i < CF_QUIC_HANDSHAKES && quic->waiting > 0; i++) {
		struct handshake *handshake = &quic->handshakes[i];

		if (handshake->hash != 0 && handshake->at_wall_us < before_wall_us)
			give_up(quic, decoder, handshake);
	}
}
