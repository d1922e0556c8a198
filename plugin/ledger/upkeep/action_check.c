#include "ledger/upkeep/action_check.h"

#include "base/input_file.h"

#include <inttypes.h>
#include <stdio.h>

static enum cf_status check_lines(
    const struct cf_actions *actions, FILE *file, cf_action_wrong *tell, void *arg)
{
	bool is_any_here = false, is_any_wrong = false;
	char line[2048];

	while (fgets(line, sizeof line, file) != NULL) {
		uint32_t seq = 0;
		enum cf_action_said said = cf_actions_compare(actions, line, &seq);

		is_any_here = is_any_here || said == CF_ACTION_HERE;
		if (said != CF_ACTION_OTHER && said != CF_ACTION_MISSING)
			continue;
		is_any_wrong = true;
		tell(arg, seq, said);
	}
	if (is_any_wrong)
		return CF_ECHECKSUM;
	return is_any_here ? CF_OK : CF_EINVALID;
}

enum cf_status cf_actions_check(const struct cf_actions *actions, const char *path,
    cf_action_wrong *tell, void *arg, struct cf_error *error)
{
	FILE *file = NULL;
	enum cf_status status;

	if (cf_input_open_stream(path, &file, error) != CF_OK)
		return CF_EIO;
	status = check_lines(actions, file, tell, arg);
	(void)fclose(file); /* only read */
	if (status == CF_EINVALID)
		return cf_error_set(error, status, "'%s' has no action in it", path);
	return status == CF_OK
	    ? CF_OK
	    : cf_error_set(error, status, "actions are not those that were witnessed");
}

size_t cf_actions_nameless(const struct cf_actions *actions)
{
	size_t count = 0;

	for (size_t i = 0; i < cf_actions_count(actions); i++)
		count += cf_actions_get(actions, i)->by[0] == '\0';
	return count;
}

void cf_action_except(struct cf_ledger_action *action, const char *host, int64_t until_wall_s,
    const char *why, char until_text[CF_ACTION_UNTIL_BYTES])
{
	(void)snprintf(until_text, CF_ACTION_UNTIL_BYTES, "%" PRId64, until_wall_s);
	action->args[0] = host;
	action->args[1] = until_text;
	action->args[2] = action->who; /* whose exception it is */
	action->args[3] = why;
}
