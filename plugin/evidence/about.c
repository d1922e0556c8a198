/* about.json and logs.tsv. */

#include "evidence/about.h"

#include "base/array.h"
#include "base/file_writer.h"
#include "base/input_file.h"
#include "base/instant.h"
#include "base/json/json_in.h"
#include "records/form/json.h"
#include "trust/crate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABOUT_BYTES 65536
#define LOGS_BYTES  4194304

static void put_key(struct cf_json *json, const char *key)
{
	CF_JSON_LITERAL(json, ",\n \"");
	cf_json_raw(json, key, strlen(key));
	CF_JSON_LITERAL(json, "\": ");
}

static void put_number(struct cf_json *json, const char *key, uint64_t number)
{
	put_key(json, key);
	cf_json_number(json, number);
}

static void put_text(struct cf_json *json, const char *key, const char *text)
{
	put_key(json, key);
	cf_json_string(json, text, strlen(text), CF_SHA256_TEXT_BYTES, false);
}

/* 0, where nothing was asked for, is null. */
static void put_instant(struct cf_json *json, const char *key, int64_t wall_s)
{
	put_key(json, key);
	if (wall_s == 0)
		CF_JSON_LITERAL(json, "null");
	else
		cf_json_instant(json, wall_s);
}

static void put_options(struct cf_json *json, const struct cf_model_options *options)
{
	put_number(json, "window_minutes", options->window_minutes);
	put_number(json, "recent_minutes", options->recent_minutes);
	put_number(json, "alive_minutes", options->alive_minutes);
	put_number(json, "tolerance_minutes", options->tolerance_minutes);
	put_number(json, "lag_minutes", options->lag_minutes);
	put_number(json, "unread_percent", options->unread_percent);
}

static size_t format_about(const struct cf_evidence_about *about, char *text, size_t size)
{
	struct cf_json json = cf_json_make(text, size);

	CF_JSON_LITERAL(&json, "{\"evidence\": 1");
	put_text(&json, "curfew", about->version);
	put_instant(&json, "made", about->made_wall_s);
	put_instant(&json, "at", about->at_wall_s);
	put_instant(&json, "from", about->from_wall_s);
	put_instant(&json, "to", about->to_wall_s);
	put_text(&json, "ledger", about->ledger);
	put_text(&json, "host", about->host);
	put_text(&json, "exceptions_of_image", about->image);
	put_options(&json, &about->options);
	CF_JSON_LITERAL(&json, "}\n");
	return cf_json_length(&json);
}

enum cf_status cf_evidence_write_about(
    const char *root, const struct cf_evidence_about *about, struct cf_error *error)
{
	char path[CF_PATH_BYTES], text[2048];
	size_t len = format_about(about, text, sizeof text);
	struct cf_file_writer writer;
	enum cf_status status;

	(void)snprintf(path, sizeof path, "%s/about.json", root);
	status = cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE);
	if (status == CF_OK)
		(void)fwrite(text, 1, len, writer.to); /* the end sees a failure */
	return cf_file_writer_end(&writer, path, status, error);
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

static bool parse_about(const char *text, struct cf_evidence_about *about)
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

enum cf_status cf_evidence_read_about(
    const char *root, struct cf_evidence_about *about, struct cf_error *error)
{
	char path[CF_PATH_BYTES], *text = NULL;
	size_t len = 0;
	bool good;

	*about = (struct cf_evidence_about){.made_wall_s = 0};
	(void)snprintf(path, sizeof path, "%s/about.json", root);
	if (cf_input_read_whole(path, ABOUT_BYTES, &text, &len, error) != CF_OK)
		return CF_EINVALID;
	good = parse_about(text, about);
	free(text);
	if (!good)
		return cf_error_set(error, CF_EINVALID,
		    "about.json is not what this version of curfew writes there");
	about->options.at_wall_s = about->at_wall_s;
	return CF_OK;
}

/* "7<TAB>hits.jsonl"; false for anything else. */
static bool parse_log(const char *line, size_t len, struct cf_evidence_log *log)
{
	char text[300], *end;

	if (len == 0 || len >= sizeof text || memchr(line, '\0', len) != NULL)
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	log->number = (unsigned)strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\t' || log->number >= CF_EVIDENCE_LOGS ||
	    strchr(end + 1, '/') != NULL || !cf_crate_name_ok(end + 1) ||
	    strlen(end + 1) >= sizeof log->base)
		return false;
	memcpy(log->base, end + 1, strlen(end + 1) + 1);
	return true;
}

enum cf_status cf_evidence_read_logs(
    const char *root, struct cf_evidence_log **logs_out, size_t *count_out, struct cf_error *error)
{
	struct cf_evidence_log *logs = NULL;
	char path[CF_PATH_BYTES], *text = NULL;
	size_t count = 0, size = 0, text_len = 0;

	(void)snprintf(path, sizeof path, "%s/logs.tsv", root);
	if (cf_input_read_whole(path, LOGS_BYTES, &text, &text_len, error) != CF_OK)
		return CF_EINVALID;
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		struct cf_evidence_log *more = cf_array_grow(logs, count, 1, &size, sizeof *logs);

		logs = more == NULL ? logs : more;
		if (more == NULL || count == CF_EVIDENCE_LOGS ||
		    !parse_log(line, len, &logs[count])) {
			free(text);
			free(logs);
			return cf_error_set(
			    error, CF_EINVALID, "logs.tsv has a line that is none of it");
		}
		count++;
		line += len + (line[len] == '\n');
	}
	free(text);
	*logs_out = logs;
	*count_out = count;
	return CF_OK;
}

const char *cf_evidence_log_path(
    const char *root, const struct cf_evidence_log *log, char path[CF_PATH_BYTES])
{
	(void)snprintf(path, CF_PATH_BYTES, "%s/logs/%u/%s", root, log->number, log->base);
	return path;
}
