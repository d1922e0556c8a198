/* From protobuf's fields to the words of a look-up. */

#include "tap/tapped.h"

#include "base/limits.h"
#include "tap/dnstap.pb-c.h"

#include <stdlib.h>

#define ALIGNMENT 16U
/* Of instants that are believed: the year 9999. */
#define MOST_S   UINT64_C(253402300799)
#define US_PER_S INT64_C(1000000)

/* Memory of one payload: handed out from the front, given back all at once. */
struct cf_tap_reader {
	ProtobufCAllocator allocator;
	size_t used;
	_Alignas(ALIGNMENT) uint8_t memory[CF_TAP_MEMORY_BYTES];
};

static void *hand_out(void *arg, size_t size)
{
	struct cf_tap_reader *reader = arg;
	uint8_t *place = reader->memory + reader->used;

	if (size > sizeof reader->memory - reader->used)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	reader->used = size > sizeof reader->memory - reader->used ? sizeof reader->memory
	                                                           : reader->used + size;
	return place;
}

static void give_back(void *arg, void *place)
{
	(void)arg;
	(void)place;
}

enum cf_status cf_tap_reader_new(struct cf_tap_reader **reader_out)
{
	struct cf_tap_reader *reader = malloc(sizeof *reader);

	if (reader == NULL)
		return CF_ENOMEM;
	reader->allocator =
	    (ProtobufCAllocator){.alloc = hand_out, .free = give_back, .allocator_data = reader};
	*reader_out = reader;
	return CF_OK;
}

void cf_tap_reader_free(struct cf_tap_reader *reader)
{
	free(reader);
}

/* By its length; the family is told apart, and by some wrongly. */
static struct cf_addr address_of(bool is_told, const ProtobufCBinaryData *bytes)
{
	static const struct cf_addr none;
	static const uint8_t wildcard[16];

	if (!is_told || (bytes->len != 4 && bytes->len != 16) ||
	    memcmp(bytes->data, wildcard, bytes->len) == 0)
		return none;
	return bytes->len == 4 ? cf_addr_v4(bytes->data) : cf_addr_v6(bytes->data);
}

static uint16_t port_of(bool is_told, uint32_t port)
{
	return is_told && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static int64_t instant_of(bool is_told, uint64_t s, uint32_t ns)
{
	if (!is_told || s == 0 || s > MOST_S || ns >= 1000000000)
		return 0;
	return (int64_t)s * US_PER_S + ns / 1000;
}

static enum cf_transport transport_of(uint32_t protocol)
{
	static const enum cf_transport known[] = {[0] = CF_TRANSPORT_OTHER,
	    [1] = CF_TRANSPORT_UDP,
	    [2] = CF_TRANSPORT_TCP,
	    [3] = CF_TRANSPORT_TCP,
	    [4] = CF_TRANSPORT_TCP,
	    [5] = CF_TRANSPORT_UDP,
	    [6] = CF_TRANSPORT_TCP,
	    [7] = CF_TRANSPORT_QUIC};

	return protocol < sizeof known / sizeof known[0] ? known[protocol] : CF_TRANSPORT_OTHER;
}

/*
 * AUTH_QUERY and AUTH_RESPONSE are what BIND calls a client's question without RD, and its answer:
 * for who asks it is the same server.
 */
static enum cf_tapped_kind kind_of(uint32_t type)
{
	static const enum cf_tapped_kind kinds[] = {[0] = CF_TAPPED_OTHER,
	    [1] = CF_TAPPED_QUESTION, /* AUTH_QUERY */
	    [2] = CF_TAPPED_ANSWER,
	    [3] = CF_TAPPED_UPSTREAM, /* RESOLVER_QUERY */
	    [4] = CF_TAPPED_UPSTREAM,
	    [5] = CF_TAPPED_QUESTION, /* CLIENT_QUERY */
	    [6] = CF_TAPPED_ANSWER,
	    [7] = CF_TAPPED_UPSTREAM, /* FORWARDER_QUERY */
	    [8] = CF_TAPPED_UPSTREAM};

	return type < sizeof kinds / sizeof kinds[0] ? kinds[type] : CF_TAPPED_OTHER;
}

static struct cf_slice slice_of(bool is_told, const ProtobufCBinaryData *bytes)
{
	return is_told ? (struct cf_slice){.data = bytes->data, .len = bytes->len}
	               : (struct cf_slice){.len = 0};
}

static void take(const Cf__Wire__Message *told, struct cf_tapped *tapped)
{
	*tapped = (struct cf_tapped){.kind = kind_of(told->type),
	    .asked_wall_us = instant_of(
	        told->has_query_time_sec != 0, told->query_time_sec, told->query_time_nsec),
	    .answered_wall_us = instant_of(told->has_response_time_sec != 0,
	        told->response_time_sec, told->response_time_nsec),
	    .ends = {.client = address_of(told->has_query_address != 0, &told->query_address),
	        .server = address_of(told->has_response_address != 0, &told->response_address),
	        .client_port = port_of(told->has_query_port != 0, told->query_port),
	        .server_port = port_of(told->has_response_port != 0, told->response_port)},
	    .transport = transport_of(told->socket_protocol),
	    .protocol = told->socket_protocol};
	tapped->message = tapped->kind == CF_TAPPED_ANSWER
	    ? slice_of(told->has_response_message != 0, &told->response_message)
	    : slice_of(told->has_query_message != 0, &told->query_message);
}

enum cf_status cf_tapped_read(
    struct cf_tap_reader *reader, const uint8_t *payload, size_t len, struct cf_tapped *tapped_out)
{
	Cf__Wire__Dnstap *dnstap;

	reader->used = 0; /* what the payload before was read into */
	dnstap = cf__wire__dnstap__unpack(&reader->allocator, len, payload);
	if (dnstap == NULL || dnstap->type != 1 || dnstap->message == NULL)
		return CF_EMALFORMED;
	take(dnstap->message, tapped_out);
	return CF_OK;
}
