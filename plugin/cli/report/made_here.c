#include "cli/report/made_here.h"

#include "cli/front/when.h"
#include "update/image_kept.h"

enum cf_status cli_made_from_here(struct cf_made_from *made, const struct cli_model *model,
    bool with_digest, struct cf_error *error)
{
	char images[CF_PATH_BYTES];
	const char *image = model->source.image_path; /* of a model that was loaded */
	const struct cf_made_places places = {
	    .images = cf_kept_folder(image, images) == CF_OK ? images : NULL,
	    .policy = model->paths.policy,
	    .fetched = model->paths.fetched,
	    .with_digest = with_digest};

	return cf_made_from_read(made, model->source.ledger, &places, cli_now_s(), error);
}
