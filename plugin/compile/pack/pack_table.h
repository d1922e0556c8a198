/*
 * The tables of a pack, for compile/pack/pack_read.c alone: which columns each has, and how one of
 * its lines becomes an entry. Pure data; cf_pack_table_read() has the loop that all of them share.
 */
#pragma once

#include "compile/pack/pack.h"
#include "compile/pack/tsv.h"

struct cf_pack_row;

struct cf_pack_table {
	const char *file; /* name inside the folder */
	const char *columns[CF_TSV_COLUMNS];
	unsigned column_count;
	bool required;
	/* Fills the entry, of the type of the array, from the row; the row says if it is good. */
	void (*read)(struct cf_pack_row *row, void *entry);
	size_t entry_bytes;
	size_t entries_at, count_at; /* offsets in struct cf_pack: the array and its length */
};

/*
 * Appends the good entries of an open table to the pack, and adds what is wrong with the others to
 * diags. CF_ENOMEM and CF_ETOOBIG (more than CF_PACK_ENTRIES) end it; what came before stays.
 */
enum cf_status cf_pack_table_read(const struct cf_pack_table *table, struct cf_pack *pack,
    struct cf_tsv *tsv, struct cf_diags *diags) CF_MUST_CHECK;

/* In the order in which they must be read: sources first. Ends with file NULL. */
extern const struct cf_pack_table cf_pack_tables[];
/* The layout of overlay-YYYY-MM-DD.tsv, read as networks that expire. */
extern const struct cf_pack_table cf_pack_overlay_table;
