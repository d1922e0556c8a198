/* What every line begins with. */

#include "records/form/line.h"

#include <string.h>

void cf_line_head(struct cf_json *json, const struct cf_line_origin *origin, enum cf_event event,
    int64_t at_wall_us)
{
	CF_JSON_LITERAL(json, "{\"v\":2,\"timestamp\":");
	cf_json_instant_us(json, at_wall_us);
	CF_JSON_LITERAL(json, ",\"id\":");
	cf_json_string(json, origin->id, strlen(origin->id), 26, false);
	CF_JSON_LITERAL(json, ",\"sensor\":");
	cf_json_string(json, origin->sensor, strlen(origin->sensor), 64, false);
	CF_JSON_LITERAL(json, ",\"source\":");
	cf_json_string(json, origin->source, strlen(origin->source), 16, false);
	CF_JSON_LITERAL(json, ",\"event_type\":\"");
	cf_json_raw(json, cf_event_text(event), strlen(cf_event_text(event)));
	CF_JSON_LITERAL(json, "\"");
	json->cut_bytes = 0;
}
