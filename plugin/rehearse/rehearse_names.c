#include "rehearse/rehearse_names.h"

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

struct had {
	const char *addr;
	uint32_t from_minute, to_minute;
	const struct cf_host *host;
};

struct cf_rehearsal_names {
	struct had *items; /* by address */
	size_t count;
};

static int by_addr(const void *a, const void *b)
{
	const struct had *x = a, *y = b;
	int order = strcmp(x->addr, y->addr);

	return order != 0 ? order
	                  : (x->from_minute > y->from_minute) - (x->from_minute < y->from_minute);
}

enum cf_status cf_rehearsal_names_new(
    const struct cf_model *model, struct cf_rehearsal_names **names_out)
{
	struct cf_rehearsal_names *names = calloc(1, sizeof *names);
	struct cf_host *const *hosts;
	size_t host_count = cf_model_hosts(model, &hosts), most = 0;

	if (names == NULL)
		return CF_ENOMEM;
	for (size_t i = 0; i < host_count; i++)
		most += hosts[i]->identity_count;
	names->items = calloc(most + 1, sizeof *names->items);
	if (names->items == NULL) {
		free(names);
		return CF_ENOMEM;
	}
	for (size_t i = 0; i < host_count; i++)
		for (size_t j = 0; j < hosts[i]->identity_count; j++) {
			const struct cf_host_identity *identity = &hosts[i]->identities[j];

			if (identity->kind == CF_IDENTITY_ADDR)
				names->items[names->count++] = (struct had){.addr = identity->value,
				    .from_minute = identity->from_minute,
				    .to_minute = identity->to_minute,
				    .host = hosts[i]};
		}
	if (names->count > 1)
		qsort(names->items, names->count, sizeof *names->items, by_addr);
	*names_out = names;
	return CF_OK;
}

void cf_rehearsal_names_free(struct cf_rehearsal_names *names)
{
	if (names == NULL)
		return;
	free(names->items);
	free(names);
}

/* Index of the first that is not before addr. */
static size_t first_of(const struct cf_rehearsal_names *names, const char *addr)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(names->items[middle].addr, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *cf_rehearsal_host(
    const struct cf_rehearsal_names *names, const char *addr, int64_t at_wall_us)
{
	uint32_t minute = at_wall_us < 0 ? 0 : (uint32_t)(at_wall_us / 60000000);
	const struct had *best = NULL;

	if (names == NULL)
		return "";
	/* Of several at that minute the one that came last: it ended the others. */
	for (size_t i = first_of(names, addr);
	     i < names->count && strcmp(names->items[i].addr, addr) == 0; i++)
		if (names->items[i].from_minute <= minute && minute <= names->items[i].to_minute)
			best = &names->items[i];
	/* A host known by nothing but the address has no other name. */
	const char *name = best == NULL ? "" : cf_report_host_name(best->host);

	return strcmp(name, addr) == 0 ? "" : name;
}
