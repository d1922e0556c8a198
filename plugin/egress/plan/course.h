/*
 * What becomes of packets from a client to an address, through all time: a course is the list of
 * instants at which the verdict changes. Taken from cf_decide_addr() by asking it again at each
 * instant after which it may say otherwise, so that rules made of courses cannot disagree with it.
 *
 * The table keeps each course once: thousands of clients and networks follow a handful. One thread.
 */
#pragma once

#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

/* What is done with a packet. */
enum cf_fate {
	CF_FATE_LET,   /* nothing: not listed, or the policy says pass */
	CF_FATE_ALLOW, /* let through by an exception, and recorded */
	CF_FATE_FLAG,  /* let through and recorded */
	CF_FATE_STOP,  /* refused and recorded */
};

/* Changes of one course at most: phases and exceptions of a policy that hold for one client. */
#define CF_COURSE_STEPS 1024

struct cf_course_step {
	int64_t from_wall_s; /* INT64_MIN for the first */
	enum cf_fate fate;
};

struct cf_course {
	uint32_t steps_at; /* in the table's steps */
	uint32_t step_count;
};

struct cf_courses {
	struct cf_course *items;
	uint32_t count, size;
	struct cf_course_step *steps;
	uint32_t step_count, step_size;
};

/*
 * The number of the course of packets from client (NULL: nobody's in particular) to addr. Where a
 * block rests on a network that is not cf_egress_enforced(), packets are recorded and let through.
 * CF_ENOMEM; CF_ETOOBIG: more than CF_COURSE_STEPS changes.
 */
enum cf_status cf_courses_take(struct cf_courses *courses, const struct cf_image *image,
    const struct cf_addr *client, const struct cf_addr *addr, bool all_enforced,
    uint32_t *course_out) CF_MUST_CHECK;

/*
 * True when packets to a network may be stopped: it is the vendor's own and somebody says so. One
 * that is shared with others, or inferred, only when all are meant (all_enforced).
 */
bool cf_egress_enforced(const struct cf_image *image, uint32_t network, bool all_enforced);

/* The fate at an instant. */
enum cf_fate cf_courses_fate(const struct cf_courses *courses, uint32_t course, int64_t at_wall_s);

/* True when nothing ever happens to a packet on this course. */
bool cf_courses_is_idle(const struct cf_courses *courses, uint32_t course);

/* "let", "allow", "flag", "stop"; static. */
const char *cf_fate_text(enum cf_fate fate);

/* Frees what the table holds; zeroed storage is an empty table. */
void cf_courses_done(struct cf_courses *courses);
