/*
 * Bytes for PostgreSQL in its binary formats: one-dimensional arrays, a column of many rows at a
 * time, and rows of COPY. Source: PostgreSQL's array_send(), and "COPY", "Binary Format".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_pgsql_list {
	char *bytes;
	size_t len, size;
	bool failed; /* without memory: nothing more is kept, and nothing of it is to be sent */
};

void cf_pgsql_list_done(struct cf_pgsql_list *list);
/* Begins an array of that many elements of a type (CF_PGSQL_INT8, ...). */
void cf_pgsql_list_begin(struct cf_pgsql_list *list, uint32_t type, uint32_t count);
/* Bytes as they are. */
void cf_pgsql_list_put(struct cf_pgsql_list *list, const void *bytes, size_t len);
/* An element: its length and its bytes, or a number of 2, 4 or 8 bytes. */
void cf_pgsql_list_bytes(struct cf_pgsql_list *list, const void *bytes, size_t len);
void cf_pgsql_list_number(struct cf_pgsql_list *list, int64_t number, unsigned width);
/* A number without its length. */
void cf_pgsql_list_raw(struct cf_pgsql_list *list, int64_t number, unsigned width);
