/*
 * What a client's address comes to: the groups it belongs to, how near each is, which schedule each
 * pack has for it, and which exceptions it can claim. Pure; any thread.
 */
#pragma once

#include "image/mapped.h"

/* The groups of client: those of every prefix around its address. The empty set for NULL. */
const struct cf_image_group_set *cf_client_groups(
    const struct cf_image *image, const struct cf_addr *client);

/* The schedule that a pack is under for a client with groups. */
static inline uint32_t cf_client_schedule(
    const struct cf_image *image, const struct cf_image_group_set *groups, uint32_t pack)
{
	return image->rows[groups->row * image->pack_count + pack];
}

/* The nearest group that there can be: a prefix of 128 bits. */
#define CF_NEAR_MOST 130U

/*
 * How near an exception is to a client with groups, whatever the time: 0 when it is not meant for
 * it, 1 when it is for everybody, else 2 and the bits of the longest prefix around the client among
 * the exception's groups.
 */
unsigned cf_exception_nearness(const struct cf_image *image,
    const struct cf_image_exception_item *exception, const struct cf_image_group_set *groups);

/* True when it covers questions of qtype; one limited to types covers no question without a type.
 */
bool cf_exception_has_type(
    const struct cf_image *image, const struct cf_image_exception_item *exception, uint16_t qtype);

static inline bool cf_exception_holds_at(
    const struct cf_image_exception_item *exception, int64_t at_wall_s)
{
	return exception->from_wall_s <= at_wall_s && at_wall_s < exception->until_wall_s;
}
