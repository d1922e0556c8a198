/*
 * A bounded queue of packed records from one producing thread to one consuming thread: a byte ring
 * with records of varying length, each in one piece. Neither side ever waits, allocates or calls
 * the system.
 *
 *      head (producer) --v
 *   [....record|record|rec.......................]
 *        ^-- tail (consumer)
 *
 * A record that does not fit before the end of the ring starts over at its beginning; a size of 0
 * marks the place where the consumer follows.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_queue;

/* A ring of at least size_bytes (raised to four of the largest records). CF_ENOMEM. */
enum cf_status cf_queue_new(uint32_t size_bytes, struct cf_queue **queue_out) CF_MUST_CHECK;
void cf_queue_free(struct cf_queue *queue);

/* Producer: room for one record of CF_RECORD_PACKED_BYTES, aligned to 8, or NULL when full. */
void *cf_queue_reserve(struct cf_queue *queue);
/* Producer: publishes the first size_bytes (a multiple of 8) of the room reserved last. */
void cf_queue_commit(struct cf_queue *queue, uint32_t size_bytes);

/*
 * Consumer: puts the oldest records, at most count of them, into records[], and returns how many
 * there are; the size of each is in its first 4 bytes. They stay valid until cf_queue_pop(), which
 * gives the room of the oldest count (not more than were looked at) back.
 */
unsigned cf_queue_peek(struct cf_queue *queue, const void *records[], unsigned count);
void cf_queue_pop(struct cf_queue *queue, unsigned count);

/* How many bytes were ever put in and taken out; skipped ones count. Any thread. */
uint64_t cf_queue_put_bytes(const struct cf_queue *queue);
uint64_t cf_queue_taken_bytes(const struct cf_queue *queue);
/* Either side: bytes in use, as of some moment. */
uint64_t cf_queue_used_bytes(const struct cf_queue *queue);
uint64_t cf_queue_size_bytes(const struct cf_queue *queue);
