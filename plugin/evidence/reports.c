#include "evidence/reports.h"

#include "base/file_writer.h"
#include "ledger/ingest/ingest.h"
#include "ledger/store/ledger.h"
#include "records/files/log_set.h"
#include "report/made_from.h"
#include "report/report.h"
#include "report/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- ledger */

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

static enum cf_status take_logs(struct cf_ledger *ledger, const char *root, int64_t made_wall_s,
    const struct cf_evidence_log *logs, size_t count, const struct cf_evidence_notices *notices,
    struct cf_error *error)
{
	const struct cf_ingest_options options = {.notice = notices->tell, .arg = notices->arg};
	struct cf_ingest *ingest = NULL;
	char path[CF_PATH_BYTES];
	enum cf_status status = cf_ingest_new(ledger, &options, &ingest, error);

	for (size_t i = 0; i < count && status == CF_OK; i++) {
		set_times(cf_evidence_log_path(root, &logs[i], path), made_wall_s);
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
static enum cf_status copy_said(const char *root, const char *ledger, struct cf_error *error)
{
	static const char *const endings[] = {"actions", "ptr"};
	char from[CF_PATH_BYTES], to[CF_PATH_BYTES + 16];

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		(void)snprintf(from, sizeof from, "%s/actions/ledger.%s", root, endings[i]);
		(void)snprintf(to, sizeof to, "%s.%s", ledger, endings[i]);
		if (cf_evidence_copy(from, to, error) == CF_EIO)
			return CF_EIO;
	}
	return CF_OK;
}

enum cf_status cf_evidence_ledger(const char *root, const struct cf_evidence_about *about,
    const char *path, const struct cf_evidence_notices *notices, struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = path, .mode = CF_LEDGER_WRITE, .now_wall_s = about->made_wall_s};
	struct cf_evidence_log *logs = NULL;
	struct cf_ledger *ledger = NULL;
	size_t count = 0;
	enum cf_status status = cf_evidence_read_logs(root, &logs, &count, error);

	if (status == CF_OK)
		status = copy_said(root, path, error);
	if (status == CF_OK)
		status = cf_ledger_open(&options, &ledger, NULL, error);
	/* It lives as long as this run. */
	if (status == CF_OK)
		status = cf_ledger_exec(ledger, "PRAGMA synchronous=OFF", error);
	if (status == CF_OK)
		status = take_logs(ledger, root, about->made_wall_s, logs, count, notices, error);
	/* Reports name logs; where these happen to lie now is nobody's business. */
	if (status == CF_OK)
		status = cf_ledger_exec(ledger,
		    "UPDATE file SET path=substr(path, instr(path, '/evidence/logs/')+10)"
		    " WHERE instr(path, '/evidence/logs/')>0",
		    error);
	cf_ledger_close(ledger);
	free(logs);
	return status;
}

/* ---- reports */

enum cf_status cf_evidence_model(struct cf_report_source *source, const char *root,
    const struct cf_evidence_about *about, const char *ledger, struct cf_error *error)
{
	char image[CF_PATH_BYTES] = "";
	enum cf_status status;

	/* An image that is gone: exceptions are without reasons, and the reports differ. */
	if (root != NULL && about->image[0] != '\0')
		(void)snprintf(image, sizeof image, "%s/images/%s.img", root, about->image);
	*source = (struct cf_report_source){.ledger_path = ledger,
	    .image_path = image,
	    .needs_image = image[0] != '\0' && access(image, F_OK) == 0,
	    .has_at = true,
	    .now_wall_s = about->made_wall_s,
	    .options = about->options};
	source->options.exceptions = NULL;
	source->options.exception_count = 0;
	source->options.at_wall_s = about->at_wall_s;
	status = cf_report_source_load(source, error);
	source->image_path = NULL; /* read */
	return status;
}

static void write_to(const struct cf_doc *doc, const char *name, FILE *to, enum cf_status *status)
{
	if (strstr(name, ".json") != NULL)
		cf_doc_json(doc, to);
	else
		*status = cf_doc_html(doc, to);
}

/* Adds the footer and writes the document as OUT/NAME; frees it. */
static enum cf_status write_doc(const struct cf_made_from *made, struct cf_doc *doc,
    const char *out, const char *name, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_file_writer writer;
	enum cf_status status = CF_ENOMEM;

	(void)snprintf(path, sizeof path, "%s/%s", out, name);
	cf_provenance_add(doc, &made->provenance);
	if (!cf_doc_ok(doc)) {
		status = cf_error_set(error, CF_ENOMEM, "no memory");
	} else {
		status = cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE);
		if (status == CF_OK)
			write_to(doc, name, writer.to, &status);
		status = cf_file_writer_end(&writer, path, status, error);
	}
	cf_doc_free(doc);
	return status;
}

static enum cf_status write_host(const struct cf_made_from *made, struct cf_model *model,
    const char *id, const char *out, struct cf_error *error)
{
	const struct cf_host *host = id[0] == '\0' ? NULL : cf_model_find(model, id);
	enum cf_status status;

	if (id[0] == '\0')
		return CF_OK;
	if (host == NULL)
		return cf_error_set(error, CF_EINVALID, "no host '%s' in these logs", id);
	status = write_doc(made, cf_report_host(model, host), out, "host.json", error);
	return status == CF_OK
	    ? write_doc(made, cf_report_host(model, host), out, "host.html", error)
	    : status;
}

static enum cf_status write_reports(const struct cf_made_from *made,
    const struct cf_report_source *source, const char *out, struct cf_error *error)
{
	struct cf_model *model = source->model;
	enum cf_status status = write_doc(made, cf_report_hosts(model), out, "hosts.json", error);

	if (status == CF_OK)
		status = write_doc(made, cf_report_hosts(model), out, "hosts.html", error);
	if (status == CF_OK)
		status = write_doc(
		    made, cf_report_coverage(model, source->ledger), out, "coverage.json", error);
	if (status == CF_OK)
		status = write_doc(made, cf_report_escapes(model), out, "escapes.json", error);
	return status == CF_OK
	    ? write_doc(made, cf_report_exceptions(model), out, "exceptions.json", error)
	    : status;
}

/* The footer, of what lies in root; the same wherever and whenever it is made. */
static enum cf_status gather(struct cf_made_from *made, const char *root,
    const struct cf_evidence_about *about, struct cf_ledger *ledger, struct cf_error *error)
{
	char images[CF_PATH_BYTES], policy[CF_PATH_BYTES];
	const struct cf_made_places places = {
	    .images = images, .policy = policy, .with_digest = true};
	enum cf_status status;

	(void)snprintf(images, sizeof images, "%s/images", root);
	(void)snprintf(policy, sizeof policy, "%s/policy/curfew.yaml", root);
	status = cf_made_from_read(made, ledger, &places, about->made_wall_s, error);
	made->provenance.version = about->version;
	return status;
}

enum cf_status cf_evidence_reports(const char *root, struct cf_evidence_about *about,
    const char *ledger, const char *out, struct cf_error *error)
{
	struct cf_made_from made = {.origin = NULL};
	struct cf_report_source source;
	enum cf_status status = cf_evidence_model(&source, root, about, ledger, error);

	if (status == CF_OK) {
		about->options = *cf_model_options(source.model);
		status = gather(&made, root, about, source.ledger, error);
	}
	if (status == CF_OK)
		status = write_reports(&made, &source, out, error);
	if (status == CF_OK)
		status = write_host(&made, source.model, about->host, out, error);
	cf_made_from_done(&made);
	cf_report_source_done(&source);
	return status;
}
