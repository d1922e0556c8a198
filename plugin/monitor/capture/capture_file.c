/*
 * pcap and pcapng files, read without trust. One file: pcap and pcapng differ in their blocks
 * alone, and share the buffer, the byte order and the limits.
 */

#include "monitor/capture/capture_file.h"

#include "base/bytes.h"
#include "base/input_file.h"
#include "base/limits.h"
#include "monitor/capture/byte_source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Several of the largest records fit; libpcap's own largest frame has 262,144 bytes. */
#define BUFFER_BYTES 1048576U
#define RECORD_BYTES 262144U
/* Read at one time: what is in the buffer then stays in the processor's second-level cache. */
#define READ_BYTES 262144U
#define SECOND_US  1000000U
/* Room made at once; more is made as they come. */
#define FIRST_INTERFACES 16U

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OLD = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_PACKET = 6,
};

enum option { OPTION_END = 0, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };

struct interface {
	int link_type;
	uint32_t snap_bytes;
	uint64_t units_per_s;
	int64_t offset_s;
};

struct cf_capture_file {
	struct cf_byte_source *source;
	char name[128];
	bool next_generation; /* pcapng */
	bool big_endian;
	bool nanoseconds;             /* pcap */
	bool swapped;                 /* pcap: not in this machine's byte order */
	unsigned record_header_bytes; /* pcap: more than 16 in a modified format */
	size_t at;                    /* buffer: read and not used are at..len */
	size_t len;
	int link_type;            /* pcap */
	unsigned interface_count; /* pcapng: of this section */
	unsigned interface_room;
	struct interface *interfaces; /* interface_room of them, at most CF_CAPTURE_INTERFACES */
	uint64_t unplaced;            /* packets of interfaces that the file does not describe */
	uint8_t buffer[BUFFER_BYTES];
};

static enum cf_status broken(
    const struct cf_capture_file *file, struct cf_error *error, const char *why)
{
	return cf_error_set(
	    error, CF_EMALFORMED, "capture file '%s' is broken: %s", file->name, why);
}

static uint16_t get16(const struct cf_capture_file *file, struct cf_bytes *cursor)
{
	return file->big_endian ? cf_bytes_be16(cursor) : cf_bytes_le16(cursor);
}

static uint32_t get32(const struct cf_capture_file *file, struct cf_bytes *cursor)
{
	return file->big_endian ? cf_bytes_be32(cursor) : cf_bytes_le32(cursor);
}

/*
 * Has at least want bytes in the buffer at file->at, want being at most BUFFER_BYTES. CF_ENOTFOUND
 * when the file ends with nothing left, CF_EMALFORMED when it ends with less than that.
 */
static enum cf_status need(struct cf_capture_file *file, size_t want, struct cf_error *error)
{
	if (file->len - file->at >= want)
		return CF_OK;
	memmove(file->buffer, file->buffer + file->at, file->len - file->at);
	file->len -= file->at;
	file->at = 0;
	while (file->len < want) {
		size_t room = BUFFER_BYTES - file->len, got;
		enum cf_status status = cf_byte_source_read(file->source, file->buffer + file->len,
		    room < READ_BYTES ? room : READ_BYTES, &got, error);

		if (status != CF_OK)
			return status;
		if (got == 0)
			return file->len == 0 ? CF_ENOTFOUND
			                      : broken(file, error, "it ends inside a record");
		file->len += got;
	}
	return CF_OK;
}

/* Steps over bytes, however many. */
static enum cf_status skip(struct cf_capture_file *file, size_t count, struct cf_error *error)
{
	while (count > 0) {
		size_t part = count < RECORD_BYTES ? count : RECORD_BYTES;
		enum cf_status status = need(file, part, error);

		if (status == CF_ENOTFOUND)
			return broken(file, error, "it ends inside a record");
		if (status != CF_OK)
			return status;
		file->at += part;
		count -= part;
	}
	return CF_OK;
}

/* A magic number of classic pcap tells byte order, clock and record layout; false: none of them. */
static bool read_magic(struct cf_capture_file *file, uint32_t magic)
{
	file->record_header_bytes = 16;
	switch (magic) {
	case 0xa1b2c3d4:
	case 0xd4c3b2a1:
		break;
	case 0xa1b23c4d:
	case 0x4d3cb2a1:
		file->nanoseconds = true;
		break;
	case 0xa1b2cd34: /* Alexey Kuznetzov's modified format */
	case 0x34cdb2a1:
		file->record_header_bytes = 24;
		break;
	default:
		return false;
	}
	file->big_endian = magic >> 24 == 0xa1;
	file->swapped = file->big_endian == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	return true;
}

static enum cf_status read_start(struct cf_capture_file *file, struct cf_error *error)
{
	enum cf_status status = need(file, 24, error);
	struct cf_bytes cursor = cf_bytes_make(file->buffer, 24);
	uint32_t magic = cf_bytes_be32(&cursor);

	if (status == CF_ENOTFOUND || status == CF_EMALFORMED)
		return cf_error_set(
		    error, CF_EMALFORMED, "'%s' is no capture file: too short", file->name);
	if (status != CF_OK)
		return status;
	if (magic == BLOCK_SECTION) {
		file->next_generation = true;
		return CF_OK;
	}
	if (!read_magic(file, magic))
		return cf_error_set(error, CF_EMALFORMED,
		    "'%s' is no capture file: neither pcap nor pcapng", file->name);
	cf_bytes_skip(&cursor, 12);
	cf_bytes_skip(&cursor, 4); /* snap length: each record says what it has */
	file->link_type = (int)(get32(file, &cursor) & 0xffff);
	file->at += 24;
	return CF_OK;
}

enum cf_status cf_capture_file_open(
    const char *path, struct cf_capture_file **file_out, struct cf_error *error)
{
	enum cf_status status;
	int fd;

	status = cf_input_open(path, &fd, error);
	if (status != CF_OK)
		return status;
	return cf_capture_file_take(fd, path, file_out, error);
}

enum cf_status cf_capture_file_take(
    int fd, const char *name, struct cf_capture_file **file_out, struct cf_error *error)
{
	struct cf_capture_file *file = calloc(1, sizeof *file);
	enum cf_status status;

	if (file == NULL) {
		(void)close(fd); /* only opened */
		return cf_error_set(error, CF_ENOMEM, "cannot open '%s': no memory", name);
	}
	file->interfaces = calloc(FIRST_INTERFACES, sizeof *file->interfaces);
	if (file->interfaces == NULL) {
		(void)close(fd); /* only opened */
		free(file);
		return cf_error_set(error, CF_ENOMEM, "cannot open '%s': no memory", name);
	}
	file->interface_room = FIRST_INTERFACES;
	strncpy(file->name, name, sizeof file->name - 1);
	status = cf_byte_source_take(fd, name, &file->source, error);
	if (status == CF_OK)
		status = read_start(file, error);
	if (status != CF_OK) {
		cf_capture_file_close(file);
		return status;
	}
	*file_out = file;
	return CF_OK;
}

void cf_capture_file_close(struct cf_capture_file *file)
{
	if (file == NULL)
		return;
	cf_byte_source_close(file->source);
	free(file->interfaces);
	free(file);
}

/* Four bytes at p, which the caller knows to be there. */
static inline uint32_t load32(const struct cf_capture_file *file, const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	return file->swapped ? __builtin_bswap32(value) : value;
}

static enum cf_status next_record(
    struct cf_capture_file *file, struct cf_frame *frame_out, struct cf_error *error)
{
	size_t header_bytes = file->record_header_bytes;
	const uint8_t *header = file->buffer + file->at;
	uint32_t captured, wire, fraction;
	enum cf_status status;

	if (file->len - file->at < header_bytes) {
		status = need(file, header_bytes, error);
		if (status != CF_OK)
			return status;
		header = file->buffer + file->at;
	}
	captured = load32(file, header + 8);
	if (captured > RECORD_BYTES)
		return broken(file, error, "a record is too long");
	if (file->len - file->at < header_bytes + captured) {
		status = need(file, header_bytes + captured, error);
		if (status != CF_OK)
			return status;
		header = file->buffer + file->at;
	}
	fraction = load32(file, header + 4);
	wire = load32(file, header + 12);
	frame_out->link_type = file->link_type;
	frame_out->interface = 0;
	frame_out->at_wall_us = (int64_t)load32(file, header) * SECOND_US +
	    (file->nanoseconds ? fraction / 1000 : fraction);
	frame_out->data = header + header_bytes;
	frame_out->captured_bytes = captured;
	frame_out->wire_bytes = wire < captured ? captured : wire;
	file->at += header_bytes + captured;
	return CF_OK;
}

/* A time in an interface's units; what cannot be is 0. */
static int64_t block_wall_us(const struct interface *interface, uint64_t units)
{
	__extension__ unsigned __int128 us =
	    (unsigned __int128)units * SECOND_US / interface->units_per_s;

	if (us > INT64_MAX / 4 || interface->offset_s > INT32_MAX ||
	    interface->offset_s < INT32_MIN)
		return 0;
	return (int64_t)us + interface->offset_s * SECOND_US;
}

/* if_tsresol: a negative power of 10, or of 2 with the top bit; out of range counts as
 * microseconds. */
static uint64_t resolution(uint8_t value)
{
	uint64_t units = 1;

	if ((value & 0x80) != 0)
		return (value & 0x7f) < 64 ? UINT64_C(1) << (value & 0x7f) : SECOND_US;
	if (value > 19)
		return SECOND_US;
	while (value-- > 0)
		units *= 10;
	return units;
}

static bool has_room_for_interface(struct cf_capture_file *file)
{
	unsigned room = file->interface_room * 2;
	struct interface *grown;

	if (file->interface_count < file->interface_room)
		return true;
	if (room > CF_CAPTURE_INTERFACES)
		return false;
	grown = realloc(file->interfaces, room * sizeof *grown);
	if (grown == NULL)
		return false;
	file->interfaces = grown;
	file->interface_room = room;
	return true;
}

static void read_interface(struct cf_capture_file *file, struct cf_bytes body)
{
	struct interface interface = {.units_per_s = SECOND_US};

	interface.link_type = get16(file, &body);
	cf_bytes_skip(&body, 2);
	interface.snap_bytes = get32(file, &body);
	while (cf_bytes_left(&body) >= 4) {
		unsigned code = get16(file, &body), len = get16(file, &body);
		struct cf_bytes value = cf_bytes_sub(&body, len);

		if (code == OPTION_END || !cf_bytes_ok(&value))
			break;
		if (code == OPTION_RESOLUTION && len == 1)
			interface.units_per_s = resolution(cf_bytes_u8(&value));
		else if (code == OPTION_OFFSET && len == 8)
			interface.offset_s = (int64_t)(file->big_endian ? cf_bytes_be64(&value)
			                                                : cf_bytes_le64(&value));
		if (cf_bytes_left(&body) >= (4 - len % 4) % 4)
			cf_bytes_skip(&body, (4 - len % 4) % 4);
	}
	if (!has_room_for_interface(file))
		return; /* its packets are counted, and said at the end */
	file->interfaces[file->interface_count++] = interface;
}

/* Any of the three packet blocks; false when it holds no packet we can place. */
static bool read_packet(
    struct cf_capture_file *file, uint32_t type, struct cf_bytes body, struct cf_frame *frame_out)
{
	const struct interface *interface;
	uint64_t units = 0;
	uint32_t index = 0, captured, wire;

	if (type == BLOCK_PACKET_OLD) {
		index = get16(file, &body);
		cf_bytes_skip(&body, 2);
	} else if (type == BLOCK_PACKET) {
		index = get32(file, &body);
	}
	if (index >= file->interface_count) {
		file->unplaced++;
		return false;
	}
	interface = &file->interfaces[index];
	if (type == BLOCK_PACKET_SIMPLE) {
		wire = get32(file, &body);
		captured = wire;
		if (interface->snap_bytes != 0 && captured > interface->snap_bytes)
			captured = interface->snap_bytes;
		if (captured > cf_bytes_left(&body))
			captured = (uint32_t)cf_bytes_left(&body);
	} else {
		units = (uint64_t)get32(file, &body) << 32;
		units |= get32(file, &body);
		captured = get32(file, &body);
		wire = get32(file, &body);
	}
	*frame_out = (struct cf_frame){
	    .link_type = interface->link_type,
	    .interface = index,
	    .at_wall_us = block_wall_us(interface, units),
	    .data = cf_bytes_take(&body, captured),
	    .captured_bytes = captured,
	    .wire_bytes = wire < captured ? captured : wire,
	};
	return cf_bytes_ok(&body);
}

/* A section header gives the byte order and forgets the interfaces; the buffer holds its 16 bytes.
 */
static enum cf_status start_section(struct cf_capture_file *file, struct cf_error *error)
{
	struct cf_bytes cursor = cf_bytes_make(file->buffer + file->at + 8, 4);
	uint32_t order = cf_bytes_be32(&cursor);

	if (order != 0x1a2b3c4d && order != 0x4d3c2b1a)
		return broken(file, error, "a section has no byte order");
	file->big_endian = order == 0x1a2b3c4d;
	file->interface_count = 0;
	return CF_OK;
}

/*
 * One block: a packet into *frame_out and *found_out true, or anything else taken note of. A block
 * too long to be a packet is stepped over.
 */
static enum cf_status next_block(struct cf_capture_file *file, struct cf_frame *frame_out,
    bool *found_out, struct cf_error *error)
{
	enum cf_status status = need(file, 12, error);
	struct cf_bytes cursor, body;
	uint32_t type, len;

	if (status != CF_OK)
		return status;
	cursor = cf_bytes_make(file->buffer + file->at, 4);
	if (cf_bytes_be32(&cursor) == BLOCK_SECTION) {
		status = start_section(file, error);
		if (status != CF_OK)
			return status;
	}
	cursor = cf_bytes_make(file->buffer + file->at, 8);
	type = get32(file, &cursor);
	len = get32(file, &cursor);
	if (len < 12 || len % 4 != 0)
		return broken(file, error, "a block has an impossible length");
	if (len > BUFFER_BYTES)
		return skip(file, len, error);
	status = need(file, len, error);
	if (status != CF_OK)
		return status;
	body = cf_bytes_make(file->buffer + file->at + 8, len - 12);
	file->at += len;
	if (type == BLOCK_INTERFACE)
		read_interface(file, body);
	else if (type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE || type == BLOCK_PACKET_OLD)
		*found_out = read_packet(file, type, body, frame_out);
	return CF_OK;
}

enum cf_status cf_capture_file_next(
    struct cf_capture_file *file, struct cf_frame *frame_out, struct cf_error *error)
{
	enum cf_status status = CF_OK;
	bool found = false;

	if (!file->next_generation)
		return next_record(file, frame_out, error);
	while (status == CF_OK && !found)
		status = next_block(file, frame_out, &found, error);
	if (status != CF_ENOTFOUND || file->unplaced == 0)
		return status;
	/* Nothing is left out in silence: the end is told as what it lacks, once. */
	(void)cf_error_set(error, CF_EMALFORMED,
	    "capture file '%s': %llu packets of interfaces that it does not describe were left out",
	    file->name, (unsigned long long)file->unplaced);
	file->unplaced = 0;
	return CF_EMALFORMED;
}

/* The next record or block lies whole in the buffer, and begins no other section. */
static bool is_buffered(const struct cf_capture_file *file)
{
	const uint8_t *header = file->buffer + file->at;
	size_t left = file->len - file->at;
	struct cf_bytes cursor = cf_bytes_make(header, left);
	uint32_t type;

	if (!file->next_generation)
		return left >= file->record_header_bytes &&
		    load32(file, header + 8) <= left - file->record_header_bytes;
	type = get32(file, &cursor);
	return left >= 12 && type != BLOCK_SECTION && get32(file, &cursor) <= left;
}

enum cf_status cf_capture_file_batch(struct cf_capture_file *file, struct cf_frame *frames,
    unsigned room, unsigned *count_out, struct cf_error *error)
{
	enum cf_status status = cf_capture_file_next(file, &frames[0], error);
	unsigned count = 1;

	if (status != CF_OK)
		return status;
	/* What is broken behind the first one stays where it is, and is told by the next call. */
	while (status == CF_OK && count < room && is_buffered(file)) {
		bool found = !file->next_generation;

		status = found ? next_record(file, &frames[count], error)
		               : next_block(file, &frames[count], &found, error);
		count += status == CF_OK && found;
	}
	*count_out = count;
	return CF_OK;
}

void cf_capture_file_progress(
    const struct cf_capture_file *file, uint64_t *used_out, uint64_t *size_out)
{
	cf_byte_source_progress(file->source, used_out, size_out);
	*used_out -= *used_out < file->len - file->at ? *used_out : file->len - file->at;
}

void cf_capture_file_identity(
    const struct cf_capture_file *file, uint8_t head_sha256[CF_SHA256_BYTES], uint64_t *size_out)
{
	cf_byte_source_identity(file->source, head_sha256, size_out);
}
