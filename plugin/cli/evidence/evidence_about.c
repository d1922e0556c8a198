/* about.json and logs.tsv. */

#include "cli/evidence/evidence.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/instant.h"
#include "cli/front/cmd.h"
#include "cli/front/json_out.h"
#include "doctor/json_in.h"
#include "trust/crate.h"
#include "trust/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABOUT_BYTES 65536
#define LOGS_BYTES  4194304

static int refuse(const char *name, const char *why)
{
	fprintf(stderr, "curfew evidence: '%s': %s\n", name, why);
	return CMD_INVALID;
}

static void put_options(struct cli_json *json, const struct cf_model_options *options)
{
	cli_json_number(json, "window_minutes", options->window_minutes);
	cli_json_number(json, "recent_minutes", options->recent_minutes);
	cli_json_number(json, "alive_minutes", options->alive_minutes);
	cli_json_number(json, "tolerance_minutes", options->tolerance_minutes);
	cli_json_number(json, "lag_minutes", options->lag_minutes);
	cli_json_number(json, "unread_percent", options->unread_percent);
}

int cli_evidence_write_about(const char *root, const struct cli_evidence_about *about)
{
	char path[CF_PATH_BYTES], text[CF_INSTANT_TEXT_BYTES];
	struct cf_file_writer writer;
	struct cli_json json;

	(void)snprintf(path, sizeof path, "%s/about.json", root);
	if (cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE) != CF_OK)
		return refuse(path, cf_file_writer_why(&writer));
	json = cli_json_start(writer.to);
	cli_json_open_object(&json, NULL);
	cli_json_number(&json, "evidence", 1);
	cli_json_text(&json, "curfew", about->version);
	cli_json_text(&json, "made", cf_instant_format(about->made_wall_s, text));
	cli_json_text(&json, "at", cf_instant_format(about->at_wall_s, text));
	cli_json_instant(&json, "from", about->from_wall_s == 0 ? INT64_MIN : about->from_wall_s);
	cli_json_instant(&json, "to", about->to_wall_s == 0 ? INT64_MAX : about->to_wall_s);
	cli_json_text(&json, "ledger", about->ledger);
	cli_json_text(&json, "host", about->host);
	cli_json_text(&json, "exceptions_of_image", about->image);
	put_options(&json, &about->options);
	cli_json_close_object(&json);
	cli_json_end(&json);
	if (cf_file_writer_commit(&writer) == CF_OK)
		return CMD_OK;
	return refuse(path, cf_file_writer_why(&writer));
}

/* A number up to a month of minutes a hundred times over; false when it is missing or wild. */
static bool find_minutes(const char *text, const char *key, uint32_t *minutes_out)
{
	uint64_t number;

	if (!cf_json_find_number(text, key, &number) || number > 100 * UINT64_C(527040))
		return false;
	*minutes_out = (uint32_t)number;
	return true;
}

static bool find_instant(const char *text, const char *key, int64_t *wall_s_out)
{
	char instant[64];

	return cf_json_find_text(text, key, instant, sizeof instant) &&
	    cf_instant_parse(instant, wall_s_out) == CF_OK;
}

static bool find_digest(const char *text, const char *key, char digest[CF_SHA256_TEXT_BYTES])
{
	return cf_json_find_text(text, key, digest, CF_SHA256_TEXT_BYTES) &&
	    (digest[0] == '\0' ||
	        (strlen(digest) == CF_SHA256_TEXT_BYTES - 1 &&
	            strspn(digest, "0123456789abcdef") == CF_SHA256_TEXT_BYTES - 1));
}

static bool parse_about(const char *text, struct cli_evidence_about *about)
{
	struct cf_model_options *options = &about->options;
	uint64_t version;

	if (!cf_json_find_number(text, "evidence", &version) || version != 1)
		return false;
	(void)find_instant(text, "from", &about->from_wall_s); /* null: all */
	(void)find_instant(text, "to", &about->to_wall_s);
	return find_instant(text, "made", &about->made_wall_s) &&
	    find_instant(text, "at", &about->at_wall_s) &&
	    cf_json_find_text(text, "curfew", about->version, sizeof about->version) &&
	    find_digest(text, "ledger", about->ledger) &&
	    find_digest(text, "exceptions_of_image", about->image) &&
	    cf_json_find_text(text, "host", about->host, sizeof about->host) &&
	    find_minutes(text, "window_minutes", &options->window_minutes) &&
	    find_minutes(text, "recent_minutes", &options->recent_minutes) &&
	    find_minutes(text, "alive_minutes", &options->alive_minutes) &&
	    find_minutes(text, "tolerance_minutes", &options->tolerance_minutes) &&
	    find_minutes(text, "lag_minutes", &options->lag_minutes) &&
	    find_minutes(text, "unread_percent", &options->unread_percent) &&
	    options->unread_percent <= 100;
}

/* The whole file, terminated; NULL after a message. */
static char *read_text(const char *root, const char *name, size_t most)
{
	char path[CF_PATH_BYTES];
	struct cf_fetch file = {.place = path, .most_bytes = most};
	struct cf_error error;
	char *text;

	(void)snprintf(path, sizeof path, "%s/%s", root, name);
	if (cf_fetch(&file, &error) != CF_OK) {
		(void)refuse(name, error.text);
		return NULL;
	}
	text = realloc(file.data, file.len + 1);
	if (text == NULL) {
		free(file.data);
		(void)refuse(name, "no memory");
		return NULL;
	}
	text[file.len] = '\0';
	return text;
}

int cli_evidence_read_about(const char *root, struct cli_evidence_about *about)
{
	char *text = read_text(root, "about.json", ABOUT_BYTES);
	bool good;

	*about = (struct cli_evidence_about){.made_wall_s = 0};
	if (text == NULL)
		return CMD_INVALID;
	good = parse_about(text, about);
	free(text);
	if (!good)
		return refuse("about.json", "is not what this version of curfew writes there");
	about->options.at_wall_s = about->at_wall_s;
	return CMD_OK;
}

/* "7<TAB>hits.jsonl"; false for anything else. */
static bool parse_log(const char *line, size_t len, struct cli_evidence_log *log)
{
	char text[300], *end;

	if (len == 0 || len >= sizeof text || memchr(line, '\0', len) != NULL)
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	log->number = (unsigned)strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\t' || log->number >= CLI_EVIDENCE_LOGS ||
	    strchr(end + 1, '/') != NULL || !cf_crate_name_ok(end + 1) ||
	    strlen(end + 1) >= sizeof log->base)
		return false;
	memcpy(log->base, end + 1, strlen(end + 1) + 1);
	return true;
}

int cli_evidence_read_logs(const char *root, struct cli_evidence_log **logs_out, size_t *count_out)
{
	char *text = read_text(root, "logs.tsv", LOGS_BYTES);
	struct cli_evidence_log *logs = NULL;
	size_t count = 0, size = 0;

	if (text == NULL)
		return CMD_INVALID;
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		struct cli_evidence_log *more = cf_array_grow(logs, count, 1, &size, sizeof *logs);

		logs = more == NULL ? logs : more;
		if (more == NULL || count == CLI_EVIDENCE_LOGS ||
		    !parse_log(line, len, &logs[count])) {
			free(text);
			free(logs);
			return refuse("logs.tsv", "has a line that is none of it");
		}
		count++;
		line += len + (line[len] == '\n');
	}
	free(text);
	*logs_out = logs;
	*count_out = count;
	return CMD_OK;
}

const char *cli_evidence_log_path(
    const char *root, const struct cli_evidence_log *log, char path[CF_PATH_BYTES])
{
	(void)snprintf(path, CF_PATH_BYTES, "%s/logs/%u/%s", root, log->number, log->base);
	return path;
}
