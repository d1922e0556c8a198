/*
 * The fold table: chained hash over fixed entries, which also form a list by the age of their
 * window. One file: three lists run through the same entries, and whoever takes one out must take
 * it out of all.
 */

#include "records/write/fold.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "records/write/fold_journal.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

#define CACHE_LINE_BYTES 64

/* What makes two hits the same; bytes without padding, for hashing and comparing. */
struct identity {
	uint8_t client[18];
	uint8_t event, action, via, flow_marks;
	uint8_t reserved[2];
	uint64_t key;
};

/* A line of the cache for what every repeat looks at, and one for what a window looks at. */
struct entry {
	_Alignas(CACHE_LINE_BYTES) struct identity identity;
	uint64_t count; /* hits since the window began and not yet written */
	int64_t last_wall_us;
	uint32_t next_in_chain;
	/* What the journal does not know yet; whether this entry is among the grown. */
	bool sample_unsaved, in_grown;

	_Alignas(CACHE_LINE_BYTES) int64_t began_us;
	uint32_t older, newer;
	uint32_t bucket;
};

/* The first hit of a window; apart from the entries, so that those stay close together. */
struct sample {
	_Alignas(8) uint8_t packed[CF_FOLD_SAMPLE_BYTES];
};

struct cf_fold {
	uint8_t hash_key[16];
	cf_fold_emit *emit;
	cf_fold_expand *expand;
	void *arg;
	uint32_t entry_count, bucket_mask;
	uint32_t unused; /* chain of free entries by next_in_chain */
	uint32_t oldest, newest;
	uint64_t pending;
	uint32_t *buckets;
	struct entry *entries;
	void *entries_block;             /* what they lie in, for free() */
	struct sample *samples;          /* one for each entry */
	struct cf_fold_journal *journal; /* NULL: none */
	/* Entries whose state the journal must be told, each at most once; without a journal
	 * unused. */
	uint32_t *grown;
	uint32_t grown_count;
	/* The chains of the hits that come next; expected_next is the first not added yet. */
	uint32_t expected[CF_FOLD_EXPECTED];
	unsigned expected_next, expected_count;
};

enum cf_status cf_fold_new(uint32_t entries, const uint8_t hash_key[16], cf_fold_emit *emit,
    cf_fold_expand *expand, void *arg, struct cf_fold **fold_out)
{
	struct cf_fold *fold = calloc(1, sizeof *fold);
	uint32_t buckets = 16;

	if (fold == NULL)
		return CF_ENOMEM;
	while (buckets < entries)
		buckets *= 2;
	*fold = (struct cf_fold){.emit = emit,
	    .expand = expand,
	    .arg = arg,
	    .entry_count = entries,
	    .bucket_mask = buckets - 1,
	    .oldest = NONE,
	    .newest = NONE};
	memcpy(fold->hash_key, hash_key, sizeof fold->hash_key);
	fold->buckets = malloc(buckets * sizeof *fold->buckets);
	/* calloc: pages are touched when their entries are first used. */
	fold->entries_block = calloc(entries + 1, sizeof *fold->entries);
	fold->samples = calloc(entries, sizeof *fold->samples);
	fold->grown = malloc(entries * sizeof *fold->grown);
	if (fold->buckets == NULL || fold->entries_block == NULL || fold->samples == NULL ||
	    fold->grown == NULL) {
		cf_fold_free(fold);
		return CF_ENOMEM;
	}
	fold->entries = (struct entry *)(void *)((uint8_t *)fold->entries_block +
	    -(uintptr_t)fold->entries_block % CACHE_LINE_BYTES);
	memset(fold->buckets, 0xff, buckets * sizeof *fold->buckets);
	/* Entries past unused have never been used; see take_unused(). */
	fold->unused = 0;
	*fold_out = fold;
	return CF_OK;
}

void cf_fold_free(struct cf_fold *fold)
{
	if (fold == NULL)
		return;
	free(fold->buckets);
	free(fold->entries_block);
	free(fold->samples);
	free(fold->grown);
	free(fold);
}

static void unlink_age(struct cf_fold *fold, struct entry *entry)
{
	if (entry->older == NONE)
		fold->oldest = entry->newer;
	else
		fold->entries[entry->older].newer = entry->newer;
	if (entry->newer == NONE)
		fold->newest = entry->older;
	else
		fold->entries[entry->newer].older = entry->older;
}

static void link_newest(struct cf_fold *fold, uint32_t index)
{
	struct entry *entry = &fold->entries[index];

	entry->older = fold->newest;
	entry->newer = NONE;
	if (fold->newest == NONE)
		fold->oldest = index;
	else
		fold->entries[fold->newest].newer = index;
	fold->newest = index;
}

static void unlink_chain(struct cf_fold *fold, uint32_t index)
{
	uint32_t *at = &fold->buckets[fold->entries[index].bucket];

	while (*at != index)
		at = &fold->entries[*at].next_in_chain;
	*at = fold->entries[index].next_in_chain;
}

static struct cf_packed *sample_of(const struct cf_fold *fold, const struct entry *entry)
{
	return (struct cf_packed *)(void *)fold->samples[entry - fold->entries].packed;
}

static void note_grown(struct cf_fold *fold, struct entry *entry)
{
	if (fold->journal == NULL || entry->in_grown)
		return;
	entry->in_grown = true;
	fold->grown[fold->grown_count++] = (uint32_t)(entry - fold->entries);
}

static void emit_entry(struct cf_fold *fold, struct entry *entry)
{
	if (entry->count == 0)
		return;
	fold->emit(fold->arg, sample_of(fold, entry), entry->count, entry->last_wall_us);
	fold->pending -= entry->count;
	entry->count = 0;
	if (fold->journal != NULL)
		cf_fold_journal_note(fold->journal, (uint32_t)(entry - fold->entries), 0, 0);
}

static void remove_entry(struct cf_fold *fold, uint32_t index)
{
	struct entry *entry = &fold->entries[index];

	emit_entry(fold, entry);
	unlink_age(fold, entry);
	unlink_chain(fold, index);
	entry->next_in_chain = fold->unused;
	entry->bucket = NONE; /* in the free chain */
	fold->unused = index;
}

/*
 * A free entry; the oldest series gives its own when there is none. The free chain ends in the
 * first entry that was never used: calloc left its next_in_chain 0 and its bucket 0, which no free
 * entry has, so that its successor is simply the next one.
 */
static uint32_t take_unused(struct cf_fold *fold)
{
	struct entry *entry;
	uint32_t index;

	if (fold->unused == fold->entry_count)
		remove_entry(fold, fold->oldest);
	index = fold->unused;
	entry = &fold->entries[index];
	fold->unused = entry->bucket == NONE ? entry->next_in_chain : index + 1;
	return index;
}

static void make_identity(const struct cf_packed *packed, struct identity *identity)
{
	*identity = (struct identity){.event = packed->event,
	    .action = packed->action,
	    .via = packed->via,
	    .flow_marks = packed->flow_marks,
	    .key = packed->key};
	memcpy(identity->client, packed->client, sizeof identity->client);
}

/* Makes what is too long short: it loses its long texts, never its tuple, rule and verdict. */
static void shorten(const struct cf_packed *packed, void *out)
{
	struct cf_packed *head = out;
	struct cf_hit hit;

	cf_unpack_hit(packed, &hit);
	hit.http.uri = hit.http.user_agent = hit.http.host = (struct cf_text){0};
	hit.tls.issuer = hit.tls.ja4 = hit.match.value = (struct cf_text){0};
	hit.match.reason = NULL;
	if (cf_pack_hit(&hit, out) <= CF_FOLD_SAMPLE_BYTES)
		return;
	hit.tls.sni = hit.tls.alpn = (struct cf_text){0};
	hit.dns.cname_wire = NULL;
	hit.dns.edes = NULL;
	hit.match.product = hit.match.confidence = hit.asn_org = NULL;
	hit.policy.exception_owner = hit.match.serial = hit.match.list = NULL;
	hit.in_iface = hit.http.method = NULL;
	/* Two names, eleven words and the numbers are left: 1,769 bytes at most. */
	if (cf_check(cf_pack_hit(&hit, out) <= CF_FOLD_SAMPLE_BYTES))
		return;
	head->present = 0;
	head->size_bytes = sizeof *head;
}

/* Keeps packed as the sample of a window. */
static void keep_sample(struct cf_fold *fold, struct entry *entry, const struct cf_packed *packed)
{
	_Alignas(8) uint8_t expanded[CF_RECORD_PACKED_BYTES], repacked[CF_RECORD_PACKED_BYTES];

	entry->sample_unsaved = true;
	if ((packed->present & CF_PACKED_DEFERRED) != 0 && cf_check(fold->expand != NULL)) {
		fold->expand(fold->arg, packed, (struct cf_packed *)(void *)expanded);
		packed = (const struct cf_packed *)(const void *)expanded;
	}
	if (packed->size_bytes > CF_FOLD_SAMPLE_BYTES) {
		shorten(packed, repacked);
		packed = (const struct cf_packed *)(const void *)repacked;
	}
	memcpy(sample_of(fold, entry), packed, packed->size_bytes);
}

/* Flows carry amounts, which add up over the window. */
static void add_flow(struct cf_fold *fold, struct entry *entry, const struct cf_packed *packed)
{
	_Alignas(8) uint8_t repacked[CF_RECORD_PACKED_BYTES];
	struct cf_hit sum, hit;

	cf_unpack_hit(packed, &hit);
	if (hit.flow.pkts_out == 0 && hit.flow.pkts_in == 0)
		return;
	cf_unpack_hit(sample_of(fold, entry), &sum);
	sum.flow.pkts_out += hit.flow.pkts_out;
	sum.flow.bytes_out += hit.flow.bytes_out;
	sum.flow.pkts_in += hit.flow.pkts_in;
	sum.flow.bytes_in += hit.flow.bytes_in;
	sum.flow.payload_in += hit.flow.payload_in;
	(void)cf_pack_hit(&sum, repacked); /* size is read from its head */
	keep_sample(fold, entry, (const struct cf_packed *)(const void *)repacked);
}

static void count_repeat(struct cf_fold *fold, struct entry *entry, const struct cf_packed *packed)
{
	if (entry->count == 0) {
		keep_sample(fold, entry, packed);
		entry->last_wall_us = packed->at_wall_us;
	} else if (packed->event == CF_EVENT_FLOW) {
		add_flow(fold, entry, packed);
	}
	if (packed->at_wall_us > entry->last_wall_us)
		entry->last_wall_us = packed->at_wall_us;
	entry->count++;
	fold->pending++;
	note_grown(fold, entry);
}

static uint32_t chain_of(const struct cf_fold *fold, const struct identity *identity)
{
	return (uint32_t)cf_siphash(fold->hash_key, identity, sizeof *identity) & fold->bucket_mask;
}

void cf_fold_expect(struct cf_fold *fold, const struct cf_packed *const packed[], unsigned count)
{
	struct identity identity;

	if (!cf_check(count <= CF_FOLD_EXPECTED))
		return;
	fold->expected_next = 0;
	fold->expected_count = count;
	for (unsigned i = 0; i < count; i++) {
		make_identity(packed[i], &identity);
		fold->expected[i] = chain_of(fold, &identity);
		__builtin_prefetch(&fold->buckets[fold->expected[i]]);
	}
	for (unsigned i = 0; i < count; i++) {
		uint32_t first = fold->buckets[fold->expected[i]];

		if (first != NONE)
			__builtin_prefetch(&fold->entries[first], 1);
	}
}

bool cf_fold_add(struct cf_fold *fold, const struct cf_packed *packed, int64_t now_us)
{
	struct identity identity;
	struct entry *entry;
	uint32_t bucket, index;

	make_identity(packed, &identity);
	bucket = fold->expected_next < fold->expected_count ? fold->expected[fold->expected_next++]
	                                                    : chain_of(fold, &identity);
	for (index = fold->buckets[bucket]; index != NONE;
	     index = fold->entries[index].next_in_chain) {
		entry = &fold->entries[index];
		if (memcmp(&entry->identity, &identity, sizeof identity) == 0) {
			count_repeat(fold, entry, packed);
			return true;
		}
	}
	index = take_unused(fold);
	entry = &fold->entries[index];
	entry->identity = identity;
	entry->bucket = bucket;
	entry->next_in_chain = fold->buckets[bucket];
	entry->began_us = now_us;
	entry->count = 0;
	fold->buckets[bucket] = index;
	link_newest(fold, index);
	return false;
}

void cf_fold_expire(struct cf_fold *fold, int64_t began_us, int64_t now_us)
{
	while (fold->oldest != NONE && fold->entries[fold->oldest].began_us <= began_us) {
		uint32_t index = fold->oldest;
		struct entry *entry = &fold->entries[index];

		if (entry->count == 0) {
			remove_entry(fold, index);
			continue;
		}
		emit_entry(fold, entry);
		unlink_age(fold, entry);
		entry->began_us = now_us;
		link_newest(fold, index);
		if (now_us <= began_us)
			break; /* a window of no length: once round */
	}
}

void cf_fold_flush(struct cf_fold *fold)
{
	while (fold->oldest != NONE)
		remove_entry(fold, fold->oldest);
}

void cf_fold_set_journal(struct cf_fold *fold, struct cf_fold_journal *journal)
{
	for (uint32_t i = 0; i < fold->grown_count; i++)
		fold->entries[fold->grown[i]].in_grown = false;
	fold->grown_count = 0;
	fold->journal = journal;
	/* It knows of nothing yet. */
	for (uint32_t index = fold->oldest; index != NONE; index = fold->entries[index].newer) {
		struct entry *entry = &fold->entries[index];

		entry->sample_unsaved = entry->count > 0;
		if (entry->count > 0)
			note_grown(fold, entry);
	}
}

void cf_fold_sync(struct cf_fold *fold, bool all)
{
	uint32_t kept = 0;

	if (fold->journal == NULL)
		return;
	cf_fold_journal_flush(fold->journal); /* first: no new sample behind an old count */
	if (!all)
		return;
	for (uint32_t i = 0; i < fold->grown_count; i++) {
		struct entry *entry = &fold->entries[fold->grown[i]];

		entry->in_grown = false;
		if (entry->count == 0)
			continue;
		if (entry->sample_unsaved &&
		    !cf_fold_journal_sample(
		        fold->journal, fold->grown[i], sample_of(fold, entry))) {
			entry->in_grown = true; /* the next time */
			fold->grown[kept++] = fold->grown[i];
			continue;
		}
		entry->sample_unsaved = false;
		cf_fold_journal_note(
		    fold->journal, fold->grown[i], entry->count, entry->last_wall_us);
	}
	fold->grown_count = kept;
	cf_fold_journal_flush(fold->journal);
}

uint64_t cf_fold_pending(const struct cf_fold *fold)
{
	return fold->pending;
}
