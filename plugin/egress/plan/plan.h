/*
 * The image as an egress filter needs it: which networks and which clients are treated alike, and
 * on what course packets from the one to the other are.
 *
 *              clients of kind 0 (everybody else)   kind 1   kind 2 ...
 *   networks A          course 3                    course 3  course 5
 *   networks B          course 1                    course 0  course 1
 *
 * The plan holds no addresses: these are read from the image when rules are written
 * (image/ranges.h), each with the kind that the plan gives it. One thread; the image must outlive
 * it.
 */
#pragma once

#include "egress/plan/course.h"
#include "image/ranges.h"

/* Kinds of clients or networks at most; a policy has a handful. */
#define CF_PLAN_KINDS 4096

struct cf_plan {
	const struct cf_image *image;
	bool all_enforced; /* shared and inferred networks too */
	struct cf_courses courses;

	/* By value of a span of networks: its kind, or CF_NONE when nothing ever happens there. */
	uint32_t *network_kinds;
	uint32_t network_kind_count;
	/* By value of a span of clients; kind 0 is everybody else. */
	uint32_t *client_kinds;
	uint32_t client_value_count;
	uint32_t client_kind_count;
	/* network_kind_count rows of client_kind_count courses. */
	uint32_t *table;
};

/*
 * Works the plan out. all_enforced: networks that are somebody else's (shared), or inferred, are
 * stopped like the vendor's own; else packets there are recorded only. CF_ENOMEM; CF_ETOOBIG: more
 * than CF_PLAN_KINDS kinds, or a course of too many steps. On failure nothing is to be freed.
 */
enum cf_status cf_plan_make(
    const struct cf_image *image, bool all_enforced, struct cf_plan *plan_out) CF_MUST_CHECK;
void cf_plan_done(struct cf_plan *plan);

/* Spans of networks and clients: about as many elements the table's sets have, at most. */
uint32_t cf_plan_spans(const struct cf_plan *plan);

/* The kind of a span of networks (CF_NONE: none) and of clients. */
uint32_t cf_plan_network_kind(const struct cf_plan *plan, uint32_t value);
uint32_t cf_plan_client_kind(const struct cf_plan *plan, uint32_t value);

/* The course of packets from clients to networks of these kinds. */
static inline uint32_t cf_plan_course(
    const struct cf_plan *plan, uint32_t network_kind, uint32_t client_kind)
{
	return plan->table[network_kind * plan->client_kind_count + client_kind];
}
