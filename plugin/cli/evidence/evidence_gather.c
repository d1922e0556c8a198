#include "cli/evidence/evidence_gather.h"

#include "base/array.h"
#include "base/diag.h"
#include "cli/front/cmd.h"
#include "cli/front/when.h"
#include "cli/ledger/ledger_cmd.h"
#include "compile/pack/pack_place.h"
#include "compile/policy/policy.h"
#include "ledger/origin.h"
#include "records/files/log_set.h"
#include "records/read/reader.h"
#include "trust/crate.h"
#include "update/image_kept.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- logs */

/* Logs being gathered. */
struct logs {
	const char *root;
	const struct cli_evidence_sources *sources;
	FILE *list; /* logs.tsv */
	unsigned count;
	struct cf_record *record;
};

/* The instant of the first record of a file; 0 when there is none. */
static int64_t first_of(struct logs *logs, const char *path)
{
	struct cf_reader *reader = NULL;
	struct cf_error error;
	struct cf_line line;
	int64_t first = 0;
	enum cf_read got;

	if (cf_reader_open(path, &reader, &error) != CF_OK)
		return 0;
	while (first == 0 &&
	    ((got = cf_reader_next(reader, logs->record, &line)) == CF_READ_RECORD ||
	        got == CF_READ_SKIPPED))
		if (got == CF_READ_RECORD)
			first = logs->record->at_wall_us / 1000000;
	cf_reader_close(reader);
	return first;
}

/* Whether the file may have something of the interval: what begins after its end, and what ends,
 * by the beginning of the next one, before its beginning, has not. */
static bool is_wanted(struct logs *logs, const struct cf_log_set *set, size_t i)
{
	const struct cli_evidence_sources *sources = logs->sources;

	if (sources->to_wall_s != 0 && first_of(logs, set->paths[i]) > sources->to_wall_s)
		return false;
	if (sources->from_wall_s == 0 || i + 1 == set->count)
		return true;
	int64_t next = first_of(logs, set->paths[i + 1]);

	return next == 0 || next >= sources->from_wall_s;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int copy_set(struct logs *logs, const char *path, const struct cf_log_set *set)
{
	char name[64], folder[CF_PATH_BYTES], to[CF_PATH_BYTES + 300];
	size_t copied = 0;
	int code = CMD_OK;

	(void)snprintf(name, sizeof name, "logs/%u", logs->count);
	if (cli_evidence_folder(logs->root, name, folder) == NULL)
		return CMD_IO;
	for (size_t i = 0; i < set->count && code == CMD_OK; i++) {
		if (!is_wanted(logs, set, i))
			continue;
		if (!cf_crate_name_ok(base_of(set->paths[i]))) {
			fprintf(stderr, "curfew evidence: '%s' has a name that cannot be packed\n",
			    set->paths[i]);
			return CMD_INVALID;
		}
		(void)snprintf(to, sizeof to, "%s/%s", folder, base_of(set->paths[i]));
		code = cli_evidence_copy(set->paths[i], to);
		copied++;
	}
	if (code == CMD_OK && copied > 0) {
		(void)fprintf(logs->list, "%u\t%s\n", logs->count, base_of(path));
		logs->count++;
	}
	return code;
}

static int take_log(struct logs *logs, const char *path)
{
	struct cf_log_set set = {0};
	int code = CMD_OK;

	if (logs->count == CLI_EVIDENCE_LOGS)
		return CMD_INVALID;
	if (cf_log_set_find(path, &set) != CF_OK || set.count == 0) {
		fprintf(stderr, "curfew evidence: no log '%s'\n", path);
		code = CMD_IO;
	} else {
		code = copy_set(logs, path, &set);
	}
	cf_log_set_done(&set);
	return code;
}

static int is_log(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 6 && strcmp(entry->d_name + len - 6, ".jsonl") == 0;
}

/* Every NAME.jsonl in the folder, with its rotated files. */
static int take_folder(struct logs *logs, const char *folder)
{
	struct dirent **found = NULL;
	char path[CF_PATH_BYTES];
	int total = scandir(folder, &found, is_log, alphasort), code = CMD_OK;

	for (int i = 0; i < total; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
		if (code == CMD_OK)
			code = take_log(logs, path);
		free(found[i]);
	}
	free(found);
	if (total < 0)
		fprintf(stderr, "curfew evidence: '%s': %s\n", folder, strerror(errno));
	return total < 0 ? CMD_IO : code;
}

static int take_path(struct logs *logs, const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? take_folder(logs, path)
	                                                         : take_log(logs, path);
}

/* The folders of the logs that the ledger was made from, each once. */
static int take_known(struct logs *logs)
{
	const struct cf_ledger_options options = {
	    .path = logs->sources->ledger, .mode = CF_LEDGER_READ, .now_wall_s = cli_now_s()};
	struct cf_ledger *ledger = NULL;
	struct cf_origin *origin = NULL;
	struct cf_error error = {0};
	enum cf_status status = cf_ledger_open(&options, &ledger, NULL, &error);
	int code = CMD_OK;

	if (status == CF_OK)
		status = cf_origin_read(ledger, false, &origin, &error);
	if (status != CF_OK)
		code = cli_ledger_failed("evidence", status, &error);
	for (size_t i = 0; code == CMD_OK && i < origin->log_count; i++) {
		bool is_known = false;

		for (size_t j = 0; j < i; j++)
			is_known =
			    is_known || strcmp(origin->logs[j].folder, origin->logs[i].folder) == 0;
		if (!is_known)
			code = take_folder(logs, origin->logs[i].folder);
	}
	if (origin != NULL)
		cf_origin_free(origin);
	cf_ledger_close(ledger);
	return code;
}

int cli_evidence_gather_logs(const char *root, const struct cli_evidence_sources *sources)
{
	struct logs logs = {
	    .root = root, .sources = sources, .record = malloc(sizeof *logs.record)};
	char path[CF_PATH_BYTES];
	int code = CMD_OK;

	(void)snprintf(path, sizeof path, "%s/logs.tsv", root);
	logs.list = fopen(path, "wxe");
	if (logs.list == NULL || logs.record == NULL ||
	    cli_evidence_folder(root, "logs", path) == NULL)
		code = CMD_IO;
	for (int i = 0; i < sources->log_count && code == CMD_OK; i++)
		code = take_path(&logs, sources->logs[i]);
	if (code == CMD_OK && sources->log_count == 0)
		code = take_known(&logs);
	if (logs.list != NULL && fclose(logs.list) != 0 && code == CMD_OK)
		code = CMD_IO;
	free(logs.record);
	if (code == CMD_OK && logs.count == 0) {
		fputs("curfew evidence: no log of that time; name the logs\n", stderr);
		code = CMD_IO;
	}
	return code;
}

/* ---- policy, packs, seals, actions */

static int is_table(const struct dirent *entry)
{
	static const char *const endings[] = {".tsv", ".yaml", ".txt", ".md"};
	size_t len = strlen(entry->d_name);

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (len > strlen(endings[i]) &&
		    strcmp(entry->d_name + len - strlen(endings[i]), endings[i]) == 0)
			return cf_crate_name_ok(entry->d_name);
	return 0;
}

static int copy_tables(const char *from, const char *to)
{
	char source[CF_PATH_BYTES + 300], target[CF_PATH_BYTES + 300];
	struct dirent **found = NULL;
	int total = scandir(from, &found, is_table, alphasort), code = CMD_OK;

	for (int i = 0; i < total; i++) {
		(void)snprintf(source, sizeof source, "%s/%s", from, found[i]->d_name);
		(void)snprintf(target, sizeof target, "%s/%s", to, found[i]->d_name);
		if (code == CMD_OK)
			code = cli_evidence_copy(source, target);
		free(found[i]);
	}
	free(found);
	return total < 0 ? CMD_IO : code;
}

static int copy_pack(
    const char *root, const struct cli_evidence_sources *sources, const char *vendor)
{
	const char *lists = sources->lists != NULL ? sources->lists : sources->paths->lists;
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES], name[300], presets[CF_PATH_BYTES + 16];
	int code;

	if (!cf_pack_place(lists, vendor, from) || !cf_crate_name_ok(vendor)) {
		fprintf(stderr, "curfew evidence: pack '%s' is not here and is left out\n", vendor);
		return CMD_OK;
	}
	(void)snprintf(name, sizeof name, "packs/%s", vendor);
	if (cli_evidence_folder(root, name, to) == NULL)
		return CMD_IO;
	code = copy_tables(from, to);
	(void)snprintf(presets, sizeof presets, "%s/presets", from);
	(void)snprintf(name, sizeof name, "packs/%s/presets", vendor);
	if (code != CMD_OK || access(presets, F_OK) != 0)
		return code;
	return cli_evidence_folder(root, name, to) == NULL ? CMD_IO : copy_tables(presets, to);
}

static int copy_policy(const char *root, const struct cli_evidence_sources *sources)
{
	const char *from = sources->policy != NULL ? sources->policy : sources->paths->policy;
	char folder[CF_PATH_BYTES], to[CF_PATH_BYTES + 16];
	struct cf_policy *policy = NULL;
	struct cf_diags diags;
	int code;

	if (cli_evidence_folder(root, "policy", folder) == NULL ||
	    cli_evidence_folder(root, "packs", to) == NULL)
		return CMD_IO;
	(void)snprintf(to, sizeof to, "%s/curfew.yaml", folder);
	code = cli_evidence_copy(from, to);
	if (code == CMD_FOUND) {
		fprintf(stderr, "curfew evidence: policy '%s' is not here and is left out\n", from);
		return CMD_OK;
	}
	cf_diags_init(&diags);
	if (code == CMD_OK && cf_policy_read(to, &policy, &diags) != CF_OK)
		fprintf(
		    stderr, "curfew evidence: policy '%s' cannot be read; no pack goes in\n", from);
	cf_diags_done(&diags);
	for (size_t i = 0; policy != NULL && i < policy->vendor_count && code == CMD_OK; i++)
		code = copy_pack(root, sources, policy->vendors[i]);
	cf_policy_free(policy);
	return code;
}

static int copy_seals(const char *root, const struct cli_evidence_sources *sources)
{
	char folder[CF_PATH_BYTES], to[CF_PATH_BYTES + 32];
	int code = CMD_OK;

	if (sources->seal_count > 0 && cli_evidence_folder(root, "seals", folder) == NULL)
		return CMD_IO;
	for (size_t i = 0; i < sources->seal_count && code == CMD_OK; i++) {
		(void)snprintf(to, sizeof to, "%s/%zu", folder, i);
		code = cli_evidence_copy(sources->seals[i], to);
		if (code == CMD_FOUND) {
			fprintf(stderr, "curfew evidence: no seals '%s'\n", sources->seals[i]);
			code = CMD_IO;
		}
	}
	return code;
}

static int copy_actions(const char *root, const struct cli_evidence_sources *sources)
{
	static const char *const endings[] = {"actions", "ptr"};
	char folder[CF_PATH_BYTES], from[CF_PATH_BYTES + 16], to[CF_PATH_BYTES + 32];

	if (cli_evidence_folder(root, "actions", folder) == NULL)
		return CMD_IO;
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		(void)snprintf(from, sizeof from, "%s.%s", sources->ledger, endings[i]);
		(void)snprintf(to, sizeof to, "%s/ledger.%s", folder, endings[i]);
		if (cli_evidence_copy(from, to) == CMD_IO)
			return CMD_IO;
	}
	return CMD_OK;
}

int cli_evidence_gather_rest(const char *root, const struct cli_evidence_sources *sources)
{
	int code = copy_policy(root, sources);

	if (code == CMD_OK)
		code = copy_seals(root, sources);
	return code == CMD_OK ? copy_actions(root, sources) : code;
}

/* ---- images */

/* Copies the image with this digest; CMD_FOUND: it is not kept. */
static int copy_image(const char *root, const char *kept, const char *digest)
{
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES + CF_SHA256_TEXT_BYTES + 16];
	int code;

	if (strlen(digest) != CF_SHA256_TEXT_BYTES - 1 || !cf_kept_is_prefix(digest))
		return CMD_FOUND;
	(void)snprintf(to, sizeof to, "%s/images/%s.img", root, digest);
	if (access(to, F_OK) == 0)
		return CMD_OK;
	code = cli_evidence_copy(cf_kept_path(kept, digest, from), to);
	if (code == CMD_FOUND)
		fprintf(stderr,
		    "curfew evidence: image %.12s decided, and is not kept here: its verdicts "
		    "cannot "
		    "be confirmed\n",
		    digest);
	return code;
}

int cli_evidence_gather_images(const char *root, const struct cli_evidence_sources *sources,
    const char *ledger_path, char newest_out[CF_SHA256_TEXT_BYTES])
{
	const char *image = sources->image != NULL ? sources->image : sources->paths->image;
	const struct cf_ledger_options options = {
	    .path = ledger_path, .mode = CF_LEDGER_READ, .now_wall_s = cli_now_s()};
	char kept[CF_PATH_BYTES], folder[CF_PATH_BYTES];
	struct cf_ledger *ledger = NULL;
	struct cf_origin *origin = NULL;
	struct cf_error error = {0};
	int64_t newest_s = INT64_MIN;
	int code = CMD_OK;

	newest_out[0] = '\0';
	if (cli_evidence_folder(root, "images", folder) == NULL ||
	    cf_kept_folder(image, kept) != CF_OK)
		return CMD_IO;
	if (cf_ledger_open(&options, &ledger, NULL, &error) != CF_OK ||
	    cf_origin_read(ledger, false, &origin, &error) != CF_OK)
		code = cli_ledger_failed("evidence", error.status, &error);
	for (size_t i = 0; code == CMD_OK && i < origin->used_count; i++) {
		const struct cf_origin_used *used = &origin->used[i];

		if (used->what != CF_USED_IMAGE)
			continue;
		code = copy_image(root, kept, used->value);
		if (code == CMD_OK && used->last_wall_s > newest_s) {
			newest_s = used->last_wall_s;
			(void)snprintf(newest_out, CF_SHA256_TEXT_BYTES, "%s", used->value);
		}
		code = code == CMD_FOUND ? CMD_OK : code;
	}
	cf_origin_free(origin);
	cf_ledger_close(ledger);
	return code;
}
