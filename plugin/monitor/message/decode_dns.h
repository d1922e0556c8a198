/*
 * Reading DNS messages (RFC 1035 4.1) off the wire: names with compression, questions, records.
 *
 * Made for observers that get a struct cf_dns_message. Every function keeps inside message->bytes
 * and ends: a name follows at most CF_DNS_JUMPS compression pointers, forwards too. Pure functions;
 * any thread.
 */
#pragma once

#include "monitor/packet/observer.h"
#include "names/name.h"

struct cf_decoder;

/* Where reading stands; obtain it from cf_dns_start() and pass it to the _next() functions in
 * order. */
struct cf_dns_cursor {
	size_t offset;
	unsigned questions_left;
	unsigned records_left[3]; /* answer, authority, additional */
};

enum cf_dns_section { CF_DNS_ANSWER = 0, CF_DNS_AUTHORITY = 1, CF_DNS_ADDITIONAL = 2 };

struct cf_dns_record {
	enum cf_dns_section section;
	size_t name_offset; /* of its owner in message->bytes, for cf_dns_name_at() */
	uint16_t type;
	uint16_t class;
	uint32_t ttl_s;
	size_t rdata_offset; /* in message->bytes; for names in rdata use cf_dns_name_at() */
	struct cf_slice rdata;
};

struct cf_dns_cursor cf_dns_start(const struct cf_dns_message *message);

/*
 * The next question into *name_out (canonical) and type, class. False at the end of the questions
 * or when the message is malformed from here on. All questions come before the first record.
 */
bool cf_dns_question_next(const struct cf_dns_message *message, struct cf_dns_cursor *cursor,
    struct cf_name *name_out, uint16_t *type_out, uint16_t *class_out);

/*
 * The next record; steps over unread questions first. False at the end or when malformed from here,
 * but for what names point back to: whoever wants a name finds out then.
 */
bool cf_dns_record_next(const struct cf_dns_message *message, struct cf_dns_cursor *cursor,
    struct cf_dns_record *record_out);

/* The possibly compressed name at offset (a CNAME's rdata, say); *next_out, if not NULL, is behind
 * it. */
bool cf_dns_name_at(const struct cf_dns_message *message, size_t offset, struct cf_name *name_out,
    size_t *next_out);

/*
 * True when bytes are a whole DNS message by their shape alone, on whatever port: one question for
 * a printable name of class IN, a type that exists, records that end where the bytes do.
 */
bool cf_dns_is_shaped(struct cf_slice bytes);
/* False: certainly not, as its first bytes tell. */
static inline bool cf_dns_maybe_shaped(struct cf_slice bytes)
{
	return bytes.len > 16 && bytes.data[4] == 0 && bytes.data[5] == 1 &&
	    (bytes.data[2] & 0x78) == 0 && (bytes.data[3] & 0x40) == 0;
}

/* True when bytes begin with a DNS header and, if it promises a question, a whole first question.
 */
bool cf_dns_plausible(struct cf_slice bytes);

/*
 * Fills in what the header says of bytes that are one whole unicast message; kind, transport and
 * ends are left to the caller. False when it is none.
 */
bool cf_dns_message_read(struct cf_slice bytes, struct cf_dns_message *message);

/* One message; true when it reads as DNS and was reported. */
bool cf_decode_dns(struct cf_decoder *decoder, const struct cf_packet *packet,
    enum cf_dns_kind kind, enum cf_transport transport, struct cf_slice bytes, bool cut);
