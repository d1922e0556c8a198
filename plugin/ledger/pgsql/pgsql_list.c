#include "ledger/pgsql/pgsql_list.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

void cf_pgsql_list_done(struct cf_pgsql_list *list)
{
	free(list->bytes);
	*list = (struct cf_pgsql_list){NULL, 0, 0, false};
}

void cf_pgsql_list_put(struct cf_pgsql_list *list, const void *bytes, size_t len)
{
	char *grown =
	    list->failed ? NULL : cf_array_grow(list->bytes, list->len, len + 1, &list->size, 1);

	if (grown == NULL) {
		list->failed = true;
		return;
	}
	list->bytes = grown;
	if (len > 0)
		memcpy(grown + list->len, bytes, len);
	list->len += len;
}

void cf_pgsql_list_raw(struct cf_pgsql_list *list, int64_t number, unsigned width)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)((uint64_t)number >> (8 * (width - 1 - i)));
	cf_pgsql_list_put(list, bytes, width);
}

void cf_pgsql_list_begin(struct cf_pgsql_list *list, uint32_t type, uint32_t count)
{
	list->len = 0;
	cf_pgsql_list_raw(list, 1, 4); /* dimensions */
	cf_pgsql_list_raw(list, 0, 4); /* no element is NULL */
	cf_pgsql_list_raw(list, type, 4);
	cf_pgsql_list_raw(list, count, 4);
	cf_pgsql_list_raw(list, 1, 4); /* the first one's number */
}

void cf_pgsql_list_bytes(struct cf_pgsql_list *list, const void *bytes, size_t len)
{
	cf_pgsql_list_raw(list, (int64_t)len, 4);
	cf_pgsql_list_put(list, bytes, len);
}

void cf_pgsql_list_number(struct cf_pgsql_list *list, int64_t number, unsigned width)
{
	cf_pgsql_list_raw(list, width, 4);
	cf_pgsql_list_raw(list, number, width);
}
