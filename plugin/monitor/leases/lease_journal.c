#include "monitor/leases/lease_journal.h"

#include "base/array.h"
#include "records/form/identity.h"

#include <stdlib.h>
#include <string.h>

#define NO_ITEM UINT32_MAX
/* Buckets at first; doubled when there are as many addresses. */
#define FIRST_BUCKETS 64

struct item {
	struct cf_lease lease; /* the address's latest */
	bool is_over;          /* and handed out */
	uint32_t chain;
};

struct cf_lease_journal {
	cf_lease_found *found;
	void *arg;
	struct item *items;
	size_t count, size;
	uint32_t *buckets;
	size_t bucket_count;
	int64_t now_wall_s; /* the latest instant of any row: nothing below was written before */
};

enum cf_status cf_lease_journal_new(
    cf_lease_found *found, void *arg, struct cf_lease_journal **journal_out)
{
	struct cf_lease_journal *journal = calloc(1, sizeof *journal);

	if (journal == NULL)
		return CF_ENOMEM;
	journal->found = found;
	journal->arg = arg;
	*journal_out = journal;
	return CF_OK;
}

void cf_lease_journal_free(struct cf_lease_journal *journal)
{
	if (journal == NULL)
		return;
	free(journal->items);
	free(journal->buckets);
	free(journal);
}

/* The file's addresses are a server's: nobody gains by making them collide. */
static size_t bucket_of(const struct cf_lease_journal *journal, const struct cf_addr *addr)
{
	uint64_t hash = addr->family;

	for (unsigned i = 0; i < sizeof addr->bytes; i++)
		hash = (hash ^ addr->bytes[i]) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32) & (journal->bucket_count - 1);
}

static bool grow_buckets(struct cf_lease_journal *journal)
{
	size_t count = journal->bucket_count == 0 ? FIRST_BUCKETS : 2 * journal->bucket_count;
	uint32_t *buckets = malloc(count * sizeof *buckets);

	if (buckets == NULL)
		return false;
	memset(buckets, 0xff, count * sizeof *buckets);
	free(journal->buckets);
	journal->buckets = buckets;
	journal->bucket_count = count;
	for (size_t i = 0; i < journal->count; i++) {
		uint32_t *bucket = &buckets[bucket_of(journal, &journal->items[i].lease.addr)];

		journal->items[i].chain = *bucket;
		*bucket = (uint32_t)i;
	}
	return true;
}

static struct item *find(const struct cf_lease_journal *journal, const struct cf_addr *addr)
{
	if (journal->bucket_count == 0)
		return NULL;
	for (uint32_t i = journal->buckets[bucket_of(journal, addr)]; i != NO_ITEM;
	     i = journal->items[i].chain)
		if (cf_addr_equal(&journal->items[i].lease.addr, addr))
			return &journal->items[i];
	return NULL;
}

static enum cf_status add(struct cf_lease_journal *journal, const struct cf_lease *lease)
{
	struct item *items;
	uint32_t *bucket;

	if (journal->count >= CF_LEASE_ADDRESSES)
		return CF_ETOOBIG;
	items = cf_array_grow(journal->items, journal->count, 1, &journal->size, sizeof *items);
	if (items == NULL)
		return CF_ENOMEM;
	journal->items = items;
	if (journal->count >= journal->bucket_count && !grow_buckets(journal))
		return CF_ENOMEM;
	bucket = &journal->buckets[bucket_of(journal, &lease->addr)];
	items[journal->count] = (struct item){.lease = *lease, .chain = *bucket};
	*bucket = (uint32_t)journal->count++;
	return CF_OK;
}

static bool has_client(const struct cf_lease *lease)
{
	return lease->has_mac || lease->client_id_bytes > 0 || lease->name[0] != '\0';
}

/* A MAC tells best; some rows have a client id alone. */
static bool is_same_client(const struct cf_lease *a, const struct cf_lease *b)
{
	if (a->has_mac && b->has_mac)
		return memcmp(a->mac, b->mac, sizeof a->mac) == 0;
	if (a->client_id_bytes > 0 && b->client_id_bytes > 0)
		return a->client_id_bytes == b->client_id_bytes &&
		    memcmp(a->client_id, b->client_id, a->client_id_bytes) == 0;
	return strcmp(a->name, b->name) == 0;
}

/* Hands the item's lease out: it ended at_wall_s, for that reason. */
static void close_item(
    struct cf_lease_journal *journal, struct item *item, int64_t at_wall_s, uint8_t end)
{
	struct cf_lease *lease = &item->lease;

	if (at_wall_s < lease->from_wall_s)
		at_wall_s = lease->from_wall_s;
	lease->end = end;
	if (at_wall_s < lease->to_wall_s)
		lease->to_wall_s = at_wall_s;
	else if (end == CF_IDENTITY_REPLACED)
		lease->end = CF_IDENTITY_EXPIRED; /* before the other came */
	item->is_over = true;
	journal->found(journal->arg, lease);
}

/* The same client goes on: with what the later row knows of it. */
static void renew(struct item *item, const struct cf_lease *lease)
{
	struct cf_lease kept = item->lease;

	item->lease = *lease;
	if (kept.from_wall_s < lease->from_wall_s || lease->from_wall_s == 0)
		item->lease.from_wall_s = kept.from_wall_s;
	/* A later row may end it before it is known to have begun. */
	if (item->lease.from_wall_s > item->lease.to_wall_s)
		item->lease.from_wall_s = item->lease.to_wall_s;
	if (item->lease.name[0] == '\0')
		memcpy(item->lease.name, kept.name, sizeof kept.name);
	if (!item->lease.has_mac) {
		item->lease.has_mac = kept.has_mac;
		memcpy(item->lease.mac, kept.mac, sizeof kept.mac);
	}
	if (item->lease.client_id_bytes == 0) {
		item->lease.client_id_bytes = kept.client_id_bytes;
		memcpy(item->lease.client_id, kept.client_id, kept.client_id_bytes);
	}
}

static void runs(struct cf_lease_journal *journal, struct item *item, const struct cf_lease *lease)
{
	if (!item->is_over && is_same_client(&item->lease, lease) &&
	    lease->from_wall_s <= item->lease.to_wall_s) {
		renew(item, lease);
		return;
	}
	if (!item->is_over)
		close_item(journal, item,
		    lease->from_wall_s > 0 ? lease->from_wall_s : item->lease.to_wall_s,
		    CF_IDENTITY_REPLACED);
	item->lease = *lease;
	item->is_over = false;
}

static bool is_over(struct cf_lease_journal *journal, struct item *item,
    enum cf_lease_row_kind kind, const struct cf_lease *lease)
{
	bool is_interval = kind == CF_LEASE_OVER && has_client(lease) && lease->from_wall_s > 0 &&
	    lease->from_wall_s < lease->to_wall_s;
	int64_t at_wall_s = lease->to_wall_s;

	if (item != NULL && !item->is_over) {
		if (is_interval)
			runs(journal, item, lease); /* perhaps another client's, since */
		if (kind == CF_LEASE_OVER_SINCE && at_wall_s < journal->now_wall_s)
			at_wall_s = journal->now_wall_s;
		close_item(journal, item, at_wall_s, lease->end);
		return true;
	}
	/* The only row that is left of a lease, or said twice. */
	if (!is_interval || (item != NULL && lease->from_wall_s <= item->lease.to_wall_s))
		return false;
	if (item != NULL)
		item->lease = *lease;
	journal->found(journal->arg, lease);
	return true;
}

enum cf_status cf_lease_journal_row(struct cf_lease_journal *journal, enum cf_lease_row_kind kind,
    const struct cf_lease *lease, bool *is_used_out)
{
	struct item *item = find(journal, &lease->addr);
	enum cf_status status = CF_OK;

	*is_used_out = true;
	if (kind == CF_LEASE_RUNS) {
		if (item != NULL)
			runs(journal, item, lease);
		else
			status = add(journal, lease);
	} else {
		*is_used_out = is_over(journal, item, kind, lease);
		if (*is_used_out && item == NULL) {
			status = add(journal, lease);
			if (status == CF_OK)
				journal->items[journal->count - 1].is_over = true;
		}
	}
	if (lease->from_wall_s > journal->now_wall_s)
		journal->now_wall_s = lease->from_wall_s;
	return status;
}

void cf_lease_journal_finish(struct cf_lease_journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		if (!journal->items[i].is_over)
			close_item(journal, &journal->items[i], journal->items[i].lease.to_wall_s,
			    CF_IDENTITY_EXPIRED);
}
