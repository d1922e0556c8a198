/* DNS messages off the wire (RFC 1035 4.1): header, names with compression, questions, records. */

#include "monitor/message/decode_dns.h"

#include "monitor/packet/decoding.h"

#include <string.h>

#define DNS_HEADER_BYTES 12U

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* Appends one label of len bytes to the name; false when the name gets too long for its root label.
 */
static bool append_label(struct cf_name *name, const uint8_t *label, size_t len)
{
	if (len + 1 >= (size_t)CF_NAME_WIRE_BYTES - name->wire_len)
		return false;
	name->label_at[name->label_count++] = name->wire_len;
	name->wire[name->wire_len++] = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		name->wire[name->wire_len++] = lower(label[i]);
	return true;
}

bool cf_dns_name_at(
    const struct cf_dns_message *message, size_t offset, struct cf_name *name_out, size_t *next_out)
{
	const uint8_t *data = message->bytes.data;
	size_t len = message->bytes.len, at = offset, next = 0;
	unsigned jumps = 0;

	name_out->wire_len = name_out->label_count = 0;
	for (;;) {
		uint8_t head;

		if (at >= len)
			return false;
		head = data[at];
		if (head == 0)
			break;
		if (head >= 0xc0) {
			size_t target;

			if (len - at < 2)
				return false;
			target = (size_t)(head & 0x3f) << 8 | data[at + 1];
			if (next == 0)
				next = at + 2;
			/* RFC 1035 4.1.4 says "prior", yet large resolvers answer with pointers
			 * forwards: read, but not for ever. */
			if (++jumps > CF_DNS_JUMPS || target < DNS_HEADER_BYTES)
				return false;
			at = target;
			continue;
		}
		if (head > 63 || head >= len - at || !append_label(name_out, data + at + 1, head))
			return false;
		at += head + 1U;
	}
	name_out->wire[name_out->wire_len++] = 0;
	if (next_out != NULL)
		*next_out = next == 0 ? at + 1 : next;
	return true;
}

struct cf_dns_cursor cf_dns_start(const struct cf_dns_message *message)
{
	return (struct cf_dns_cursor){
	    .offset = DNS_HEADER_BYTES,
	    .questions_left = message->question_count,
	    .records_left = {message->answer_count, message->authority_count,
	        message->additional_count},
	};
}

/* Leaves nothing to read: what follows a malformed part cannot be found. */
static bool stop(struct cf_dns_cursor *cursor)
{
	memset(cursor->records_left, 0, sizeof cursor->records_left);
	cursor->questions_left = 0;
	return false;
}

bool cf_dns_question_next(const struct cf_dns_message *message, struct cf_dns_cursor *cursor,
    struct cf_name *name_out, uint16_t *type_out, uint16_t *class_out)
{
	struct cf_bytes rest;
	size_t next;

	if (cursor->questions_left == 0)
		return false;
	if (!cf_dns_name_at(message, cursor->offset, name_out, &next))
		return stop(cursor);
	rest = cf_bytes_make(message->bytes.data + next, message->bytes.len - next);
	*type_out = cf_bytes_be16(&rest);
	*class_out = cf_bytes_be16(&rest);
	if (!cf_bytes_ok(&rest))
		return stop(cursor);
	cursor->offset = next + 4;
	cursor->questions_left--;
	return true;
}

/* What is behind the name at offset, which is walked over as far as it stands here. */
static bool skip_name(const struct cf_dns_message *message, size_t offset, size_t *next_out)
{
	struct cf_bytes rest;
	uint8_t label_len;

	if (offset > message->bytes.len)
		return false;
	rest = cf_bytes_make(message->bytes.data + offset, message->bytes.len - offset);
	while ((label_len = cf_bytes_u8(&rest)) != 0 && label_len <= 63)
		cf_bytes_skip(&rest, label_len);
	if (label_len >= 0xc0)
		cf_bytes_skip(&rest, 1);
	*next_out = message->bytes.len - cf_bytes_left(&rest);
	return cf_bytes_ok(&rest) && (label_len == 0 || label_len >= 0xc0);
}

static bool skip_questions(const struct cf_dns_message *message, struct cf_dns_cursor *cursor)
{
	while (cursor->questions_left > 0) {
		size_t next;

		if (!skip_name(message, cursor->offset, &next) || message->bytes.len - next < 4)
			return stop(cursor);
		cursor->offset = next + 4;
		cursor->questions_left--;
	}
	return true;
}

bool cf_dns_record_next(const struct cf_dns_message *message, struct cf_dns_cursor *cursor,
    struct cf_dns_record *record_out)
{
	unsigned section = 0;
	struct cf_bytes rest;
	size_t next, rdata_bytes;

	if (!skip_questions(message, cursor))
		return false;
	while (section < 3 && cursor->records_left[section] == 0)
		section++;
	if (section == 3)
		return false;
	if (!skip_name(message, cursor->offset, &next))
		return stop(cursor);
	record_out->name_offset = cursor->offset;
	rest = cf_bytes_make(message->bytes.data + next, message->bytes.len - next);
	record_out->section = (enum cf_dns_section)section;
	record_out->type = cf_bytes_be16(&rest);
	record_out->class = cf_bytes_be16(&rest);
	record_out->ttl_s = cf_bytes_be32(&rest);
	rdata_bytes = cf_bytes_be16(&rest);
	record_out->rdata.data = cf_bytes_take(&rest, rdata_bytes);
	record_out->rdata.len = rdata_bytes;
	if (!cf_bytes_ok(&rest))
		return stop(cursor);
	record_out->rdata_offset = next + 10;
	cursor->offset = next + 10 + rdata_bytes;
	cursor->records_left[section]--;
	return true;
}

/* Fills message from its header; false when the header itself cannot be DNS. */
static bool parse_header(struct cf_slice bytes, struct cf_dns_message *message)
{
	struct cf_bytes cursor = cf_bytes_make(bytes.data, bytes.len);
	unsigned flags;

	message->bytes = bytes;
	message->id = cf_bytes_be16(&cursor);
	flags = cf_bytes_be16(&cursor);
	message->response = (flags & 0x8000) != 0;
	message->truncated = (flags & 0x0200) != 0;
	message->opcode = (flags >> 11) & 0x0f;
	message->rcode = flags & 0x0f;
	message->question_count = cf_bytes_be16(&cursor);
	message->answer_count = cf_bytes_be16(&cursor);
	message->authority_count = cf_bytes_be16(&cursor);
	message->additional_count = cf_bytes_be16(&cursor);
	return cf_bytes_ok(&cursor) && message->opcode <= 6 && message->opcode != 3;
}

/*
 * True when a whole question stands at the beginning of the question section. A name in one piece,
 * as nearly all are, is only walked over; whoever wants it reads it then.
 */
static bool has_question(const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	uint16_t type, class;
	struct cf_name name;
	size_t next;

	if (!skip_name(message, DNS_HEADER_BYTES, &next))
		return false;
	if (message->bytes.data[next - 1] != 0 || next - DNS_HEADER_BYTES > CF_NAME_WIRE_BYTES)
		return cf_dns_question_next(message, &cursor, &name, &type, &class);
	return message->bytes.len - next >= 4;
}

bool cf_dns_plausible(struct cf_slice bytes)
{
	struct cf_dns_message message = {.cut = false};

	if (!parse_header(bytes, &message) ||
	    (!message.response && (message.question_count == 0 || message.question_count > 16)))
		return false;
	return message.question_count == 0 || has_question(&message);
}

/* Types that are asked for; those of NBNS share numbers with others, and come on its own port. */
static bool is_asked_type(uint16_t type)
{
	return (type >= 1 && type <= 110 && type != 41) || (type >= 249 && type <= 262) ||
	    type == 32768 || type == 32769;
}

static bool is_printable(const struct cf_name *name)
{
	for (unsigned i = 0; i < name->label_count; i++)
		for (unsigned j = 1; j <= name->wire[name->label_at[i]]; j++) {
			uint8_t c = name->wire[name->label_at[i] + j];

			if (c <= ' ' || c >= 0x7f)
				return false;
		}
	return name->label_count > 0;
}

bool cf_dns_is_shaped(struct cf_slice bytes)
{
	struct cf_dns_message message = {.cut = false};
	struct cf_dns_cursor cursor;
	struct cf_dns_record record;
	uint16_t type, class;
	struct cf_name name;

	if (!cf_dns_maybe_shaped(bytes) || !parse_header(bytes, &message))
		return false;
	if (!message.response &&
	    (message.answer_count != 0 || message.authority_count > 1 ||
	        message.additional_count > 2 || message.rcode != 0))
		return false;
	cursor = cf_dns_start(&message);
	if (!cf_dns_question_next(&message, &cursor, &name, &type, &class) || class != 1 ||
	    !is_asked_type(type) || !is_printable(&name))
		return false;
	while (cf_dns_record_next(&message, &cursor, &record))
		;
	return cursor.offset == bytes.len && cursor.records_left[0] == 0 &&
	    cursor.records_left[1] == 0 && cursor.records_left[2] == 0;
}

bool cf_dns_message_read(struct cf_slice bytes, struct cf_dns_message *message)
{
	return parse_header(bytes, message) && cf_dns_plausible(bytes);
}

bool cf_decode_dns(struct cf_decoder *decoder, const struct cf_packet *packet,
    enum cf_dns_kind kind, enum cf_transport transport, struct cf_slice bytes, bool cut)
{
	struct cf_dns_message message = {.kind = kind, .transport = transport, .cut = cut};

	if (!parse_header(bytes, &message) ||
	    (kind == CF_DNS_UNICAST && !cf_dns_plausible(bytes))) {
		cf_decode_count(decoder, CF_COUNT_DNS_MALFORMED);
		return false;
	}
	message.ends = cf_endpoints_of(packet, !message.response);
	cf_decode_count(decoder, CF_COUNT_DNS_MESSAGES);
	if (decoder->observer.dns != NULL)
		decoder->observer.dns(decoder->observer.context, packet, &message);
	return true;
}
