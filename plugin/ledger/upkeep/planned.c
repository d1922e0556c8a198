/* One action a plan: sensor, from, until (seconds since 1970), why. */

#include "ledger/upkeep/planned.h"

#include <stdlib.h>
#include <string.h>

bool cf_planned_find(const struct cf_actions *actions, const char *sensor, int64_t from_wall_s,
    int64_t to_wall_s, int64_t slack_s, struct cf_planned *planned_out)
{
	for (size_t i = actions == NULL ? 0 : cf_actions_count(actions); i > 0; i--) {
		const struct cf_ledger_action *action = cf_actions_get(actions, i - 1);
		struct cf_planned planned;

		if (strcmp(action->verb, "plan") != 0 || cf_actions_is_undone(actions, i - 1) ||
		    strcmp(action->args[0], sensor) != 0)
			continue;
		planned = (struct cf_planned){.from_wall_s = strtoll(action->args[1], NULL, 10),
		    .until_wall_s = strtoll(action->args[2], NULL, 10),
		    .why = action->args[3]};
		if (planned.from_wall_s - slack_s > from_wall_s ||
		    to_wall_s > planned.until_wall_s + slack_s)
			continue;
		*planned_out = planned;
		return true;
	}
	return false;
}
