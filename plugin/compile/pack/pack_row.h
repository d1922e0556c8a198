/*
 * One line of a pack's table on its way to an entry: the cells that several tables have, each
 * checked, for compile/pack/pack_table.c alone. Columns count from 0.
 *
 * A cell that is wrong becomes an error in diags that names file, line and column and says what was
 * expected; the row is not ok then, and what the function returns has no meaning. Texts are the
 * table's (compile/pack/tsv.h). One thread.
 */
#pragma once

#include "compile/pack/pack.h"
#include "compile/pack/tsv.h"

/* Set pack, tsv and diags; the rest is zero before the first row. */
struct cf_pack_row {
	const struct cf_pack *pack; /* its sources are known already */
	struct cf_tsv *tsv;
	struct cf_diags *diags;
	const char *cells[CF_TSV_COLUMNS];
	size_t lens[CF_TSV_COLUMNS];
	const char *sources_known; /* last cell of source ids found good: they repeat */
	bool ok;                   /* falls once a cell is wrong */
};

/* Goes to the next line. False at the end. */
bool cf_pack_row_next(struct cf_pack_row *row);

/* The cell is wrong; expected completes "expected ...". */
/* The same with the whole reason. */
void cf_pack_row_refuse(struct cf_pack_row *row, unsigned column, const char *why);
void cf_pack_row_complain(struct cf_pack_row *row, unsigned column, const char *expected);

/* Not empty. */
const char *cf_pack_row_text(struct cf_pack_row *row, unsigned column);
enum cf_category cf_pack_row_category(struct cf_pack_row *row, unsigned column);
enum cf_confidence cf_pack_row_confidence(struct cf_pack_row *row, unsigned column);
/* YYYY, YYYY-MM or YYYY-MM-DD. */
const char *cf_pack_row_date(struct cf_pack_row *row, unsigned column);
/* Ids of the pack's sources, parted by commas. */
const char *cf_pack_row_sources(struct cf_pack_row *row, unsigned column);
/* 0 for an empty cell, which is wrong where required. */
uint32_t cf_pack_row_asn(struct cf_pack_row *row, unsigned column, bool required);
struct cf_prefix cf_pack_row_prefix(struct cf_pack_row *row, unsigned column);

/* A decimal number up to most in len bytes. False, and *value_out untouched, for anything else. */
bool cf_pack_number(const char *text, size_t len, uint32_t most, uint32_t *value_out);
