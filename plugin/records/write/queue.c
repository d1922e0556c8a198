/* The single-producer single-consumer byte ring. */

#include "records/write/queue.h"

#include "base/limits.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Positions count bytes since birth and never wrap in practice (2^64); the place in the ring is the
 * position modulo its size, a power of two. Each side keeps its own copy of the other's position
 * and looks again only when that one says full or empty: the lines of the cache travel once a
 * batch.
 */
struct cf_queue {
	alignas(64) _Atomic uint64_t head;
	uint64_t seen_tail; /* producer's */
	uint64_t reserved;
	alignas(64) _Atomic uint64_t tail;
	uint64_t seen_head; /* consumer's */
	alignas(64) uint64_t size;
	uint8_t *ring;
};

enum cf_status cf_queue_new(uint32_t size_bytes, struct cf_queue **queue_out)
{
	struct cf_queue *queue = aligned_alloc(64, sizeof *queue);
	uint64_t size = 4 * 8192;

	if (queue == NULL)
		return CF_ENOMEM;
	while (size < size_bytes)
		size *= 2;
	*queue = (struct cf_queue){.size = size};
	atomic_init(&queue->head, 0);
	atomic_init(&queue->tail, 0);
	/* calloc: pages that are never used are never touched. */
	queue->ring = calloc(1, size);
	if (queue->ring == NULL) {
		free(queue);
		return CF_ENOMEM;
	}
	*queue_out = queue;
	return CF_OK;
}

void cf_queue_free(struct cf_queue *queue)
{
	if (queue == NULL)
		return;
	free(queue->ring);
	free(queue);
}

/* True when the ring has needed bytes free past head, as far as the producer knows or can find out.
 */
static bool has_room(struct cf_queue *queue, uint64_t head, uint64_t needed)
{
	if (head + needed - queue->seen_tail <= queue->size)
		return true;
	queue->seen_tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	return head + needed - queue->seen_tail <= queue->size;
}

void *cf_queue_reserve(struct cf_queue *queue)
{
	static const uint32_t skip = 0;
	uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	uint64_t at = head & (queue->size - 1), left = queue->size - at;

	if (left < CF_RECORD_PACKED_BYTES) {
		if (!has_room(queue, head, left + CF_RECORD_PACKED_BYTES))
			return NULL;
		memcpy(queue->ring + at, &skip, sizeof skip);
		head += left;
		at = 0;
	} else if (!has_room(queue, head, CF_RECORD_PACKED_BYTES)) {
		return NULL;
	}
	queue->reserved = head;
	return queue->ring + at;
}

void cf_queue_commit(struct cf_queue *queue, uint32_t size_bytes)
{
	atomic_store_explicit(&queue->head, queue->reserved + size_bytes, memory_order_release);
}

/* The record at *tail, its size in *size_out; *tail moves over a skip, which is published together
 * with the record behind it. */
static const void *record_at(const struct cf_queue *queue, uint64_t *tail, uint32_t *size_out)
{
	uint64_t at = *tail & (queue->size - 1);

	memcpy(size_out, queue->ring + at, sizeof *size_out);
	if (*size_out == 0) {
		*tail += queue->size - at;
		at = 0;
		memcpy(size_out, queue->ring, sizeof *size_out);
	}
	return queue->ring + at;
}

unsigned cf_queue_peek(struct cf_queue *queue, const void *records[], unsigned count)
{
	uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	unsigned found = 0;
	uint32_t size;

	if (tail == queue->seen_head)
		queue->seen_head = atomic_load_explicit(&queue->head, memory_order_acquire);
	for (; found < count && tail != queue->seen_head; found++, tail += size)
		records[found] = record_at(queue, &tail, &size);
	return found;
}

void cf_queue_pop(struct cf_queue *queue, unsigned count)
{
	uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	uint32_t size;

	for (; count > 0; count--, tail += size)
		(void)record_at(queue, &tail, &size); /* only to get past it */
	atomic_store_explicit(&queue->tail, tail, memory_order_release);
}

uint64_t cf_queue_put_bytes(const struct cf_queue *queue)
{
	return atomic_load_explicit(&queue->head, memory_order_acquire);
}

uint64_t cf_queue_taken_bytes(const struct cf_queue *queue)
{
	return atomic_load_explicit(&queue->tail, memory_order_acquire);
}

uint64_t cf_queue_used_bytes(const struct cf_queue *queue)
{
	uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);

	return atomic_load_explicit(&queue->head, memory_order_acquire) - tail;
}

uint64_t cf_queue_size_bytes(const struct cf_queue *queue)
{
	return queue->size;
}
