/* Walks the program headers of an ELF file to its notes (System V ABI, "Program Header", "Note
 * Section"). */

#include "doctor/elf_id.h"

#include "base/bytes.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define BUILD_ID_BYTES_MAX 20

/* One PT_NOTE segment: name size, descriptor size, type, then both padded to four bytes. */
static bool find_in_notes(struct cf_bytes notes, char text_out[CF_BUILD_ID_TEXT_BYTES])
{
	while (cf_bytes_left(&notes) >= 12) {
		uint32_t name_len = cf_bytes_le32(&notes), desc_len = cf_bytes_le32(&notes);
		uint32_t type = cf_bytes_le32(&notes);
		const uint8_t *name, *desc;

		if (name_len > cf_bytes_left(&notes) || desc_len > cf_bytes_left(&notes))
			return false;
		name = cf_bytes_take(&notes, ((size_t)name_len + 3) & ~(size_t)3);
		desc = cf_bytes_take(&notes, ((size_t)desc_len + 3) & ~(size_t)3);
		if (!cf_bytes_ok(&notes))
			return false;
		if (type != NT_GNU_BUILD_ID || name_len != 4 || memcmp(name, "GNU", 4) != 0)
			continue;
		if (desc_len == 0 || desc_len > BUILD_ID_BYTES_MAX)
			return false;
		for (uint32_t i = 0; i < desc_len; i++)
			snprintf(text_out + (size_t)2 * i, 3, "%02x", desc[i]);
		return true;
	}
	return false;
}

/* One program header; true when it is a note segment with the id. */
static bool find_in_header(
    struct cf_bytes header, const uint8_t *elf, size_t len, char text_out[CF_BUILD_ID_TEXT_BYTES])
{
	uint32_t type = cf_bytes_le32(&header);
	uint64_t at, size;

	cf_bytes_skip(&header, 4); /* flags */
	at = cf_bytes_le64(&header);
	cf_bytes_skip(&header, 16); /* addresses */
	size = cf_bytes_le64(&header);
	if (!cf_bytes_ok(&header) || type != PT_NOTE || at > len || size > len - at)
		return false;
	return find_in_notes(cf_bytes_make(elf + at, size), text_out);
}

enum cf_status cf_build_id(const void *elf, size_t len, char text_out[CF_BUILD_ID_TEXT_BYTES])
{
	struct cf_bytes header = cf_bytes_make(elf, len), table;
	const uint8_t *ident = cf_bytes_take(&header, EI_NIDENT);
	uint16_t entry_size, count;
	uint64_t table_at;

	if (ident == NULL || memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_CLASS] != ELFCLASS64 ||
	    ident[EI_DATA] != ELFDATA2LSB)
		return CF_EMALFORMED;
	cf_bytes_skip(&header, 16); /* type, machine, version, entry point */
	table_at = cf_bytes_le64(&header);
	cf_bytes_skip(&header, 14); /* section headers, flags, size of this header */
	entry_size = cf_bytes_le16(&header);
	count = cf_bytes_le16(&header);
	if (!cf_bytes_ok(&header) || table_at > len || entry_size < 56)
		return CF_EMALFORMED;
	table = cf_bytes_make((const uint8_t *)elf + table_at, len - table_at);
	for (uint16_t i = 0; i < count; i++) {
		struct cf_bytes entry = cf_bytes_sub(&table, entry_size);

		if (!cf_bytes_ok(&entry))
			return CF_EMALFORMED;
		if (find_in_header(entry, elf, len, text_out))
			return CF_OK;
	}
	return CF_ENOTFOUND;
}
