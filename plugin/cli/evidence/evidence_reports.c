/* The ledger and the reports of an evidence's folder: made and made again by the same lines. */

#include "cli/evidence/evidence.h"

#include "cli/front/cmd.h"
#include "cli/front/term.h"
#include "cli/ledger/ledger_cmd.h"
#include "cli/ledger/ledger_model.h"
#include "cli/report/report_output.h"
#include "ledger/ingest/ingest.h"
#include "records/files/log_set.h"
#include "report/made_from.h"
#include "report/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A log's modification time is held against its instants; unpacked, it would be that of now. So all
 * have the time at which the evidence was made.
 */
static void set_times(const char *log, int64_t wall_s)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)wall_s}, {.tv_sec = (time_t)wall_s}};
	struct cf_log_set set = {0};

	if (cf_log_set_find(log, &set) != CF_OK)
		return; /* then reading it says so */
	for (size_t i = 0; i < set.count; i++)
		(void)utimensat(AT_FDCWD, set.paths[i], times, AT_SYMLINK_NOFOLLOW);
	cf_log_set_done(&set);
}

static void take_notice(void *arg, const char *text)
{
	(void)arg;
	fputs("curfew evidence: ", stderr);
	cli_term_put(stderr, text);
	fputc('\n', stderr);
}

static enum cf_status take_logs(struct cf_ledger *ledger, const char *root, int64_t made_wall_s,
    const struct cli_evidence_log *logs, size_t count, struct cf_error *error)
{
	const struct cf_ingest_options options = {.notice = take_notice};
	struct cf_ingest *ingest = NULL;
	char path[CF_PATH_BYTES];
	enum cf_status status = cf_ingest_new(ledger, &options, &ingest, error);

	for (size_t i = 0; i < count && status == CF_OK; i++) {
		set_times(cli_evidence_log_path(root, &logs[i], path), made_wall_s);
		status = cf_ingest_path(ingest, path, true, error);
	}
	if (status == CF_OK)
		status = cf_ingest_finish(ingest, error);
	if (ingest != NULL)
		cf_ingest_free(ingest);
	return status;
}

/* What people said of hosts, and what addresses are called: beside the ledger, where it is looked
 * for. */
static int copy_said(const char *root, const char *ledger)
{
	static const char *const endings[] = {"actions", "ptr"};
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES + 16];

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		(void)snprintf(from, sizeof from, "%s/actions/ledger.%s", root, endings[i]);
		(void)snprintf(to, sizeof to, "%s.%s", ledger, endings[i]);
		if (cli_evidence_copy(from, to) == CMD_IO)
			return CMD_IO;
	}
	return CMD_OK;
}

int cli_evidence_ledger(const char *root, const struct cli_evidence_about *about, const char *path)
{
	const struct cf_ledger_options options = {
	    .path = path, .mode = CF_LEDGER_WRITE, .now_wall_s = about->made_wall_s};
	struct cli_evidence_log *logs = NULL;
	struct cf_ledger *ledger = NULL;
	struct cf_error error = {0};
	size_t count = 0;
	int code = cli_evidence_read_logs(root, &logs, &count);

	if (code == CMD_OK)
		code = copy_said(root, path);
	if (code != CMD_OK) {
		free(logs);
		return code;
	}
	enum cf_status status = cf_ledger_open(&options, &ledger, NULL, &error);

	/* It lives as long as this run. */
	if (status == CF_OK)
		status = cf_ledger_exec(ledger, "PRAGMA synchronous=OFF", &error);
	if (status == CF_OK)
		status = take_logs(ledger, root, about->made_wall_s, logs, count, &error);
	/* Reports name logs; where these happen to lie now is nobody's business. */
	if (status == CF_OK)
		status = cf_ledger_exec(ledger,
		    "UPDATE file SET path=substr(path, instr(path, '/evidence/logs/')+10)"
		    " WHERE instr(path, '/evidence/logs/')>0",
		    &error);
	cf_ledger_close(ledger);
	free(logs);
	return status == CF_OK ? CMD_OK : cli_ledger_failed("evidence", status, &error);
}

/* Adds the footer and writes the document as OUT/NAME; frees it. */
static int write_doc(
    const struct cf_made_from *made, struct cf_doc *doc, const char *out, const char *name)
{
	char path[CF_PATH_BYTES];
	struct cli_output output = {.what = "evidence", .path = path};
	int code;

	(void)snprintf(path, sizeof path, "%s/%s", out, name);
	output.json = strstr(name, ".json") != NULL;
	output.html = !output.json;
	cf_provenance_add(doc, &made->provenance);
	code = cli_output_doc(&output, doc);
	cf_doc_free(doc);
	return code;
}

static int write_host(
    const struct cf_made_from *made, struct cf_model *model, const char *id, const char *out)
{
	const struct cf_host *host = id[0] == '\0' ? NULL : cf_model_find(model, id);
	int code;

	if (id[0] == '\0')
		return CMD_OK;
	if (host == NULL) {
		fprintf(
		    stderr, "curfew evidence: no host '%s' in these logs as of that time\n", id);
		return CMD_FOUND;
	}
	code = write_doc(made, cf_report_host(model, host), out, "host.json");
	return code == CMD_OK ? write_doc(made, cf_report_host(model, host), out, "host.html")
	                      : code;
}

static int write_all(
    const struct cf_made_from *made, struct cli_model *cli, const char *host, const char *out)
{
	struct cf_model *model = cli->source.model;
	int code = write_doc(made, cf_report_hosts(model), out, "hosts.json");

	if (code == CMD_OK)
		code = write_doc(made, cf_report_hosts(model), out, "hosts.html");
	if (code == CMD_OK)
		code = write_doc(
		    made, cf_report_coverage(model, cli->source.ledger), out, "coverage.json");
	if (code == CMD_OK)
		code = write_doc(made, cf_report_escapes(model), out, "escapes.json");
	if (code == CMD_OK)
		code = write_doc(made, cf_report_exceptions(model), out, "exceptions.json");
	return code == CMD_OK ? write_host(made, model, host, out) : code;
}

/* The footer, of what lies in root; the same wherever and whenever it is made. */
static int gather(struct cf_made_from *made, const char *root,
    const struct cli_evidence_about *about, struct cf_ledger *ledger)
{
	char images[CF_PATH_BYTES], policy[CF_PATH_BYTES];
	const struct cf_made_places places = {
	    .images = images, .policy = policy, .with_digest = true};
	struct cf_error error = {0};
	enum cf_status status;

	(void)snprintf(images, sizeof images, "%s/images", root);
	(void)snprintf(policy, sizeof policy, "%s/policy/curfew.yaml", root);
	status = cf_made_from_read(made, ledger, &places, about->made_wall_s, &error);
	if (status != CF_OK)
		return cli_ledger_failed("evidence", status, &error);
	made->provenance.version = about->version;
	return CMD_OK;
}

int cli_evidence_reports(
    const char *root, struct cli_evidence_about *about, const char *ledger, const char *out)
{
	char image[CF_PATH_BYTES];
	struct cf_made_from made = {.origin = NULL};
	struct cli_model cli;
	int code;

	cli_model_init(&cli, "evidence");
	cli.source.ledger_path = ledger;
	cli.source.options = about->options;
	cli.source.options.exceptions = NULL;
	cli.source.options.exception_count = 0;
	cli.source.options.at_wall_s = about->at_wall_s;
	cli.source.has_at = true;
	cli.paths.image[0] = '\0'; /* not what is in force here */
	(void)snprintf(image, sizeof image, "%s/images/%s.img", root, about->image);
	if (about->image[0] != '\0' && access(image, F_OK) == 0)
		cli.source.image_path =
		    image; /* gone: exceptions are without reasons, and the reports differ */
	code = cli_model_load(&cli);
	if (code == CMD_OK)
		about->options = *cf_model_options(cli.source.model);
	if (code == CMD_OK)
		code = gather(&made, root, about, cli.source.ledger);
	if (code == CMD_OK)
		code = write_all(&made, &cli, about->host, out);
	cf_made_from_done(&made);
	cli_model_done(&cli);
	return code;
}
