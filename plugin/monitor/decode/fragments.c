/* A small table of IP datagrams that are not whole yet. */

#include "monitor/decode/fragments.h"

#include "monitor/packet/spans.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define DATAGRAM_BYTES 65536U

struct datagram {
	bool used;
	bool held; /* whole, and being decoded */
	uint8_t ip_proto;
	uint32_t id;
	struct cf_addr src;
	struct cf_addr dst;
	int64_t at_wall_us; /* of its first fragment */
	size_t len;         /* 0 until the last fragment told */
	struct cf_spans spans;
};

struct cf_fragments {
	uint8_t *buffers; /* CF_FRAGMENT_DATAGRAMS times DATAGRAM_BYTES, mapped */
	struct datagram datagrams[CF_FRAGMENT_DATAGRAMS];
};

enum cf_status cf_fragments_new(struct cf_fragments **fragments_out)
{
	struct cf_fragments *fragments = calloc(1, sizeof *fragments);
	void *map;

	if (fragments == NULL)
		return CF_ENOMEM;
	map = mmap(NULL, (size_t)CF_FRAGMENT_DATAGRAMS * DATAGRAM_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		free(fragments);
		return CF_ENOMEM;
	}
	fragments->buffers = map;
	*fragments_out = fragments;
	return CF_OK;
}

void cf_fragments_free(struct cf_fragments *fragments)
{
	if (fragments == NULL)
		return;
	(void)munmap(fragments->buffers, (size_t)CF_FRAGMENT_DATAGRAMS * DATAGRAM_BYTES); /* ours */
	free(fragments);
}

static bool same_datagram(const struct datagram *datagram, const struct cf_fragment *fragment)
{
	return datagram->used && !datagram->held && datagram->id == fragment->id &&
	    datagram->ip_proto == fragment->ip_proto &&
	    cf_addr_equal(&datagram->src, &fragment->src) &&
	    cf_addr_equal(&datagram->dst, &fragment->dst);
}

/*
 * The fragment's datagram, or a place for it: a free one, an expired one, or the oldest.
 * NULL when all are held: then the fragment is dropped.
 */
static struct datagram *find_or_start(struct cf_fragments *fragments,
    const struct cf_fragment *fragment, int64_t at_wall_us, struct cf_decoder_counters *counters)
{
	struct datagram *oldest = NULL;

	for (unsigned i = 0; i < CF_FRAGMENT_DATAGRAMS; i++) {
		struct datagram *datagram = &fragments->datagrams[i];

		if (datagram->held)
			continue;
		if (datagram->used &&
		    at_wall_us - datagram->at_wall_us > (int64_t)CF_FRAGMENT_LIFE_S * 1000000) {
			datagram->used = false;
			counters->at[CF_COUNT_FRAGMENTS_EXPIRED]++;
		}
		if (same_datagram(datagram, fragment))
			return datagram;
		if (oldest == NULL ||
		    (oldest->used &&
		        (!datagram->used || datagram->at_wall_us < oldest->at_wall_us)))
			oldest = datagram;
	}
	if (oldest == NULL)
		return NULL;
	if (oldest->used)
		counters->at[CF_COUNT_FRAGMENTS_EVICTED]++;
	*oldest = (struct datagram){
	    .used = true,
	    .ip_proto = fragment->ip_proto,
	    .id = fragment->id,
	    .src = fragment->src,
	    .dst = fragment->dst,
	    .at_wall_us = at_wall_us,
	};
	return oldest;
}

bool cf_fragments_add(struct cf_fragments *fragments, const struct cf_fragment *fragment,
    int64_t at_wall_us, struct cf_decoder_counters *counters, struct cf_slice *whole_out)
{
	struct datagram *datagram;
	uint8_t *buffer;
	size_t end;

	if (fragment->offset >= DATAGRAM_BYTES ||
	    fragment->bytes.len >= DATAGRAM_BYTES - fragment->offset) {
		counters->at[CF_COUNT_FRAGMENTS_REFUSED]++;
		return false;
	}
	end = fragment->offset + fragment->bytes.len;
	datagram = find_or_start(fragments, fragment, at_wall_us, counters);
	if (datagram == NULL) {
		counters->at[CF_COUNT_FRAGMENTS_REFUSED]++;
		return false;
	}
	buffer = fragments->buffers + (size_t)(datagram - fragments->datagrams) * DATAGRAM_BYTES;
	if ((datagram->len != 0 && end > datagram->len) ||
	    !cf_spans_fill(&datagram->spans, buffer, fragment->offset, fragment->bytes.data,
	        fragment->bytes.len)) {
		counters->at[CF_COUNT_FRAGMENTS_REFUSED]++;
		return false;
	}
	if (fragment->last)
		datagram->len = end;
	if (datagram->len == 0 || datagram->spans.count != 1 || datagram->spans.at[0].from != 0 ||
	    datagram->spans.at[0].to < datagram->len)
		return false;
	datagram->held = true;
	*whole_out = (struct cf_slice){.data = buffer, .len = datagram->len};
	return true;
}

void cf_fragments_release(struct cf_fragments *fragments, struct cf_slice whole)
{
	size_t index = (size_t)(whole.data - fragments->buffers) / DATAGRAM_BYTES;

	fragments->datagrams[index].held = fragments->datagrams[index].used = false;
}
