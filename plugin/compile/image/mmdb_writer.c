/* The search tree, the data section, and the metadata, in the order of the file. */

#include "compile/image/mmdb_writer.h"

#include "base/array.h"
#include "base/file_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Nodes and data offsets share 24 bits. */
#define MOST_NODES (1U << 22)
#define GAP        16 /* zeros between tree and data */

/* A record holds nothing (0), a node (its index; the root is nobody's child), or data (TO_DATA |
 * id). */
#define TO_DATA (UINT32_C(1) << 31)

struct bytes {
	uint8_t *at;
	size_t len, room;
	bool failed;
};

struct tree {
	uint32_t (*node)[2];
	uint32_t count;
	size_t room;
	struct bytes data;
};

static void put(struct bytes *bytes, const void *from, size_t len)
{
	if (bytes->failed)
		return;
	/* One more than needed: what is put may be empty. */
	uint8_t *at = cf_array_grow(bytes->at, bytes->len, len + 1, &bytes->room, 1);

	if (at == NULL) {
		bytes->failed = true;
		return;
	}
	bytes->at = at;
	memcpy(at + bytes->len, from, len);
	bytes->len += len;
}

static void put8(struct bytes *bytes, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	put(bytes, &byte, 1);
}

/* Control byte of a type below 8, and the size behind it. */
static void put_control(struct bytes *bytes, unsigned type, size_t size)
{
	if (size < 29) {
		put8(bytes, type << 5 | (unsigned)size);
		return;
	}
	put8(bytes, type << 5 | 29);
	put8(bytes, (unsigned)(size - 29));
}

enum mmdb_type { MMDB_STRING = 2, MMDB_UINT16 = 5, MMDB_UINT32 = 6, MMDB_MAP = 7 };
/* Types above 7 are written as 0 with a second byte, the type less 7. */
enum mmdb_extended { MMDB_UINT64 = 2, MMDB_ARRAY = 4 };

static void put_string(struct bytes *bytes, const char *text)
{
	size_t len = strlen(text);

	if (len > 255)
		len = 255;
	put_control(bytes, MMDB_STRING, len);
	put(bytes, text, len);
}

/* Big-endian, without leading zeros. */
static void put_number(struct bytes *bytes, unsigned type, uint64_t value)
{
	unsigned size = 0;

	while (size < 8 && value >> (8 * size) != 0)
		size++;
	if (type == MMDB_UINT64) {
		put8(bytes, size);
		put8(bytes, MMDB_UINT64);
	} else {
		put_control(bytes, type, size);
	}
	while (size-- > 0)
		put8(bytes, (unsigned)(value >> (8 * size)) & 255);
}

static enum cf_status new_node(struct tree *tree, uint32_t both, uint32_t *node_out)
{
	if (tree->count == MOST_NODES)
		return CF_ETOOBIG;
	void *node = cf_array_grow(tree->node, tree->count, 1, &tree->room, sizeof *tree->node);

	if (node == NULL)
		return CF_ENOMEM;
	tree->node = node;
	tree->node[tree->count][0] = tree->node[tree->count][1] = both;
	*node_out = tree->count++;
	return CF_OK;
}

static unsigned bit_of(const uint8_t address[16], unsigned i)
{
	return address[i / 8] >> (7 - i % 8) & 1;
}

/* Less specific networks come first, so that a walk may split their data but never overwrites. */
static enum cf_status insert(
    struct tree *tree, const uint8_t address[16], unsigned bits, uint32_t data)
{
	uint32_t at = 0;

	for (unsigned i = 0; i + 1 < bits; i++) {
		uint32_t next = tree->node[at][bit_of(address, i)];

		if (next == 0 || (next & TO_DATA) != 0) {
			uint32_t fresh;
			enum cf_status status = new_node(tree, next, &fresh);

			if (status != CF_OK)
				return status;
			tree->node[at][bit_of(address, i)] = fresh;
			next = fresh;
		}
		at = next;
	}
	tree->node[at][bit_of(address, bits - 1)] = TO_DATA | data;
	return CF_OK;
}

/* The network's data; its offset in the data section. */
static uint32_t put_data(struct tree *tree, const struct cf_network *network)
{
	uint32_t offset = (uint32_t)tree->data.len;

	put_control(&tree->data, MMDB_MAP, 2);
	put_string(&tree->data, "autonomous_system_number");
	put_number(&tree->data, MMDB_UINT32, network->asn);
	put_string(&tree->data, "autonomous_system_organization");
	put_string(&tree->data, network->org == NULL ? "" : network->org);
	return offset;
}

static enum cf_status insert_length(
    struct tree *tree, const struct cf_image *image, unsigned wanted_bits)
{
	uint32_t count = cf_image_info(image)->networks;

	for (uint32_t i = 0; i < count; i++) {
		struct cf_network network;
		uint8_t address[16] = {0};
		unsigned bits;
		enum cf_status status;

		cf_image_network(image, i, &network);
		bits = network.prefix.bits + (network.prefix.addr.family == CF_FAMILY_V4 ? 96 : 0);
		if (network.asn == 0 || bits == 0 || bits != wanted_bits)
			continue;
		if (network.prefix.addr.family == CF_FAMILY_V4)
			memcpy(address + 12, network.prefix.addr.bytes, 4);
		else
			memcpy(address, network.prefix.addr.bytes, 16);
		status = insert(tree, address, bits, put_data(tree, &network));
		if (status != CF_OK)
			return status;
	}
	return CF_OK;
}

static void put_record(struct bytes *out, const struct tree *tree, uint32_t record)
{
	uint32_t value = record;

	if (record == 0)
		value = tree->count; /* nothing */
	else if ((record & TO_DATA) != 0)
		value = tree->count + GAP + (record & ~TO_DATA);
	put8(out, value >> 16);
	put8(out, value >> 8);
	put8(out, value);
}

static void put_metadata(struct bytes *out, const struct tree *tree, const struct cf_image *image)
{
	const struct cf_image_info *info = cf_image_info(image);
	char type[128], text[192];

	snprintf(type, sizeof type, "curfew-%.64s-ASN", info->vendor);
	snprintf(text, sizeof text, "AS numbers in the curfew pack %.64s %.64s", info->vendor,
	    info->pack_version);
	put(out, "\xab\xcd\xefMaxMind.com", 14);
	put_control(out, MMDB_MAP, 9);
	put_string(out, "binary_format_major_version");
	put_number(out, MMDB_UINT16, 2);
	put_string(out, "binary_format_minor_version");
	put_number(out, MMDB_UINT16, 0);
	put_string(out, "build_epoch");
	put_number(out, MMDB_UINT64, (uint64_t)info->built_wall_s);
	put_string(out, "database_type");
	put_string(out, type);
	put_string(out, "description");
	put_control(out, MMDB_MAP, 1);
	put_string(out, "en");
	put_string(out, text);
	put_string(out, "ip_version");
	put_number(out, MMDB_UINT16, 6);
	put_string(out, "languages");
	put8(out, 1);
	put8(out, MMDB_ARRAY);
	put_string(out, "en");
	put_string(out, "node_count");
	put_number(out, MMDB_UINT32, tree->count);
	put_string(out, "record_size");
	put_number(out, MMDB_UINT16, 24);
}

enum cf_status cf_mmdb_build(const struct cf_image *image, uint8_t **data_out, size_t *len_out)
{
	static const uint8_t zeros[GAP];
	struct tree tree = {.count = 0};
	struct bytes out = {.len = 0};
	uint32_t root;
	enum cf_status status = new_node(&tree, 0, &root);

	for (unsigned bits = 1; status == CF_OK && bits <= 128; bits++)
		status = insert_length(&tree, image, bits);
	/* Offsets must stay below what a record can number. */
	if (status == CF_OK && tree.count + GAP + tree.data.len >= 1U << 24)
		status = CF_ETOOBIG;
	if (status == CF_OK) {
		for (uint32_t i = 0; i < tree.count; i++) {
			put_record(&out, &tree, tree.node[i][0]);
			put_record(&out, &tree, tree.node[i][1]);
		}
		put(&out, zeros, GAP);
		if (tree.data.len > 0)
			put(&out, tree.data.at, tree.data.len);
		put_metadata(&out, &tree, image);
		if (out.failed || tree.data.failed)
			status = CF_ENOMEM;
	}
	free(tree.node);
	free(tree.data.at);
	if (status != CF_OK) {
		free(out.at);
		return status;
	}
	*data_out = out.at;
	*len_out = out.len;
	return CF_OK;
}

int cf_mmdb_memory_file(const char *image_path, char path_out[CF_MMDB_PATH_BYTES])
{
	struct cf_image *image;
	struct cf_error error;
	uint8_t *data = NULL;
	size_t len = 0;
	int fd = -1;

	if (cf_image_open(image_path, &image, &error) != CF_OK)
		return -1;
	if (cf_mmdb_build(image, &data, &len) == CF_OK)
		fd = memfd_create("curfew-asn", MFD_CLOEXEC);
	if (fd >= 0 && !cf_write_all(fd, data, len)) {
		(void)close(fd); /* useless */
		fd = -1;
	}
	(void)snprintf(path_out, CF_MMDB_PATH_BYTES, "/proc/self/fd/%d", fd);
	free(data);
	cf_image_close(image);
	return fd;
}
