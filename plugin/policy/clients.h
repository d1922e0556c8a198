/*
 * Which exceptions a client can claim: the groups its address belongs to, and what an exception
 * asks for. Pure; any thread.
 */
#pragma once

#include "image/mapped.h"

/* The groups of client: those of every prefix around its address. The empty set for NULL. */
const struct cf_image_group_set *cf_client_groups(
    const struct cf_image *image, const struct cf_addr *client);

/* True when an exception is meant for a client with groups, whatever the time. */
bool cf_exception_is_for(
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
