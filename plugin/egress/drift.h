/*
 * Whether the table in the kernel is still what was put there, and since when not. One thread.
 */
#pragma once

#include "egress/kernel/kernel.h"

#include <stdbool.h>
#include <stdint.h>

enum cf_edge_state {
	CF_EDGE_UNUSED,  /* nobody ever applied one here */
	CF_EDGE_UNKNOWN, /* it could not be read */
	CF_EDGE_GOOD,
	CF_EDGE_GONE,    /* there is none, though one was applied */
	CF_EDGE_OTHER,   /* of another image than the one that is asked about */
	CF_EDGE_CHANGED, /* not as it was left */
};

struct cf_edge {
	enum cf_edge_state state;
	struct cf_kernel_state kernel;
	/* Of one that is not good: when it was good last as far as somebody looked, and found. */
	int64_t good_wall_s, drifted_wall_s; /* 0: not known */
	char text[CF_ERROR_TEXT_BYTES];      /* what is wrong, for people; "" nothing */
};

/*
 * Looks at the table, as of now_wall_s, and notes what it finds, so that later looks can tell since
 * when. image_digest: hex, of the image that it should be of.
 */
void cf_edge_look(
    struct cf_edge *edge, const char *image, const char *image_digest, int64_t now_wall_s);
/* True when what should be stopped may not be. */
bool cf_edge_is_wrong(const struct cf_edge *edge);
