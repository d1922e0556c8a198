/* The table compared with the image and with how it was left; when it was so last, in two files. */

#include "egress/drift.h"

#include "base/instant.h"
#include "egress/state.h"

#include <stdio.h>
#include <string.h>

/* The image that a table's comment names, as many digits as it has. */
static bool is_of_image(const char *comment, const char *image_digest)
{
	const char *at = strstr(comment, "image=");
	size_t len = at == NULL ? 0 : strspn(at + 6, "0123456789abcdef");

	return len > 0 && strncmp(at + 6, image_digest, len) == 0;
}

static enum cf_edge_state judge(
    const char *image, const struct cf_kernel_state *kernel, const char *image_digest)
{
	if (!kernel->present)
		return CF_EDGE_GONE;
	if (!is_of_image(kernel->comment, image_digest))
		return CF_EDGE_OTHER;
	return cf_egress_is_as_left(image, kernel) ? CF_EDGE_GOOD : CF_EDGE_CHANGED;
}

static void describe(struct cf_edge *edge)
{
	static const char *const what[] = {
	    [CF_EDGE_GONE] = "the table is gone: nothing is stopped here",
	    [CF_EDGE_OTHER] = "the table is of another image than the one in force",
	    [CF_EDGE_CHANGED] = "somebody changed the table since it was applied"};
	char good[CF_INSTANT_TEXT_BYTES] = "then", found[CF_INSTANT_TEXT_BYTES];

	if (edge->good_wall_s > 0)
		(void)cf_instant_format(edge->good_wall_s, good);
	(void)snprintf(edge->text, sizeof edge->text,
	    "%s; it was as it should be at %s and no more at %s; `curfew egress apply` puts it "
	    "right",
	    what[edge->state], good, cf_instant_format(edge->drifted_wall_s, found));
}

void cf_edge_look(
    struct cf_edge *edge, const char *image, const char *image_digest, int64_t now_wall_s)
{
	struct cf_error error = {.text = "no memory"};
	struct cf_kernel *kernel = NULL;
	enum cf_status status;

	*edge = (struct cf_edge){.state = CF_EDGE_UNUSED};
	if (!cf_egress_was_left(image))
		return;
	status = cf_kernel_open(&kernel);
	if (status == CF_OK)
		status = cf_kernel_read(kernel, cf_egress_was_whole(image), &edge->kernel, &error);
	cf_kernel_close(kernel);
	if (status != CF_OK) {
		edge->state = CF_EDGE_UNKNOWN;
		(void)snprintf(
		    edge->text, sizeof edge->text, "the table cannot be read: %.400s", error.text);
		return;
	}
	edge->state = judge(image, &edge->kernel, image_digest);
	cf_egress_note(image, edge->state == CF_EDGE_GOOD, now_wall_s, &edge->good_wall_s,
	    &edge->drifted_wall_s);
	if (edge->state != CF_EDGE_GOOD)
		describe(edge);
}

bool cf_edge_is_wrong(const struct cf_edge *edge)
{
	return edge->state != CF_EDGE_GOOD && edge->state != CF_EDGE_UNKNOWN &&
	    edge->state != CF_EDGE_UNUSED;
}
