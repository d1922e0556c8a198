/* The list of retired images. */
#include "resolver/host/unbound.h"

#include "resolver/watch/retire.h"

#include <stdlib.h>

struct cf_retired {
	struct cf_retired *next;
	struct cf_image *image;
	struct cf_log_mark *mark; /* NULL: no memory for one; kept until the log is closed */
};

void cf_retire_image(struct cf_module *module, struct cf_image *image)
{
	struct cf_log *log = atomic_load(&module->log);
	struct cf_retired *retired;

	if (image == NULL)
		return;
	if (log == NULL) {
		cf_image_close(image); /* without a log nothing was ever queued */
		return;
	}
	retired = malloc(sizeof(*retired));
	if (retired == NULL)
		return; /* lost rather than freed under the writer */
	*retired =
	    (struct cf_retired){.next = module->retired, .image = image, .mark = cf_log_mark(log)};
	module->retired = retired;
}

static void free_one(struct cf_retired **at)
{
	struct cf_retired *retired = *at;

	*at = retired->next;
	cf_image_close(retired->image);
	free(retired->mark);
	free(retired);
}

void cf_retire_free_taken(struct cf_module *module)
{
	struct cf_retired **at = &module->retired;

	while (*at != NULL) {
		if ((*at)->mark != NULL && cf_log_has_taken((*at)->mark))
			free_one(at);
		else
			at = &(*at)->next;
	}
}

void cf_retire_free_all(struct cf_module *module)
{
	while (module->retired != NULL)
		free_one(&module->retired);
}
