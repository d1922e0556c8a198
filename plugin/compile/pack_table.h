/*
 * The tables of a pack, one reader each, for compile/pack.c alone. Each takes an open table, adds
 * what is wrong to diags and appends the good entries; CF_ENOMEM and CF_ETOOBIG end it.
 */
#pragma once

#include "compile/pack.h"
#include "compile/tsv.h"

struct cf_pack_table {
	const char *file; /* name inside the folder */
	const char *columns[CF_TSV_COLUMNS];
	unsigned column_count;
	bool required;
	enum cf_status (*read)(struct cf_pack *pack, struct cf_tsv *tsv, struct cf_diags *diags);
};

/* In the order in which they must be read: sources first. Ends with file NULL. */
extern const struct cf_pack_table cf_pack_tables[];
/* The layout of overlay-YYYY-MM-DD.tsv, read as networks that expire. */
extern const struct cf_pack_table cf_pack_overlay_table;
