/*
 * What `curfew egress` remembers between runs, in the folder egress/ beside the image: the digest
 * of the table as it was left, and a former table that comes back unless somebody confirms. One
 * thread.
 */
#pragma once

#include "base/status.h"
#include "egress/kernel.h"

#include <stdbool.h>
#include <stdint.h>

/* Sets of more elements are not read back when a table is compared with how it was left. */
#define CLI_EGRESS_ELEMENTS 20000

/* True when the state is that of the table as it was left. */
bool cli_egress_is_as_left(const char *image, const struct cf_kernel_state *state);
/* True when a table was applied here, and not removed. */
bool cli_egress_was_left(const char *image);
/*
 * Notes whether the table is as it should be at now_wall_s, and says when it was so last and, when
 * it is not, when that was found first; 0: not known. Without the right to write it only says.
 */
void cli_egress_note(const char *image, bool good, int64_t now_wall_s, int64_t *good_wall_s_out,
    int64_t *drifted_wall_s_out);
/* Whether the table was left whole, elements included, and so has to be read. */
bool cli_egress_was_whole(const char *image);
/* Notes it. A failure is told on stderr: then the table counts as changed. */
void cli_egress_leave(const char *image, const struct cf_kernel_state *state);
void cli_egress_forget(const char *image);

/* Whether the table in the kernel is what it should be. */
enum cli_edge_state {
	CLI_EDGE_UNUSED,  /* nobody ever applied one here */
	CLI_EDGE_UNKNOWN, /* it could not be read */
	CLI_EDGE_GOOD,
	CLI_EDGE_GONE,    /* there is none, though one was applied */
	CLI_EDGE_OTHER,   /* of another image than the one that is asked about */
	CLI_EDGE_CHANGED, /* not as it was left */
};

struct cli_edge {
	enum cli_edge_state state;
	struct cf_kernel_state kernel;
	/* Of one that is not good: when it was good last as far as somebody looked, and found. */
	int64_t good_wall_s, drifted_wall_s; /* 0: not known */
	char text[CF_ERROR_TEXT_BYTES];      /* what is wrong, for people; "" nothing */
};

/*
 * Looks at the table, as of now_wall_s, and notes what it finds, so that later looks can tell since
 * when. image_digest: hex, of the image that it should be of.
 */
void cli_edge_look(
    struct cli_edge *edge, const char *image, const char *image_digest, int64_t now_wall_s);

/*
 * Starts a process of its own that runs former (NULL: removes the table) in seconds_s from now
 * unless cli_egress_confirmed() was called, by whomever. It needs neither this process nor its
 * terminal. A CMD_ code.
 */
int cli_egress_await(const char *image, const char *former, int64_t seconds_s);
/* Whatever waits does nothing any more; true when something did wait. */
bool cli_egress_confirmed(const char *image);
