/* Seals as texts, and the newest of each writer. */

#include "records/read/seal_pick.h"

#include "records/files/chain.h"

#include <stdlib.h>
#include <string.h>

/* Takes the place of the writer's seal before. */
static void keep_newest(
    struct cf_seal_pick *pick, const struct cf_seal_text *seal, const char *text)
{
	char name[CF_SEAL_SENSOR_BYTES + CF_SEAL_SOURCE_BYTES];
	int len = snprintf(name, sizeof name, "%s\n%s", seal->sensor, seal->source);
	char *copy = strdup(text);
	uint32_t at = 0;
	bool added = false;

	if (copy == NULL ||
	    cf_map_add(pick->writers, name, (size_t)len, pick->newest_count, &at, &added) !=
	        CF_OK) {
		free(copy);
		pick->failed = true;
		return;
	}
	if (added) {
		char **newest = reallocarray(pick->newest, pick->newest_count + 1u, sizeof *newest);

		if (newest == NULL) {
			free(copy);
			pick->failed = true;
			return;
		}
		pick->newest = newest;
		newest[pick->newest_count++] = NULL;
	}
	free(pick->newest[at]);
	pick->newest[at] = copy;
}

void cf_seal_pick_take(
    struct cf_seal_pick *pick, const struct cf_record *record, const struct cf_line *line)
{
	struct cf_seal_text seal;
	char text[CF_SEAL_TEXT_BYTES];

	if (record->seal.sha256.len == 0 || record->at_wall_us < pick->since_wall_us ||
	    !cf_chain_ends(line->text, line->len, &record->seal) ||
	    !cf_chain_seal_text(record, &seal))
		return;
	(void)cf_seal_text_format(&seal, text); /* its length is not needed */
	pick->count++;
	if (pick->last)
		keep_newest(pick, &seal, text);
	else
		fprintf(pick->to, "%s\n", text);
}

enum cf_status cf_seal_pick_end(struct cf_seal_pick *pick)
{
	for (uint32_t i = 0; i < pick->newest_count; i++)
		fprintf(pick->to, "%s\n", pick->newest[i]);
	return pick->failed ? CF_ENOMEM : CF_OK;
}

void cf_seal_pick_done(struct cf_seal_pick *pick)
{
	for (uint32_t i = 0; i < pick->newest_count; i++)
		free(pick->newest[i]);
	free(pick->newest);
	cf_map_free(pick->writers);
}
