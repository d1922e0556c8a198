/* Rows of a result in binary format. */

#include "ledger/pgsql/pgsql.h"

int64_t cf_pgsql_value(const PGresult *result, int row, int column)
{
	const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, column);
	int len = PQgetlength(result, row, column);
	uint64_t value = len > 0 && bytes[0] >= 0x80 ? UINT64_MAX : 0; /* the sign */

	if (PQgetisnull(result, row, column) || (len != 2 && len != 4 && len != 8))
		return 0;
	for (int i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

int cf_pgsql_row_columns(const struct cf_row *row)
{
	const struct cf_pgsql_row *at = row->of;

	return PQnfields(at->result) - at->first;
}

enum cf_row_kind cf_pgsql_row_kind(const struct cf_row *row, int column)
{
	const struct cf_pgsql_row *at = row->of;
	Oid type = PQftype(at->result, at->first + column);

	if (PQgetisnull(at->result, at->row, at->first + column))
		return CF_ROW_NULL;
	return type == CF_PGSQL_INT8 || type == CF_PGSQL_INT4 || type == CF_PGSQL_INT2
	    ? CF_ROW_NUMBER
	    : CF_ROW_BYTES;
}

int64_t cf_pgsql_row_int64(const struct cf_row *row, int column)
{
	const struct cf_pgsql_row *at = row->of;

	return cf_pgsql_value(at->result, at->row, at->first + column);
}

const void *cf_pgsql_row_bytes(const struct cf_row *row, int column, bool as_text, size_t *len_out)
{
	const struct cf_pgsql_row *at = row->of;
	int index = at->first + column;

	*len_out = 0;
	if (PQgetisnull(at->result, at->row, index))
		return NULL;
	*len_out = (size_t)PQgetlength(at->result, at->row, index);
	/* libpq puts a zero byte behind each value. */
	return *len_out == 0 && !as_text ? NULL : PQgetvalue(at->result, at->row, index);
}
