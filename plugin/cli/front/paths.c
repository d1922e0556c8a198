/* Default paths; the CF_*_DIR macros come from plugin/cli/meson.build. */

#include "cli/front/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set(char path[CF_PATH_BYTES], const char *dir, const char *file)
{
	snprintf(path, CF_PATH_BYTES, "%s/%s", dir, file); /* configured folders are short */
}

/* True when exe lies below dir. */
static bool is_below(const char *exe, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(exe, dir, len) == 0 && exe[len] == '/';
}

void cli_paths_for(const char *exe, struct cli_paths *paths)
{
	*paths = (struct cli_paths){.from_checkout = is_below(exe, CF_BUILD_DIR)};
	if (paths->from_checkout) {
		set(paths->policy, CF_SOURCE_DIR, "plugin/cli/curfew.yaml");
		set(paths->channel, CF_BUILD_DIR, "channel.yaml");
		set(paths->lists, CF_BUILD_DIR "/lists:" CF_SOURCE_DIR, "lists");
		set(paths->fetched, CF_BUILD_DIR, "lists");
		set(paths->image, CF_BUILD_DIR, "curfew.img");
		set(paths->log, CF_BUILD_DIR, "log/hits.jsonl");
		set(paths->module, CF_BUILD_DIR, "plugin/resolver/curfew.so");
		set(paths->ledger, CF_BUILD_DIR, "ledger.db");
		set(paths->keys, CF_BUILD_DIR, "keys");
		return;
	}
	set(paths->policy, CF_CONFIG_DIR, "curfew.yaml");
	set(paths->channel, CF_CONFIG_DIR, "channel.yaml");
	set(paths->lists, CF_CONFIG_DIR "/lists:" CF_STATE_DIR "/lists:" CF_DATA_DIR, "lists");
	set(paths->fetched, CF_STATE_DIR, "lists");
	set(paths->image, CF_STATE_DIR, "curfew.img");
	set(paths->log, CF_LOG_DIR, "hits.jsonl");
	set(paths->module, CF_MODULE_DIR, "curfew.so");
	set(paths->ledger, CF_STATE_DIR, "ledger.db");
	set(paths->keys, CF_STATE_DIR, "keys");
}

void cli_paths_default(struct cli_paths *paths)
{
	char exe[CF_PATH_BYTES];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);

	exe[len < 0 ? 0 : len] = '\0';
	cli_paths_for(exe, paths);
}
